"""In: a claim on a partition. Out: how far this process has come with it."""

from __future__ import annotations

from dataclasses import dataclass, field

from service.store.values import PartitionClaim


@dataclass(slots=True)
class OwnedPartition:
    """A claimed partition: next offsets read, judged for the budget, stored, published, and committed to Kafka.

    ``attempts`` holds, of records that are gone on with one by one, how often they were tried before.
    """

    claim: PartitionClaim
    read: int
    judged: int
    stored: int
    published: int
    committed: int
    is_tried: bool = False
    alone_below: int = 0
    attempts: dict[int, int] = field(default_factory=dict)

    @classmethod
    def claimed(cls, claim: PartitionClaim, committed: int) -> OwnedPartition:
        """As it stands when the claim was made: read from ``min(next_offset, max(published_offset, committed))``."""
        start = min(claim.next_offset, max(claim.published_offset, committed))
        return cls(claim, start, start, claim.next_offset, start, committed)

    def store_reached(self, offset: int) -> None:
        """Everything below this offset was read and is stored."""
        self.read, self.stored = offset, max(self.stored, offset)
        self.attempts = {at: count for at, count in self.attempts.items() if at >= self.stored}

    def store_went_back(self, offset: int) -> None:
        """Nothing from this offset on is stored any more."""
        self.read = self.stored = offset
        self.published = min(self.published, offset)
