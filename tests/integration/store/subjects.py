"""In: what a test of erasure cares about. Out: decisions of a requester at a time, and letters of a ticket."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from service.record import requester_digest
from service.revisions import microseconds
from service.store.values import DeadLetter, Erasure, StoredDecision, SuppressionKind, TicketFacts
from tests.unit.store.samples import NOW, dead_letter, decision, field

ANN = requester_digest("acme", "ann@example.com")
ANN_ID = requester_digest("acme", "4711")
NOW_US = microseconds(NOW)


def of(ticket_id: str, seconds: float = 0, *digests: str, decided_by: str = "full") -> StoredDecision:
    """A decision about a change so many seconds after NOW."""
    revision = NOW_US + round(seconds * 1_000_000)
    made = decision(ticket_id, revision, fields=[field()])
    facts = TicketFacts(revised_us=revision, content_digest=f"{ticket_id}{seconds}", requester_digests=digests)
    return replace(made, facts=facts, result=replace(made.result, decided_by=decided_by))  # type: ignore[arg-type]


def letter_of(ticket_id: str, offset: int, revised_at: datetime | None = None) -> DeadLetter:
    return replace(dead_letter(offset), key=f"acme/{ticket_id}".encode(), revised_at=revised_at)


def ticket(ticket_id: str, seconds: float = 0) -> Erasure:
    return Erasure("acme", SuppressionKind.TICKET, ticket_id, NOW + timedelta(seconds=seconds))


def requester(digest: str, seconds: float = 0) -> Erasure:
    return Erasure("acme", SuppressionKind.REQUESTER, digest, NOW + timedelta(seconds=seconds))
