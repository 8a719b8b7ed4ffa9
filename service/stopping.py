"""In: a request to stop, from a signal handler. Out: how long there is left, the same for everything that has to end.

One monotonic deadline is shared by the step at hand, the last commit and the closing of every connection, so that
their time limits cannot add up.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from queue import Empty, SimpleQueue


class StopRequest:
    """Whether the process shall end, and by when. Safe to use from a signal handler and from any thread."""

    def __init__(self, monotonic: Callable[[], float], limit_s: float) -> None:
        self._monotonic = monotonic
        self._limit_s = limit_s
        self._deadline_s = math.inf
        # A second signal may interrupt `request` or `wait` where an Event holds its lock: that would wait for itself.
        self._wakeup: SimpleQueue[None] = SimpleQueue()

    def request(self) -> None:
        """Ask for the end; the deadline is set by the first call."""
        if not self.is_requested:
            self._deadline_s = self._monotonic() + self._limit_s
            self._wakeup.put(None)

    @property
    def is_requested(self) -> bool:
        """Whether somebody asked."""
        return self._deadline_s < math.inf

    @property
    def overrun_s(self) -> float:
        """Seconds since the deadline; 0 before it and where nobody asked."""
        return max(0.0, self._monotonic() - self._deadline_s)

    def left_s(self, at_most_s: float = math.inf) -> float:
        """Seconds until the deadline, not below 0 and not above `at_most_s`; without a request only the latter."""
        return max(0.0, min(at_most_s, self._deadline_s - self._monotonic()))

    def wait(self, seconds: float) -> bool:
        """Wait that long, or until somebody asks; whether somebody did."""
        try:
            self._wakeup.get(timeout=seconds)
        except Empty:
            return self.is_requested
        self._wakeup.put(None)  # whoever else waits is woken too
        return True
