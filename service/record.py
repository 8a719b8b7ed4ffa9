"""In: a ticket or a correction, and its result. Out: the `StoredDecision` that the store keeps."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from hashlib import sha256

from service.corrections import Correction
from service.events import routed_event_id
from service.result import TicketResult
from service.revisions import Version
from service.store.values import Coordinates, StoredDecision, StoredTicket, TicketFacts
from service.ticket import Ticket


def stored_decision(
    ticket: Ticket,
    version: Version,
    result: TicketResult,
    received_at: datetime,
    coordinates: Coordinates | None = None,
) -> StoredDecision:
    """What is to be stored of a ticket; ``coordinates`` are None where it came from no topic."""
    facts = TicketFacts(
        revised_us=version.revised_us,
        sequence=version.sequence,
        content_digest=version.digest,
        requester_digests=requester_digests(ticket),
        requester_tier=ticket.requester.tier,
        tags=ticket.tags,
    )
    return StoredDecision(
        result=result,
        channel=ticket.channel,
        source=ticket.source,
        received_at=received_at,
        event_id=routed_event_id(result.tenant, result.ticket_id, result.revision),
        coordinates=coordinates,
        facts=facts,
    )


def stored_correction(
    base: StoredTicket,
    correction: Correction,
    result: TicketResult,
    version: Version,
    coordinates: Coordinates,
) -> StoredDecision:
    """What is to be stored of a correction: the base's row with the person's result."""
    facts = replace(
        base.facts,
        revised_us=version.revised_us,
        sequence=None,
        content_digest=version.digest,
        corrected_by=correction.corrected_by,
    )
    return StoredDecision(
        result=result,
        channel=base.channel,
        source=base.source,
        received_at=base.received_at,
        event_id=routed_event_id(result.tenant, result.ticket_id, result.revision),
        coordinates=coordinates,
        facts=facts,
    )


def requester_digests(ticket: Ticket) -> tuple[str, ...]:
    """Digests of the requester's e-mail address and id, as far as they are known, the address first."""
    known = (ticket.requester.email, ticket.requester.id)
    return tuple(requester_digest(ticket.tenant, name) for name in known if name and name.strip())


def requester_digest(tenant: str, name: str) -> str:
    """The digest that stands for a requester in the store: of the tenant and the lower-cased address or id."""
    return sha256(f"{tenant}|{name.strip().lower()}".encode("utf-8", "surrogatepass")).hexdigest()
