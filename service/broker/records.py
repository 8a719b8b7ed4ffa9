"""In: nothing. Out: the values that pass between Kafka and the worker."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

Headers = tuple[tuple[str, bytes | None], ...]
_MAX_TIMESTAMP_MS = 253_402_300_799_000
"""The last second of the year 9999."""


@dataclass(frozen=True, slots=True, order=True)
class PartitionId:
    """A partition of a topic."""

    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class InputRecord:
    """A raw record with its coordinates; nothing of it is decoded yet. A ``value`` of None is a tombstone."""

    source: PartitionId
    offset: int
    key: bytes | None = field(repr=False)
    value: bytes | None = field(repr=False)
    headers: Headers = field(repr=False)
    timestamp_ms: int

    @property
    def next_offset(self) -> int:
        """The offset to read after this record."""
        return self.offset + 1

    @property
    def received_at(self) -> datetime:
        """Kafka's timestamp of the record, UTC; a producer may have written any number there."""
        return datetime.fromtimestamp(min(max(0, self.timestamp_ms), _MAX_TIMESTAMP_MS) / 1_000, UTC)


@dataclass(frozen=True, slots=True)
class OutputRecord:
    """A record to publish; a ``timestamp_ms`` of None is the time of sending.

    ``smaller`` is what to publish in its place where the brokers take no record of this size.
    """

    topic: str
    key: bytes | None = field(repr=False)
    value: bytes | None = field(repr=False)
    headers: Headers = field(default=(), repr=False)
    timestamp_ms: int | None = None
    smaller: OutputRecord | None = field(default=None, repr=False)

    @property
    def size_bytes(self) -> int:
        """What the record weighs, but for Kafka's own few bytes."""
        headers = sum(len(name.encode("utf-8", "surrogatepass")) + len(value or b"") for name, value in self.headers)
        return len(self.key or b"") + len(self.value or b"") + headers
