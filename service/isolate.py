"""In: tickets, some of which may make the model fail. Out: for each its result, or the error that it alone causes.

A failing batch is halved until the failing tickets stand alone, so one poisonous ticket costs its neighbours a few
repeated runs and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from service.errors import InferenceError, InvalidMessageError, Reason, Stage
from service.result import TicketResult
from service.ticket import Ticket

Outcome = TicketResult | InvalidMessageError


def decide_isolating(
    decide: Callable[[Sequence[Ticket]], list[TicketResult]], tickets: Sequence[Ticket]
) -> list[Outcome]:
    """Decide all tickets; where the model fails on a ticket by itself, its outcome is an `InvalidMessageError`."""
    if not tickets:
        return []
    try:
        return list(decide(tickets))
    except InferenceError as error:
        if len(tickets) == 1:
            return [InvalidMessageError(Reason.INFERENCE, Stage.INFER, str(error))]
    middle = len(tickets) // 2
    return decide_isolating(decide, tickets[:middle]) + decide_isolating(decide, tickets[middle:])
