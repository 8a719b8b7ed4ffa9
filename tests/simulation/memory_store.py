"""In: the calls that a worker makes of `service.store.store.Store`. Out: the same answers, from dictionaries.

Raises what the real store raises, for the same reasons; `test_store_contract` holds the two together. The whole state
can be taken and put back at the price of copying a few small dictionaries, which is what a rewind is made of. Two
switches make it wrong on purpose.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from service.errors import DeskrouteError, FencedError, InputPositionError, StoreUnavailableError
from service.revisions import NEIGHBOURS_US, KnownRevision, TicketKey, Version
from service.store.claims import partition_key
from service.store.rows import Row, result_row, storable, stored_ticket
from service.store.values import (
    AlreadyWritten,
    BatchRange,
    Coordinates,
    DeadLetter,
    Erasure,
    PartitionClaim,
    SeekBack,
    StoredDecision,
    StoredEvent,
    StoredTicket,
    TicketRevision,
    WriteOutcome,
    Written,
)
from tests.simulation.tables import Tables, revised_us


class MemoryStore:
    """One database. Without `fenced` an outdated claim writes too; without `newest_only` any revision is current."""

    def __init__(self, *, fenced: bool = True, newest_only: bool = True) -> None:
        self._fenced, self._newest_only = fenced, newest_only
        self._state = Tables()

    @property
    def state(self) -> Tables:
        """The tables as they are now."""
        return self._state

    def snapshot(self) -> Tables:
        """The tables as they are now, to `restore` later."""
        return self._state.copy()

    def restore(self, state: Tables) -> None:
        """Go back in time."""
        self._state = state.copy()

    def claim(
        self, group_id: str, topic: str, partitions: Mapping[int, int], owner: uuid.UUID, topic_id: str | None
    ) -> list[PartitionClaim]:
        claims = []
        for partition, first_offset in sorted(partitions.items()):
            known = self._state.offsets.get((group_id, topic, partition))
            if known is None:
                claim = PartitionClaim(group_id, topic, partition, 1, owner, first_offset, first_offset, topic_id)
            else:
                claim = replace(known, epoch=known.epoch + 1, owner=owner, topic_id=known.topic_id or topic_id)
            if topic_id is not None and claim.topic_id != topic_id:
                raise InputPositionError(f"topic {topic} was recreated")
            claims.append(claim)
        self._state.offsets.update({partition_key(claim): claim for claim in claims})
        return claims

    def write_batch(
        self,
        ranges: Sequence[BatchRange],
        decisions: Sequence[StoredDecision],
        letters: Sequence[DeadLetter],
        erasures: Sequence[Erasure] = (),
    ) -> WriteOutcome:
        if not ranges or len({partition_key(item.claim) for item in ranges}) < len(ranges):
            raise ValueError("a batch needs one range for each of its partitions")
        reached = [self._locked(item.claim).next_offset for item in ranges]
        if any(offset < item.relies_on for offset, item in zip(reached, ranges, strict=True)):
            return SeekBack(
                tuple(
                    Coordinates(item.claim.topic, item.claim.partition, min(offset, item.lo))
                    for offset, item in zip(reached, ranges, strict=True)
                )
            )
        if all(offset >= item.hi for offset, item in zip(reached, ranges, strict=True)):
            return AlreadyWritten()
        with self._transaction():
            for erasure in erasures:
                self._state.suppress(erasure)
            new_results = self._insert(decisions)
            new_letters = self._insert_letters(letters)
            for erasure in erasures:
                self._state.erase(erasure)
            for item in ranges:
                stored = self._locked(item.claim)
                moved = replace(stored, next_offset=max(stored.next_offset, item.hi))
                self._state.offsets[partition_key(item.claim)] = moved
                self.forget_attempts([(moved.topic, moved.partition)], moved.next_offset)
        return Written(new_results, new_letters)

    def mark_published(self, published: Sequence[tuple[PartitionClaim, int]]) -> list[int]:
        stored = [self._locked(claim) for claim, _ in published]
        held = [min(offset, at.next_offset) for at, (_, offset) in zip(stored, published, strict=True)]
        for at, (claim, _), offset in zip(stored, published, held, strict=True):
            moved = replace(at, published_offset=max(at.published_offset, offset))
            self._state.offsets[partition_key(claim)] = moved
        return held

    def next_offsets(self, claims: Sequence[PartitionClaim]) -> list[int]:
        return [self._locked(claim).next_offset for claim in claims]

    def read_events(self, keys: Sequence[TicketRevision]) -> list[StoredEvent]:
        wanted = dict.fromkeys((tenant, storable(ticket_id), revision) for tenant, ticket_id, revision in keys)
        rows = [self._state.results[key] for key in wanted if key in self._state.results]
        return [StoredEvent(row["event_id"], row["document"]) for row in rows]

    def read_dead_letters(self, topic: str, partition: int, lo: int, hi: int) -> list[DeadLetter]:
        found = [
            letter
            for at, letter in self._state.letters.items()
            if (at.topic, at.partition) == (topic, partition) and lo <= at.offset < hi
        ]
        return sorted(found, key=lambda letter: letter.offset)

    def known_revisions(self, versions: Sequence[Version]) -> Mapping[TicketKey, Sequence[KnownRevision]]:
        known: dict[TicketKey, dict[int, KnownRevision]] = {}
        for version in versions:
            for row in self._state.revisions(version.tenant, version.ticket_id):
                if abs(row["revision"] - version.revised_us) <= NEIGHBOURS_US:
                    found = KnownRevision(row["revision"], revised_us(row), row["sequence"], row["content_digest"])
                    known.setdefault(version.key, {})[row["revision"]] = found
        return {key: list(revisions.values()) for key, revisions in known.items()}

    def read_base(self, tenant: str, ticket_id: str, below: int) -> StoredTicket | None:
        rows = self._state.revisions(tenant, ticket_id)
        older = [row for row in rows if row["revision"] < below]
        newer = [row for row in rows if row["revision"] > below]
        nearest = older[-1:] or newer[:1]
        return stored_ticket(nearest[0]) if nearest else None

    def begin_attempts(self, records: Sequence[Coordinates], at_least: int = 1) -> list[int]:
        before = []
        for at in records:
            before.append(self._state.attempts.get(at, 0))
            self._state.attempts[at] = max(before[-1] + 1, at_least)
        return before

    def forget_attempts(self, partitions: Sequence[tuple[str, int]], below_offset: int) -> None:
        for at in list(self._state.attempts):
            if (at.topic, at.partition) in partitions and at.offset < below_offset:
                del self._state.attempts[at]

    def probe(self) -> None:
        """It answers."""

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        before = self._state.copy()
        try:
            yield
        except DeskrouteError:
            self._state = before
            raise

    def _locked(self, claim: PartitionClaim) -> PartitionClaim:
        stored = self._state.offsets.get(partition_key(claim))
        if stored is not None and not self._fenced:
            return stored
        if stored is None or (stored.epoch, stored.owner) != (claim.epoch, claim.owner):
            raise FencedError(f"partition {claim.partition} of {claim.topic} is no longer owned")
        return stored

    def _insert(self, decisions: Sequence[StoredDecision]) -> int:
        rows = [result_row(one) for one in decisions if not self._state.is_erased(one)]
        first: dict[TicketRevision, Row] = {}
        for row in rows:
            first.setdefault((row["tenant"], row["ticket_id"], row["revision"]), row)
        known = {key: self._state.results[key] for key in first if key in self._state.results}
        if any(_is_other_content(row, first[key]) for key, row in known.items()):
            raise StoreUnavailableError("another writer has just stored a revision of the same number")
        new = {key: row for key, row in first.items() if key not in known}
        self._state.results.update(new)
        for (tenant, ticket_id, revision), row in new.items():
            current = self._state.current.get((tenant, ticket_id))
            if current is None or not self._newest_only or revision > current["revision"]:
                self._state.current[tenant, ticket_id] = row
        return len(new)

    def _insert_letters(self, letters: Sequence[DeadLetter]) -> int:
        before = len(self._state.letters)
        for letter in letters:
            if not self._state.is_letter_erased(letter):
                self._state.letters.setdefault(Coordinates(letter.topic, letter.partition, letter.offset), letter)
        return len(self._state.letters) - before


def _is_other_content(stored: Row, mine: Row) -> bool:
    digests = {stored["content_digest"], mine["content_digest"]}
    return len(digests) > 1 and None not in digests
