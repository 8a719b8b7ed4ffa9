"""In: a loop that hangs, in one way or another. Out: the end of its process, with its stacks; else nothing."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from structlog.testing import capture_logs

from service.stopping import StopRequest
from service.vitals import Vitals
from service.watchdog import HUNG_EXIT_STATUS, Watchdog

_WATCHED = """
import time
from service.logs import configure_logging
from service.stopping import StopRequest
from service.vitals import Vitals
from service.watchdog import Watchdog
configure_logging("INFO", "json")
Watchdog(Vitals(time.monotonic), StopRequest(time.monotonic, 20.0), 0.5).start()
"""
_HOLD_THE_INTERPRETER = 'import re; re.match(r"(a+)+$", "a" * 64 + "b")'
_WRITE_TO_A_LOG_THAT_NOBODY_READS = """
import structlog
while True:
    structlog.get_logger().info("x" * 10_000)
"""


class Surroundings:
    """A watchdog whose time is the test's, and the statuses with which it would have ended the process."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.ended: list[int] = []
        self.vitals = Vitals(lambda: self.now_s)
        self.stop = StopRequest(lambda: self.now_s, limit_s=20.0)
        self.watchdog = Watchdog(self.vitals, self.stop, 120.0, self.ended.append)


@pytest.fixture
def around() -> Surroundings:
    return Surroundings()


def test_look_at_a_loop_that_beats_does_nothing(around: Surroundings) -> None:
    around.now_s = 119.0

    assert not around.watchdog.look()
    assert around.ended == []


def test_look_at_a_silent_loop_logs_every_stack_and_ends_the_process(around: Surroundings) -> None:
    around.now_s = 121.0

    with capture_logs() as logs:
        looked = around.watchdog.look()

    assert looked
    assert around.ended == [HUNG_EXIT_STATUS]
    assert [(log["event"], log["silent_s"]) for log in logs] == [("loop_silent", 121.0)]
    assert "test_look_at_a_silent_loop" in logs[0]["stacks"]


def test_look_at_a_stop_within_its_limit_and_grace_does_nothing(around: Surroundings) -> None:
    around.stop.request()
    around.now_s = 21.0
    around.vitals.beat()

    assert not around.watchdog.look()


def test_look_at_a_stop_that_overran_ends_the_process_though_the_loop_beats(around: Surroundings) -> None:
    around.stop.request()
    around.now_s = 22.5
    around.vitals.beat()

    with capture_logs() as logs:
        around.watchdog.look()

    assert around.ended == [HUNG_EXIT_STATUS]
    assert logs[0]["event"] == "stop_overran"


def test_closed_watchdog_leaves_the_process_alone(around: Surroundings) -> None:
    around.watchdog.start()

    around.watchdog.close()

    assert around.ended == []


def test_process_that_never_lets_another_thread_run_is_ended_with_its_stack() -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"{_WATCHED}\ntime.sleep(0.4)\n{_HOLD_THE_INTERPRETER}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 1
    assert "Timeout" in done.stderr
    assert "in match" in done.stderr


def test_process_that_hangs_in_writing_its_log_is_ended() -> None:
    read, write = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", f"{_WATCHED}\n{_WRITE_TO_A_LOG_THAT_NOBODY_READS}"], stderr=write
    ) as process:
        os.close(write)
        status = process.wait(60)
    os.close(read)

    assert status in (HUNG_EXIT_STATUS, 1)
