"""In: a claim on a partition. Out: how far this process has come with it."""

from __future__ import annotations

from dataclasses import dataclass, field

from service.store.values import BatchRange, PartitionClaim


@dataclass(slots=True)
class OwnedPartition:
    """A claimed partition: next offsets read, judged for the budget, stored, published, and committed to Kafka.

    ``alone_below`` is up to where records are gone on with one by one, ``condemned`` holds the offsets of those that
    must not be tried again, and ``is_recalled`` says whether earlier condemnations were looked up.
    """

    claim: PartitionClaim
    read: int
    judged: int
    stored: int
    published: int
    committed: int
    alone_below: int = 0
    is_recalled: bool = False
    condemned: set[int] = field(default_factory=set)

    @classmethod
    def claimed(cls, claim: PartitionClaim, committed: int) -> OwnedPartition:
        """As it stands when the claim was made: read from ``min(next_offset, max(published_offset, committed))``."""
        start = min(claim.next_offset, max(claim.published_offset, committed))
        return cls(claim, start, start, claim.next_offset, start, committed)

    def range_to(self, end: int) -> BatchRange:
        """What a batch that was read up to ``end`` asks of the store."""
        return BatchRange(self.claim, self.read, end, decided_below=self.stored)

    def store_reached(self, offset: int) -> None:
        """Everything below this offset was read and is stored."""
        self.read, self.stored = offset, max(self.stored, offset)

    def store_went_back(self, offset: int) -> None:
        """Nothing from this offset on is stored any more."""
        self.read = self.stored = offset
        self.published = min(self.published, offset)
