"""In: a claim on a partition. Out: how far this process has come with it."""

from __future__ import annotations

from dataclasses import dataclass, field

from service.store.values import BatchRange, PartitionClaim

_UNKNOWN = -1


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
    def claimed(cls, claim: PartitionClaim, committed: int | None) -> OwnedPartition:
        """As it stands when the claim was made: read from ``published_offset`` on, whatever was committed to Kafka.

        Kafka never knows more than the store, unless the store went back in time; then what is decided anew has to be
        published anew, and what Kafka has is put right by the next commit.
        """
        start = min(claim.next_offset, claim.published_offset)
        known = committed or 0
        return cls(claim, start, start, claim.next_offset, start, known if known <= start else _UNKNOWN)

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
