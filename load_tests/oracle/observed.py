"""In: nothing. Out: the values that the store and the topics are read into, and that every check works on.

Texts and bytes are kept as digests: a run of a million tickets fits into memory, and no `repr` shows what someone
wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from load_tests.journal import Content
from service.broker.records import PartitionId
from service.store.values import Coordinates, TicketRevision

_NEIGHBOURS_US = 999
"""How far from a version's time its revision may lie, where several versions have the same time."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of `results`; ``revised_us`` is its revision where the row says nothing else."""

    tenant: str
    ticket_id: str
    revision: int
    revised_us: int
    event_id: str
    document_sha256: str
    needs_review: bool
    decided_by: str
    at: Coordinates | None = None
    content_digest: str | None = None

    @property
    def key(self) -> TicketRevision:
        """The primary key."""
        return self.tenant, self.ticket_id, self.revision


@dataclass(frozen=True, slots=True)
class Letter:
    """A row of `dead_letters`."""

    at: Coordinates
    content: Content
    headers_sha256: str
    is_replayed: bool = False


@dataclass(frozen=True, slots=True)
class Suppression:
    """A row of `suppressions`."""

    tenant: str
    kind: str
    subject: str
    erased_us: int


@dataclass(frozen=True, slots=True)
class Marks:
    """A partition's row of `consumer_offsets`; ``committed`` and ``end`` were asked of Kafka before it."""

    next_offset: int
    published_offset: int
    committed: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store holds."""

    rows: tuple[Row, ...] = ()
    current: Mapping[tuple[str, str], int] = field(default_factory=dict)
    letters: tuple[Letter, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    marks: Mapping[PartitionId, Marks] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EventCopy:
    """A record of `tickets.routed` or `tickets.review`; ``plants`` are the planted strings found where none may be."""

    at: Coordinates
    record_key: str | None
    subject: str
    ticket: TicketRevision
    event_id: str
    value_sha256: str
    data_sha256: str
    plants: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class LetterCopy:
    """A record of `tickets.dead-letter`; ``original`` is where the letter says that its message came from.

    A shortened one is without the value, perhaps without key and headers; its content has the digest of the value.
    """

    at: Coordinates
    original: Coordinates
    content: Content
    headers_sha256: str
    is_shortened: bool = False
    plants: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Published:
    """What the output topics hold, each partition in order; ``unreadable`` records are no events and no letters."""

    routed: tuple[EventCopy, ...] = ()
    review: tuple[EventCopy, ...] = ()
    letters: tuple[LetterCopy, ...] = ()
    unreadable: tuple[Coordinates, ...] = ()


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the input topics hold, and the first offset that each partition still has."""

    contents: Mapping[Coordinates, Content] = field(default_factory=dict)
    first_offsets: Mapping[PartitionId, int] = field(default_factory=dict)

    def has_forgotten(self, at: Coordinates) -> bool:
        """Whether retention took this record; nothing can be said of it."""
        return at.offset < self.first_offsets.get(PartitionId(at.topic, at.partition), 0)


class Erased:
    """What was erased, as the suppressions say."""

    def __init__(self, suppressions: tuple[Suppression, ...]) -> None:
        self._erased_us = {(one.tenant, one.kind, one.subject): one.erased_us for one in suppressions}

    def until_us(self, tenant: str, ticket_id: str, requester_digests: tuple[str, ...] = ()) -> int:
        """The newest moment up to which revisions of this ticket must be gone; -1 where nothing was erased."""
        subjects = [("ticket", ticket_id), *(("requester", digest) for digest in requester_digests)]
        return max(self._erased_us.get((tenant, kind, subject), -1) for kind, subject in subjects)

    def covers_event(self, ticket: TicketRevision, requester_digests: tuple[str, ...] = ()) -> bool:
        """Whether an event may be left of a row that was erased."""
        tenant, ticket_id, revision = ticket
        until_us = self.until_us(tenant, ticket_id, requester_digests)
        return until_us >= 0 and revision - _NEIGHBOURS_US <= until_us
