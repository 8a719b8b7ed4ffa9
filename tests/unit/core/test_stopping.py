"""In: requests to stop, from a signal too. Out: one deadline for everything, and waits that end."""

from __future__ import annotations

import math
import os
import signal
from threading import Thread

from service.stopping import StopRequest


class Time:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_stop_not_requested_leaves_all_the_time_that_is_asked_for() -> None:
    stop = StopRequest(Time(), limit_s=20.0)

    assert not stop.is_requested
    assert (stop.left_s(), stop.left_s(5.0), stop.overrun_s) == (math.inf, 5.0, 0.0)


def test_stop_requested_twice_keeps_the_first_deadline() -> None:
    time = Time()
    stop = StopRequest(time, limit_s=20.0)

    stop.request()
    time.now_s += 15.0
    stop.request()

    assert stop.is_requested
    assert (stop.left_s(), stop.left_s(2.0)) == (5.0, 2.0)


def test_stop_past_its_deadline_leaves_nothing_and_counts_the_overrun() -> None:
    time = Time()
    stop = StopRequest(time, limit_s=20.0)

    stop.request()
    time.now_s += 21.5

    assert (stop.left_s(), stop.left_s(3.0), stop.overrun_s) == (0.0, 0.0, 1.5)


def test_wait_without_a_request_says_no() -> None:
    assert StopRequest(Time(), limit_s=20.0).wait(0.0) is False


def test_wait_after_a_request_returns_at_once_every_time() -> None:
    stop = StopRequest(Time(), limit_s=20.0)

    stop.request()

    assert [stop.wait(60.0), stop.wait(60.0)] == [True, True]


def test_wait_on_several_threads_ends_on_all_of_them() -> None:
    stop = StopRequest(Time(), limit_s=20.0)
    ended: list[bool] = []
    threads = [Thread(target=lambda: ended.append(stop.wait(60.0))) for _ in range(3)]
    for thread in threads:
        thread.start()

    stop.request()

    for thread in threads:
        thread.join(10.0)
    assert ended == [True] * 3


def test_wait_is_ended_by_a_signal_whose_handler_is_itself_interrupted() -> None:
    stop = StopRequest(Time(), limit_s=20.0)

    def handle(*_: object) -> None:
        if not stop.is_requested:
            stop.request()
            os.kill(os.getpid(), signal.SIGUSR1)
        stop.request()

    before = signal.signal(signal.SIGUSR1, handle)
    sender = Thread(target=lambda: os.kill(os.getpid(), signal.SIGUSR1))
    try:
        sender.start()
        ended = stop.wait(60.0)
        sender.join()
    finally:
        signal.signal(signal.SIGUSR1, before)

    assert ended
