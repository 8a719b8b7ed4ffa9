"""In: a server that answers what it was sent. Out: proof that the proxy passes bytes on, or spoils them as asked."""

from __future__ import annotations

import socket
import socketserver
from collections.abc import Iterator
from threading import Thread

import pytest

from deploy.local.process import LOOPBACK
from load_tests.faults.failpoints import FailPoint
from load_tests.faults.proxy import HEALTHY, TcpProxy, Toxics

pytestmark = pytest.mark.allow_hosts([LOOPBACK])
MESSAGE = bytes(range(256)) * 100


class _Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while data := self.request.recv(65_536):
            self.request.sendall(data)


@pytest.fixture
def proxy() -> Iterator[TcpProxy]:
    """A proxy in front of an echo server."""
    with socketserver.ThreadingTCPServer((LOOPBACK, 0), _Echo) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        proxy = TcpProxy(server.server_address[1])
        try:
            yield proxy
        finally:
            proxy.close()
            server.shutdown()


@pytest.mark.parametrize(
    "toxics", [HEALTHY, Toxics(slice_bytes=64), Toxics(latency_s=0.01), Toxics(bytes_per_s=10_000_000)]
)
def test_proxy_that_only_delays_passes_every_byte_on_in_order(proxy: TcpProxy, toxics: Toxics) -> None:
    with proxy.suffering(toxics), _connected(proxy) as client:
        client.sendall(MESSAGE)

        assert _read(client, len(MESSAGE)) == MESSAGE


def test_proxy_that_resets_ends_open_and_new_connections(proxy: TcpProxy) -> None:
    with _connected(proxy) as client, proxy.suffering(Toxics(is_reset=True)):
        assert _is_reset(client)
        assert _refuses_newcomers(proxy)


def test_proxy_that_is_half_open_swallows_and_then_resets_what_lost_something(proxy: TcpProxy) -> None:
    with _connected(proxy) as client:
        client.sendall(b"before")
        assert _read(client, 6) == b"before"
        with proxy.suffering(Toxics(is_half_open=True)):
            client.sendall(b"lost")
            client.settimeout(0.3)
            with pytest.raises(TimeoutError):
                client.recv(1)
        client.settimeout(5)

        assert _is_reset(client)


@pytest.mark.parametrize(
    "text", ["", "kill", "kill@before:write_batch", "kill@before:write_batch:0", "hug@after:poll:1"]
)
def test_fail_point_of_unknown_spelling_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="should be"):
        FailPoint.parse(text)


def test_fail_point_is_spelled_as_it_is_read() -> None:
    assert str(FailPoint.parse("stop@after:mark_published:12")) == "stop@after:mark_published:12"


def _connected(proxy: TcpProxy) -> socket.socket:
    return socket.create_connection((LOOPBACK, proxy.port), timeout=5)


def _read(client: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += client.recv(65_536)
    return data


def _refuses_newcomers(proxy: TcpProxy) -> bool:
    """Whether a new connection is reset: by then it may be open, or still about to be."""
    try:
        late = _connected(proxy)
    except ConnectionResetError:
        return True
    with late:
        return _is_reset(late)


def _is_reset(client: socket.socket) -> bool:
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True
