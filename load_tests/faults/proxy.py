"""In: the address of a server. Out: an address on this machine that leads there, over as bad a network as is asked for.

One thread a connection, so a slow one slows no other. Raises `OSError` where the port cannot be had.
"""

from __future__ import annotations

import random
import select
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread

from deploy.local.process import LOOPBACK

_CHUNK_BYTES = 65_536
_LOOK_AROUND_S = 0.05
_CONNECT_LIMIT_S = 5.0
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Toxics:
    """What is wrong with the network. The default is nothing.

    ``latency_s`` delays every 64 KiB in both directions; ``slice_bytes`` is the most that is passed on at once;
    ``bytes_per_s`` limits a connection. ``is_reset``: connections end with RST as soon as they are looked at, new ones
    too. ``is_half_open``: connections are accepted and what is sent is swallowed; when that ends, those that lost
    something are reset, as a peer does that knows nothing of them.
    """

    latency_s: float = 0.0
    slice_bytes: int | None = None
    bytes_per_s: float | None = None
    is_reset: bool = False
    is_half_open: bool = False


HEALTHY = Toxics()


class TcpProxy:
    """Listens until `close`. ``toxics`` may be replaced at any time, and counts from the next bytes on."""

    def __init__(self, server_port: int, port: int = 0) -> None:
        self.toxics = HEALTHY
        self._server = (LOOPBACK, server_port)
        self._listener = socket.create_server((LOOPBACK, port))
        self._listener.settimeout(_LOOK_AROUND_S)
        self.port: int = self._listener.getsockname()[1]
        self._closed = Event()
        self._thread = Thread(target=self._accept, name="proxy", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening and reset every connection."""
        self._closed.set()
        self._thread.join()
        self._listener.close()

    @contextmanager
    def suffering(self, toxics: Toxics) -> Iterator[None]:
        """The network is bad for as long as the block runs."""
        self.toxics = toxics
        try:
            yield
        finally:
            self.toxics = HEALTHY

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            Thread(target=self._connect, args=(client,), name="proxied", daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        with client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            while self.toxics.is_half_open and not self._closed.wait(_LOOK_AROUND_S):
                pass
            if self.toxics.is_reset or self._closed.is_set():
                return
            try:
                server = socket.create_connection(self._server, timeout=_CONNECT_LIMIT_S)
            except OSError:
                return
            with server:
                server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
                for end in (client, server):
                    end.settimeout(None)
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                try:
                    self._pass_on(client, server)
                except OSError:
                    return

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        has_lost = False
        other = {client: server, server: client}
        while not self._closed.is_set():
            readable, _, _ = select.select([client, server], [], [], _LOOK_AROUND_S)
            toxics = self.toxics
            if toxics.is_reset or (has_lost and not toxics.is_half_open):
                return
            for end in readable:
                data = end.recv(_CHUNK_BYTES)
                if not data and not toxics.is_half_open:
                    # An orderly end is passed on as one.
                    for each in (client, server):
                        each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 0, 0))
                    return
                if toxics.is_half_open:
                    has_lost = True
                    if not data:
                        self._closed.wait(_LOOK_AROUND_S)
                else:
                    _send(other[end], data, toxics)


def _send(end: socket.socket, data: bytes, toxics: Toxics) -> None:
    if toxics.latency_s:
        time.sleep(toxics.latency_s)
    start = 0
    while start < len(data):
        size = random.randint(1, toxics.slice_bytes) if toxics.slice_bytes else len(data)  # noqa: S311
        piece = data[start : start + size]
        end.sendall(piece)
        start += len(piece)
        if toxics.bytes_per_s:
            time.sleep(len(piece) / toxics.bytes_per_s)
