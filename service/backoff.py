"""In: failures and successes. Out: how long to wait before the next try, growing, jittered and bounded."""

from __future__ import annotations

from random import Random

FIRST_DELAY_S = 0.2
LONGEST_DELAY_S = 30.0


class Backoff:
    """Exponential back-off with full jitter above half (0.2 s growing to 30 s)."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._failures = 0

    def next_delay_s(self) -> float:
        """The delay after one more failure."""
        delay_s = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(self._failures, 16))
        self._failures += 1
        return delay_s * self._rng.uniform(0.5, 1.0)

    def reset(self) -> None:
        """After a success the next failure waits shortly again."""
        self._failures = 0
