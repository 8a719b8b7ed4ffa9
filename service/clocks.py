"""In: nothing. Out: the time and the chance that everything else is given, so that tests can give their own."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The wall-clock time, aware and in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clocks:
    """Wall-clock time for records, monotonic seconds for waiting, and the jitter of back-off."""

    utc: Clock = utc_now
    monotonic: Callable[[], float] = time.monotonic
    rng: Random = field(default_factory=Random)
