"""In: a ticket and its result. Out: the `StoredDecision` that the store keeps, with the id of its event."""

from __future__ import annotations

from datetime import datetime

from service.events import routed_event_id
from service.result import TicketResult
from service.store.values import Coordinates, StoredDecision
from service.ticket import Ticket


def stored_decision(
    ticket: Ticket, result: TicketResult, received_at: datetime, coordinates: Coordinates | None = None
) -> StoredDecision:
    """What is to be stored; ``coordinates`` are None where the ticket came from no topic."""
    return StoredDecision(
        result=result,
        channel=ticket.channel,
        source=ticket.source,
        received_at=received_at,
        event_id=routed_event_id(result.tenant, result.ticket_id, result.revision),
        coordinates=coordinates,
    )
