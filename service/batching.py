"""In: records as they arrive. Out: batches, closed by count, by bytes or by the age of their first record.

A batch may pass its bytes by what one poll brought, which the consumer's fetch size bounds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from service.broker.records import InputRecord


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """When a batch is full; ``max_bytes`` bounds tokens too, since a token is at least one byte."""

    max_records: int
    max_bytes: int
    max_wait_s: float


class Batcher:
    """Collects records until a batch is due. Times are monotonic seconds, given by the caller."""

    def __init__(self, limits: BatchLimits) -> None:
        self._limits = limits
        self._records: list[InputRecord] = []
        self._bytes = 0
        self._opened_at_s = 0.0

    def add(self, records: Iterable[InputRecord], now_s: float) -> None:
        """Append records, in the order in which they were read."""
        for record in records:
            if not self._records:
                self._opened_at_s = now_s
            self._records.append(record)
            self._bytes += len(record.value or b"")

    @property
    def room(self) -> int:
        """How many records may still be added before the batch is full; at least 1, so that a poll may ask for it."""
        return max(1, self._limits.max_records - len(self._records))

    def wait_s(self, now_s: float) -> float:
        """Seconds until the open batch is due: 0 where it is due now, infinite where it is empty."""
        if not self._records:
            return math.inf
        if len(self._records) >= self._limits.max_records or self._bytes >= self._limits.max_bytes:
            return 0.0
        return max(0.0, self._opened_at_s + self._limits.max_wait_s - now_s)

    def is_due(self, now_s: float) -> bool:
        """Whether there is a batch to process now."""
        return bool(self._records) and self.wait_s(now_s) <= 0

    def take(self) -> list[InputRecord]:
        """The batch, and an empty one in its place."""
        records, self._records, self._bytes = self._records, [], 0
        return records
