"""In: a request to stop, from a signal handler. Out: how long there is left, the same for everything that has to end.

One monotonic deadline is shared by the step at hand, the last commit and the closing of every connection, so that
their time limits cannot add up.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from threading import Event


class StopRequest:
    """Whether the process shall end, and by when. Safe to use from a signal handler and from any thread."""

    def __init__(self, monotonic: Callable[[], float], limit_s: float) -> None:
        self._monotonic = monotonic
        self._limit_s = limit_s
        self._requested = Event()
        self._deadline_s = math.inf

    def request(self) -> None:
        """Ask for the end; the deadline is set by the first call."""
        if not self._requested.is_set():
            self._deadline_s = self._monotonic() + self._limit_s
            self._requested.set()

    @property
    def is_requested(self) -> bool:
        """Whether somebody asked."""
        return self._requested.is_set()

    def left_s(self, at_most_s: float = math.inf) -> float:
        """Seconds until the deadline, not below 0 and not above `at_most_s`; without a request only the latter."""
        return max(0.0, min(at_most_s, self._deadline_s - self._monotonic()))

    def wait(self, seconds: float) -> bool:
        """Wait that long, or until somebody asks; whether somebody did."""
        return self._requested.wait(seconds)
