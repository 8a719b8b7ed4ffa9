"""In: nothing. Out: a small run in which every promise was kept, as plain values that a test can break in one place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from load_tests.journal import Content, JournalEntry, Kind
from load_tests.oracle.check import Evidence, judge
from load_tests.oracle.observed import (
    EventCopy,
    Inputs,
    Letter,
    LetterCopy,
    Marks,
    Published,
    Row,
    Stored,
    Suppression,
)
from load_tests.oracle.report import Report, Trouble
from load_tests.oracle.samples import BrokerMarks, BrokerSample, MemorySample, Samples, StoreMarks, StoreSample
from service.broker.records import PartitionId
from service.store.values import Coordinates

INPUT = PartitionId("in", 0)
MIB = 2**20
ERASED_US = 9_000


def entry(offset: int, kind: Kind, ticket_id: str, revised_us: int | None, sha256: str) -> JournalEntry:
    """An acknowledged record."""
    at = Coordinates(INPUT.topic, INPUT.partition, offset)
    content = Content(f"default/{ticket_id}", sha256)
    return JournalEntry(kind, at, content, "default", ticket_id, revised_us, datetime(2026, 1, 1, tzinfo=UTC))


def row_of(made_by: JournalEntry, *, needs_review: bool = False, decided_by: str = "full") -> Row:
    """The row that a record makes."""
    revised_us = made_by.revised_us or 0
    name = f"{made_by.ticket_id}@{revised_us}"
    return Row(
        tenant="default",
        ticket_id=str(made_by.ticket_id),
        revision=revised_us,
        revised_us=revised_us,
        event_id=f"id {name}",
        document_sha256=f"document {name}",
        needs_review=needs_review,
        decided_by=decided_by,
        at=made_by.at,
        content_digest=f"digest {made_by.content.sha256}",
    )


def event_of(row: Row, topic: str, offset: int) -> EventCopy:
    """A copy of the row's event."""
    return EventCopy(
        at=Coordinates(topic, 0, offset),
        record_key=f"{row.tenant}/{row.ticket_id}",
        subject=f"{row.tenant}/{row.ticket_id}",
        ticket=row.key,
        event_id=row.event_id,
        value_sha256=f"value of {row.event_id}",
        data_sha256=row.document_sha256,
    )


NEW = entry(0, "ticket", "t-1", 1_000, "new")
DUPLICATE = entry(1, "ticket", "t-1", 1_000, "new")
LATE = entry(2, "ticket", "t-1", 500, "late")
BROKEN = entry(3, "invalid", "t-2", None, "broken")
POISON = entry(4, "ticket", "t-3", 1_000, "poison")
ERASED = entry(5, "ticket", "t-4", 1_000, "erased")
TOMBSTONE = entry(6, "tombstone", "t-4", ERASED_US, "null")
CORRECTION = entry(7, "correction", "t-1", 2_000, "correction")
SAME_TIME = entry(8, "ticket", "t-1", 500, "same time")
JOURNAL = (NEW, DUPLICATE, LATE, BROKEN, POISON, ERASED, TOMBSTONE, CORRECTION, SAME_TIME)

NEW_ROW = row_of(NEW)
LATE_ROW = row_of(LATE, needs_review=True)
CORRECTED_ROW = row_of(CORRECTION, decided_by="human")
SAME_TIME_ROW = replace(row_of(SAME_TIME), revision=501, event_id="id 501", document_sha256="document 501")
ROWS = (NEW_ROW, LATE_ROW, CORRECTED_ROW, SAME_TIME_ROW)
LETTERS = tuple(Letter(made_by.at, made_by.content, "headers") for made_by in (BROKEN, POISON))


@dataclass(frozen=True, slots=True)
class World:
    """Everything that the oracle judges."""

    journal: tuple[JournalEntry, ...]
    stored: Stored
    published: Published
    inputs: Inputs
    evidence: Evidence

    def with_stored(self, **changes: Any) -> World:
        """The same with another store."""
        return replace(self, stored=replace(self.stored, **changes))

    def with_published(self, **changes: Any) -> World:
        """The same with other topics."""
        return replace(self, published=replace(self.published, **changes))

    def with_samples(self, **changes: Any) -> World:
        """The same with other samples."""
        return replace(self, evidence=replace(self.evidence, samples=replace(self.evidence.samples, **changes)))

    def judge(self) -> Report:
        """The oracle's verdict."""
        return judge(self.journal, self.stored, self.published, self.inputs, self.evidence)

    def troubles(self) -> dict[str, set[Trouble]]:
        """What the oracle finds wrong, by invariant."""
        return {name: {one.trouble for one in found} for name, found in self.judge().findings.items() if found}


def store_sample(at_s: float, next_offset: int, published_offset: int, epoch: int = 1) -> StoreSample:
    """The watermarks of the one partition, in the store."""
    return StoreSample(at_s, {INPUT: StoreMarks(next_offset, published_offset, epoch)})


def broker_sample(at_s: float, committed: int | None, end: int) -> BrokerSample:
    """The watermarks of the one partition, in Kafka."""
    return BrokerSample(at_s, {INPUT: BrokerMarks(committed, end)})


_STORED = Stored(
    rows=ROWS,
    current={("default", "t-1"): 2_000},
    letters=LETTERS,
    suppressions=(Suppression("default", "ticket", "t-4", ERASED_US),),
    marks={INPUT: Marks(9, 9, 9, 9)},
)
_LEFT_OF_ERASED = event_of(row_of(ERASED), "routed", 5)
_PUBLISHED = Published(
    routed=(
        *(event_of(row, "routed", offset) for offset, row in enumerate(ROWS)),
        event_of(NEW_ROW, "routed", 4),
        _LEFT_OF_ERASED,
    ),
    review=(event_of(LATE_ROW, "review", 0),),
    letters=tuple(
        LetterCopy(Coordinates("dead", 0, offset), letter.at, letter.content, letter.headers_sha256)
        for offset, letter in enumerate(LETTERS)
    ),
)
_INPUTS = Inputs({made_by.at: made_by.content for made_by in JOURNAL}, {INPUT: 0})
EVIDENCE = Evidence(
    samples=Samples(
        store=(store_sample(1.0, 2, 0), store_sample(3.0, 5, 4), store_sample(5.0, 9, 9)),
        broker=(broker_sample(2.0, 0, 9), broker_sample(4.0, 4, 9)),
        memory=tuple(MemorySample(3.0 + number, 7, 100 * MIB) for number in range(20)),
    ),
    planted=("Erika Mustermann",),
    recovery_limit_s=5.0,
    warm_up_records=4,
)
WORLD = World(JOURNAL, _STORED, _PUBLISHED, _INPUTS, EVIDENCE)
