"""In: the worker's vitals. Out: `/health/live` and `/health/ready` over HTTP, as an orchestrator asks for them.

Raises OSError where the port cannot be had. Nothing about tickets is served.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Thread
from typing import Any

from service import __version__
from service.vitals import Vitals

_REQUEST_TIMEOUT_S = 5.0


class ProbeServer:
    """Answers probes on a thread of its own; a request can neither block the worker nor change it."""

    def __init__(self, vitals: Vitals, silence_limit_s: float, host: str, port: int) -> None:
        self._vitals, self._silence_limit_s = vitals, silence_limit_s
        self._server = _Server((host, port), _handler(self._answer))
        self._thread = Thread(target=self._server.serve_forever, name="probes", daemon=True)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, path: str) -> tuple[HTTPStatus, dict[str, Any]]:
        silent_s = self._vitals.silent_s
        alive = silent_s <= self._silence_limit_s
        said: dict[str, Any] = {"version": __version__, "loop_silent_s": round(silent_s, 1)}
        if path == "/health/live":
            return _status(alive), said | {"live": alive}
        if path == "/health/ready":
            readiness = self._vitals.readiness
            ready = alive and readiness.ready
            return _status(ready), said | {"ready": ready, "reason": readiness.reason}
        return HTTPStatus.NOT_FOUND, {"error": "ask for /health/live or /health/ready"}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def server_bind(self) -> None:
        """Bind without asking the name service for this machine's name, as the standard library would."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A probe that hangs up early is no matter."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _status(good: bool) -> HTTPStatus:
    return HTTPStatus.OK if good else HTTPStatus.SERVICE_UNAVAILABLE


def _handler(answer: Callable[[str], tuple[HTTPStatus, dict[str, Any]]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _REQUEST_TIMEOUT_S  # or connections that say nothing would pile up

        def do_GET(self) -> None:
            status, said = answer(self.path.partition("?")[0])
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Probes come every few seconds: a line each would drown the log."""

    return Handler
