"""In: a worker's neighbours. Out: the same with a store that neither fences nor reads back, to measure what that costs.

What such a worker does may be lost or contradicted: it exists for `load_tests.overhead` and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from service.neighbours import Neighbours
from service.store.store import Store
from service.store.values import (
    BatchRange,
    DeadLetter,
    Erasure,
    PartitionClaim,
    StoredDecision,
    StoredEvent,
    TicketRevision,
    WriteOutcome,
    Written,
)


class UnguardedStore:
    """Writes the same rows in one transaction; events come from the decisions in hand."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._in_hand: dict[TicketRevision, StoredEvent] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def write_batch(
        self,
        ranges: Sequence[BatchRange],
        decisions: Sequence[StoredDecision],
        letters: Sequence[DeadLetter],
        erasures: Sequence[Erasure] = (),
    ) -> WriteOutcome:
        """S4 without the lock, the check of owner and epoch, and the watermarks."""
        new_results = self._store.record_results(decisions)
        self._in_hand = {
            (one.result.tenant, one.result.ticket_id, one.result.revision): StoredEvent(
                one.event_id, one.result.to_json()
            )
            for one in decisions
        }
        return Written(new_results, 0)

    def read_events(self, keys: Sequence[TicketRevision]) -> list[StoredEvent]:
        """S5 without the database."""
        return [self._in_hand[key] for key in dict.fromkeys(keys) if key in self._in_hand]

    def mark_published(self, published: Sequence[tuple[PartitionClaim, int]]) -> list[int]:
        """The second watermark is not kept."""
        return [offset for _, offset in published]


def without_guarantees(neighbours: Neighbours) -> Neighbours:
    """The neighbours with an unguarded store."""
    return Neighbours(neighbours.source, neighbours.sink, cast(Store, UnguardedStore(neighbours.store)))
