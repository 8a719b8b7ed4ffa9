"""In: the calls of one worker to the store. Out: the store's answers, each call passed through a seam by its name."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from service.revisions import KnownRevision, TicketKey, Version
from service.store.values import (
    BatchRange,
    Coordinates,
    DeadLetter,
    Erasure,
    PartitionClaim,
    StoredDecision,
    StoredEvent,
    StoredTicket,
    TicketRevision,
    WriteOutcome,
)
from tests.simulation.broker import Seam
from tests.simulation.memory_store import MemoryStore
from tests.simulation.sqlite_store import SqliteStore


class SeamedStore:
    """A store as one process sees it."""

    def __init__(self, store: MemoryStore | SqliteStore, seam: Seam) -> None:
        self._store, self._seam = store, seam

    def claim(
        self, group_id: str, topic: str, partitions: Mapping[int, int], owner: uuid.UUID, topic_id: str | None
    ) -> list[PartitionClaim]:
        asked = (group_id, topic, partitions, owner, topic_id)
        return self._seam("claim", lambda: self._store.claim(*asked), topic, partitions)

    def write_batch(
        self,
        ranges: Sequence[BatchRange],
        decisions: Sequence[StoredDecision],
        letters: Sequence[DeadLetter],
        erasures: Sequence[Erasure] = (),
    ) -> WriteOutcome:
        asked = (ranges, decisions, letters, erasures)
        return self._seam("write_batch", lambda: self._store.write_batch(*asked), *asked)

    def mark_published(self, published: Sequence[tuple[PartitionClaim, int]]) -> list[int]:
        return self._seam("mark_published", lambda: self._store.mark_published(published), published)

    def next_offsets(self, claims: Sequence[PartitionClaim]) -> list[int]:
        return self._seam("next_offsets", lambda: self._store.next_offsets(claims), claims)

    def read_events(self, keys: Sequence[TicketRevision]) -> list[StoredEvent]:
        return self._seam("read_events", lambda: self._store.read_events(keys), keys)

    def read_dead_letters(self, topic: str, partition: int, lo: int, hi: int) -> list[DeadLetter]:
        asked = (topic, partition, lo, hi)
        return self._seam("read_dead_letters", lambda: self._store.read_dead_letters(*asked), *asked)

    def known_revisions(self, versions: Sequence[Version]) -> Mapping[TicketKey, Sequence[KnownRevision]]:
        return self._seam("known_revisions", lambda: self._store.known_revisions(versions), versions)

    def read_base(self, tenant: str, ticket_id: str, below: int) -> StoredTicket | None:
        asked = (tenant, ticket_id, below)
        return self._seam("read_base", lambda: self._store.read_base(*asked), *asked)

    def begin_attempts(self, records: Sequence[Coordinates], at_least: int = 1) -> list[int]:
        return self._seam("begin_attempts", lambda: self._store.begin_attempts(records, at_least), records, at_least)

    def forget_attempts(self, partitions: Sequence[tuple[str, int]], below_offset: int) -> None:
        asked = (partitions, below_offset)
        return self._seam("forget_attempts", lambda: self._store.forget_attempts(*asked), *asked)

    def probe(self) -> None:
        self._seam("probe_store", self._store.probe)
