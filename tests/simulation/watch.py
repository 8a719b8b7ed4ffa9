"""In: the watermarks and claims after every call, and every step back of the store. Out: what was broken on the way.

- I7: ``next_offset`` and ``published_offset`` never go down, but where the store goes back in time; Kafka's committed
  offset never goes down, but where the broker loses it, or to what is published after the store went back.
- I8: ``published_offset <= next_offset`` always; ``committed <= published_offset`` always, but on a partition whose
  ``published_offset`` the store's going back took away: there ``committed`` must not pass the highest that was taken,
  until ``published_offset`` has reached that again.
- Fence: no call under a claim that is not the newest stores a batch or moves a watermark.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from service.broker.records import OutputRecord, PartitionId
from service.publish import OutputTopics, output_records
from service.store.rows import Row
from service.store.values import DeadLetter, PartitionClaim, StoredEvent
from tests.simulation.broker import Broker
from tests.simulation.tables import Tables

OUTPUTS = OutputTopics("routed", "review", "dead-letter")
_GONE = -1


class Watch:
    """Sees everything that happens to the watermarks of a schedule."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._claims: dict[PartitionId, PartitionClaim] = {}
        self._committed: dict[PartitionId, int] = {}
        self._taken: dict[PartitionId, int] = {}
        self.lost_rows: list[Row] = []
        self.lost_letters: list[DeadLetter] = []
        self.broken: dict[str, str] = {}

    def written(self, claims: Sequence[PartitionClaim]) -> None:
        """Something was stored under these claims."""
        for claim in claims:
            newest = self._claims.get(_at(claim))
            if newest is None or (newest.epoch, newest.owner) != (claim.epoch, claim.owner):
                self.broken.setdefault(f"Fence: {_name(_at(claim))} written under a claim that is not the newest", "")

    def rewound(self, discarded: Sequence[Tables], now: Tables) -> None:
        """The store went back in time, past these states, and with it the right to write."""
        for state in discarded:
            rows = [row for key, row in state.results.items() if now.results.get(key) != row]
            letters = [letter for at, letter in state.letters.items() if now.letters.get(at) != letter]
            self.lost_rows += rows
            self.lost_letters += letters
            for claim in state.offsets.values():
                self._taken[_at(claim)] = max(claim.published_offset, self._taken.get(_at(claim), _GONE))
        self._claims = {_at(claim): claim for claim in now.offsets.values()}

    @property
    def lost(self) -> frozenset[OutputRecord]:
        """What may have been published of that which is lost."""
        events = [StoredEvent(row["event_id"], row["document"]) for row in self.lost_rows]
        return frozenset(output_records(OUTPUTS, events, self.lost_letters))

    def offsets_lost(self) -> None:
        """The broker forgot the group's offsets."""
        self._committed.clear()

    def look(self, stored: Mapping[PartitionId, PartitionClaim]) -> None:
        """Compare the watermarks as they are now with what they were."""
        for partition, now in stored.items():
            self._compare(partition, self._claims.get(partition, now), now)
            taken = self._taken.get(partition, _GONE)
            committed = self._broker.committed.get(partition, _GONE)
            committed_before = self._committed.get(partition, _GONE)
            if committed > max(now.published_offset, taken):
                self._note("I8", partition, "committed above published", committed, now.published_offset)
            if committed < committed_before and not (partition in self._taken and committed >= now.published_offset):
                self._note("I7", partition, "committed goes down", committed_before, committed)
            if now.published_offset >= taken:
                self._taken.pop(partition, None)
            self._claims[partition] = now
            self._committed[partition] = committed

    def _compare(self, partition: PartitionId, before: PartitionClaim, now: PartitionClaim) -> None:
        if now.next_offset < before.next_offset:
            self._note("I7", partition, "next goes down", before.next_offset, now.next_offset)
        if now.published_offset < before.published_offset:
            self._note("I7", partition, "published goes down", before.published_offset, now.published_offset)
        if now.published_offset > now.next_offset:
            self._note("I8", partition, "published above next", now.published_offset, now.next_offset)

    def _note(self, invariant: str, partition: PartitionId, what: str, first: int, second: int) -> None:
        self.broken.setdefault(f"{invariant}: {_name(partition)}: {what}", f"{first}, {second}")


def _at(claim: PartitionClaim) -> PartitionId:
    return PartitionId(claim.topic, claim.partition)


def _name(partition: PartitionId) -> str:
    return f"{partition.topic}/{partition.partition}"
