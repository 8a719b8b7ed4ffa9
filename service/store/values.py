"""In: nothing. Out: the values that go into the store and come out of it.

Times must be aware and in UTC, or construction raises `ValueError`. A `repr` shows neither a message's bytes nor a
result's text.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from service.errors import Reason, Stage
from service.result import TicketResult

TicketRevision = tuple[str, str, int]
"""Tenant, ticket id, revision: the key of a result."""

_DEAD_LETTER_NAMESPACE = uuid.UUID("8f0a1b52-6c0e-5d0b-9b1e-3f6f3c1f7a44")


@dataclass(frozen=True, slots=True)
class Coordinates:
    """Where a record stands in Kafka."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class TicketFacts:
    """What a row says of the ticket itself: its version, who asks (as digests), and what rules look at."""

    revised_us: int | None = None
    sequence: int | None = None
    content_digest: str | None = None
    requester_digests: tuple[str, ...] = ()
    requester_tier: str | None = None
    tags: tuple[str, ...] = ()
    corrected_by: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """A result with what the row says beyond it; ``coordinates`` is None where the ticket came from no topic."""

    result: TicketResult
    channel: str
    source: str
    received_at: datetime
    event_id: uuid.UUID
    coordinates: Coordinates | None = None
    facts: TicketFacts = TicketFacts()

    def __post_init__(self) -> None:
        _require_utc(self.received_at, "received_at")
        _require_utc(self.result.processed_at, "processed_at")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that cannot be processed: its bytes and headers untouched, and why.

    ``revised_at`` is the time that erasures compare with: of the change in the message where it could be read, else of
    the record. It is not stored; where it is None no erasure is older.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None = field(repr=False)
    value: bytes | None = field(repr=False)
    headers: tuple[tuple[str, bytes | None], ...] = field(repr=False)
    reason: Reason
    stage: Stage
    detail: str
    service_version: str
    model_version: str
    failed_at: datetime
    attempts: int = 1
    revised_at: datetime | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        _require_utc(self.failed_at, "failed_at")

    @property
    def id(self) -> uuid.UUID:
        """The same for the same record, however often it fails."""
        return uuid.uuid5(_DEAD_LETTER_NAMESPACE, f"{self.topic}|{self.partition}|{self.offset}")


@dataclass(frozen=True, slots=True)
class PartitionClaim:
    """The right to write for a partition: void as soon as the stored owner or epoch is another.

    ``next_offset`` and ``published_offset`` are the two watermarks as they stood when the claim was made.
    """

    group_id: str
    topic: str
    partition: int
    epoch: int
    owner: uuid.UUID
    next_offset: int
    published_offset: int
    topic_id: str | None


@dataclass(frozen=True, slots=True)
class BatchRange:
    """A claimed partition's share of a batch: offsets ``lo`` (inclusive) to ``hi`` (exclusive).

    ``lo`` is the position the batch was read from, not the first record's offset: a compacted or transactional topic
    skips offsets, and a gap must not look like lost input. Below ``decided_below`` nothing of the batch was decided,
    since the store had it: if it has no longer, the batch must not be written.
    """

    claim: PartitionClaim
    lo: int
    hi: int
    decided_below: int = 0

    @property
    def relies_on(self) -> int:
        """The `next_offset` that the store must have reached, or else it went back in time."""
        return max(self.lo, min(self.decided_below, self.hi))


@dataclass(frozen=True, slots=True)
class Written:
    """The batch is stored; the counts are of rows that were new."""

    new_results: int
    new_dead_letters: int


@dataclass(frozen=True, slots=True)
class AlreadyWritten:
    """An earlier attempt at this batch was committed though its answer was lost: go on with reading the events."""


@dataclass(frozen=True, slots=True)
class SeekBack:
    """The store is behind the batch (it went back in time): nothing was written, read again from these positions."""

    positions: tuple[Coordinates, ...]


@dataclass(frozen=True, slots=True)
class StoredTicket:
    """A stored revision as a correction builds on it."""

    result: TicketResult = field(repr=False)
    channel: str
    source: str
    received_at: datetime
    facts: TicketFacts


class SuppressionKind(StrEnum):
    """What was erased: one ticket, or all tickets of a requester."""

    TICKET = "ticket"
    REQUESTER = "requester"


@dataclass(frozen=True, slots=True)
class Erasure:
    """A ticket, by its id, or a requester, by digest: no revision up to ``erased_at`` is kept or ever stored again.

    ``coordinates`` are those of the record that says so; None where an operator does.
    """

    tenant: str
    kind: SuppressionKind
    subject: str
    erased_at: datetime
    coordinates: Coordinates | None = None

    def __post_init__(self) -> None:
        _require_utc(self.erased_at, "erased_at")


WriteOutcome = Written | AlreadyWritten | SeekBack


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """What a routing event is built from: its id and the result as stored."""

    event_id: uuid.UUID
    document: Mapping[str, Any] = field(repr=False)


def _require_utc(value: datetime, name: str) -> None:
    if value.utcoffset() != timedelta(0):
        raise ValueError(f"{name} must be aware and in UTC")
