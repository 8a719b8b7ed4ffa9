"""In: requests to the probes, as an orchestrator sends them and as it does not. Out: what the vitals say."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator

import pytest

from service.probes import ProbeServer
from service.vitals import Vitals

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


class Probed:
    def __init__(self) -> None:
        self.now_s = 0.0
        self.vitals = Vitals(lambda: self.now_s)
        self.server = ProbeServer(self.vitals, 120.0, "127.0.0.1", 0)
        self.server.start()

    def get(self, path: str) -> tuple[int, dict[str, object]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
        connection.request("GET", path)
        answer = connection.getresponse()
        said: dict[str, object] = json.loads(answer.read())
        connection.close()
        return answer.status, said


@pytest.fixture
def probed() -> Iterator[Probed]:
    opened = Probed()
    yield opened
    opened.server.close()


def test_probes_of_a_starting_worker_say_live_and_not_ready(probed: Probed) -> None:
    live, ready = probed.get("/health/live"), probed.get("/health/ready")

    assert (live[0], live[1]["live"]) == (200, True)
    assert (ready[0], ready[1]["ready"], ready[1]["reason"]) == (503, False, "starting")


def test_ready_probe_of_a_ready_worker_is_ok_whatever_the_query(probed: Probed) -> None:
    probed.vitals.ready()

    assert probed.get("/health/ready?verbose=1")[0] == 200


def test_probes_of_a_silent_loop_say_neither_live_nor_ready(probed: Probed) -> None:
    probed.vitals.ready()
    probed.now_s = 121.0

    assert [probed.get(path)[0] for path in ("/health/live", "/health/ready")] == [503, 503]


def test_other_path_is_not_found(probed: Probed) -> None:
    assert probed.get("/")[0] == 404


def test_client_that_says_nothing_or_nonsense_does_not_keep_others_waiting(
    probed: Probed, capfd: pytest.CaptureFixture[str]
) -> None:
    with (
        socket.create_connection(("127.0.0.1", probed.server.port)),
        socket.create_connection(("127.0.0.1", probed.server.port)) as hasty,
    ):
        hasty.sendall(b"GET /health/live HTTP/1.1\r\n\r\n")
        hasty.close()

        assert probed.get("/health/live")[0] == 200

    assert capfd.readouterr().err == ""
