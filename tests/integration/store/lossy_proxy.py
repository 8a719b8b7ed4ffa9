"""In: the address of a PostgreSQL. Out: another address in front of it, which swallows the answer to one COMMIT."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Event, Thread

_CHUNK_BYTES = 65_536
_LOOK_AROUND_S = 0.05
# With the end of the string, since transactions begin with `BEGIN ISOLATION LEVEL READ COMMITTED`.
_COMMIT = b"COMMIT\x00"


class LossyProxy:
    """Passes bytes both ways; once armed, the next commit reaches the server and its answer reaches nobody."""

    def __init__(self, server: tuple[str, int]) -> None:
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._armed = Event()
        self._closed = Event()
        self._thread = Thread(target=self._serve)
        self.port: int = self._listener.getsockname()[1]

    def start(self) -> None:
        """Accept connections, one after the other."""
        self._listener.settimeout(_LOOK_AROUND_S)
        self._thread.start()

    def lose_next_commit_answer(self) -> None:
        """Arm the proxy."""
        self._armed.set()

    def close(self) -> None:
        """Stop accepting and wait for the thread."""
        self._closed.set()
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while not self._closed.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            with closing(client), closing(socket.create_connection(self._server)) as server:
                self._pass_on(client, server)

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        while not self._closed.is_set():
            ready, _, _ = select.select([client, server], [], [], _LOOK_AROUND_S)
            for end in ready:
                data = end.recv(_CHUNK_BYTES)
                if not data:
                    return
                (server if end is client else client).sendall(data)
                if end is client and self._armed.is_set() and _COMMIT in data:
                    self._armed.clear()
                    server.recv(_CHUNK_BYTES)
                    return


@contextmanager
def lossy_proxy(host: str, port: int) -> Iterator[LossyProxy]:
    """A running proxy."""
    proxy = LossyProxy((host, port))
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.close()
