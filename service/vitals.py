"""In: what the worker's loop says of itself. Out: whether it lives and is ready, for the watchdog and for probes.

Raises nothing. Written by the loop and read by other threads; every value is replaced whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

STARTING = "starting"


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether tickets flow, and why not; ``since_s`` is monotonic."""

    ready: bool
    reason: str
    since_s: float


class Vitals:
    """The loop's pulse and readiness."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._beat_s = monotonic()
        self._readiness = Readiness(ready=False, reason=STARTING, since_s=self._beat_s)

    def beat(self) -> None:
        """The loop moves."""
        self._beat_s = self._monotonic()

    @property
    def silent_s(self) -> float:
        """Seconds since the last beat."""
        return self._monotonic() - self._beat_s

    @property
    def readiness(self) -> Readiness:
        """As it is now."""
        return self._readiness

    def ready(self) -> None:
        """Tickets flow."""
        if not self._readiness.ready:
            self._readiness = Readiness(ready=True, reason="", since_s=self._monotonic())

    def not_ready(self, reason: str) -> None:
        """Tickets wait, for this reason."""
        since_s = self._monotonic() if self._readiness.ready else self._readiness.since_s
        self._readiness = Readiness(ready=False, reason=reason, since_s=since_s)
