"""In: the worker's pulse and its stop request. Out: the end of a process whose loop has hung.

Ending it at any moment is safe: what it held is fenced off by whoever claims its partitions next.
"""

from __future__ import annotations

import faulthandler
import os
import sys
from collections.abc import Callable
from threading import Event, Thread

import structlog

from service.stopping import StopRequest
from service.vitals import Vitals

HUNG_EXIT_STATUS = 70
"""EX_SOFTWARE of sysexits.h."""

_GRACE_S = 2.0
_log = structlog.get_logger(__name__)


def end_process(status: int) -> None:
    """Write every thread's stack to standard error and end the process without any clean-up."""
    faulthandler.dump_traceback(sys.stderr, all_threads=True)
    os._exit(status)


class Watchdog:
    """A thread that ends the process where its loop is silent for too long, or has not stopped in time."""

    def __init__(
        self, vitals: Vitals, stop: StopRequest, silence_limit_s: float, end: Callable[[int], None] = end_process
    ) -> None:
        self._vitals, self._stop, self._end = vitals, stop, end
        self._silence_limit_s = silence_limit_s
        self._closed = Event()
        self._thread = Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def close(self) -> None:
        """Stop watching."""
        self._closed.set()
        self._thread.join()

    def look(self) -> bool:
        """End the process where that is due; whether it was."""
        if self._stop.is_requested and self._stop.left_s() == 0 and self._closed.wait(_GRACE_S) is False:
            _log.error("stop_overran", consequence="ended by force, nothing is lost")
        elif self._vitals.silent_s > self._silence_limit_s:
            _log.error("loop_silent", silent_s=round(self._vitals.silent_s, 1), limit_s=self._silence_limit_s)
        else:
            return False
        self._end(HUNG_EXIT_STATUS)
        return True

    def _watch(self) -> None:
        while not self._closed.wait(min(1.0, self._silence_limit_s / 4)):
            if self.look():
                return
