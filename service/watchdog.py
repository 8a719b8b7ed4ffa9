"""In: the worker's pulse and its stop request. Out: the end of a process whose loop has hung.

Ending it at any moment is safe: what it held is fenced off by whoever claims its partitions next.
"""

from __future__ import annotations

import faulthandler
import os
import sys
import traceback
from collections.abc import Callable
from threading import Event, Thread

import structlog

from service.stopping import StopRequest
from service.vitals import Vitals

HUNG_EXIT_STATUS = 70
"""EX_SOFTWARE of sysexits.h."""

_GRACE_S = 2.0
_REPORT_LIMIT_S = 2.0
_LOOK_EVERY_S = 1.0
_log = structlog.get_logger(__name__)


def end_process(status: int) -> None:
    """End the process without any clean-up."""
    os._exit(status)


class Watchdog:
    """A thread that ends the process where its loop is silent for too long, or has not stopped in time.

    Where the loop does not even let other threads run (a regular expression can hold the interpreter for hours),
    `faulthandler` ends the process after the same time, with the exit status 1 and every thread's stack.
    """

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
        silent_s = self._vitals.silent_s
        if self._stop.overrun_s > _GRACE_S:
            self._report_and_end("stop_overran", overrun_s=round(self._stop.overrun_s, 1))
        elif silent_s > self._silence_limit_s:
            self._report_and_end("loop_silent", silent_s=round(silent_s, 1), limit_s=self._silence_limit_s)
        else:
            return False
        return True

    def _watch(self) -> None:
        while not self._closed.wait(min(_LOOK_EVERY_S, self._silence_limit_s / 4)):
            faulthandler.dump_traceback_later(self._silence_limit_s, exit=True)
            if self.look():
                break
        faulthandler.cancel_dump_traceback_later()

    def _report_and_end(self, event: str, **said: float) -> None:
        # On a thread of its own: the loop may hang because nobody reads the log, and then so would this.
        stacks = _stacks()
        report = Thread(target=lambda: _log.error(event, **said, stacks=stacks), name="last-words", daemon=True)
        report.start()
        report.join(_REPORT_LIMIT_S)
        self._end(HUNG_EXIT_STATUS)


def _stacks() -> str:
    """Every thread's stack, the innermost call last."""
    frames = sys._current_frames()  # noqa: SLF001  the documented way
    return "\n".join(f"thread {ident}\n{''.join(traceback.format_stack(frame))}" for ident, frame in frames.items())
