"""In: tickets. Out: results that say the same of the same content, except for `latency_ms`: no two calls give the same.

So a ticket that is decided twice shows. Raises `InferenceError` for poison; a killer ends the process.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from service.errors import InferenceError
from service.result import CategoryResult, Label, ModelRef, Route, SentimentResult, TicketResult
from service.routing.actions import Defaults
from service.routing.rules import RuleSet
from service.ticket import Ticket
from tests.simulation.broker import KilledByTicket, Seam
from tests.simulation.messages import START, What

_CATEGORIES = {
    label: CategoryResult(label, 0.9, {"billing": 0.9, "other": 0.1}, None) for label in ("billing", "other")
}
_SENTIMENT = SentimentResult("neutral", 0.8, 0.0)
_URGENCY = Label("normal", 0.7)
_LANGUAGE = Label("en", 0.99)
_ROUTES = {review: Route("billing", "normal", 60, "billing", review, ()) for review in (False, True)}


class SimulatedDecider:
    """One process's model; `numbers` runs through all processes of a schedule."""

    model = ModelRef("simulated", "1", "ab" * 32)
    labels: ClassVar = {
        "category": ("billing", "other"),
        "sentiment": ("negative", "neutral", "positive"),
        "urgency": ("low", "normal", "high"),
    }
    rules = RuleSet(Path("rules.toml"), Defaults("triage", "normal", {"normal": 480}), ())

    def __init__(self, seam: Seam, numbers: Iterator[int]) -> None:
        self._seam, self._numbers = seam, numbers

    def decide(self, tickets: Sequence[Ticket]) -> list[TicketResult]:
        return self._seam("decide", lambda: self._decide(tickets), tickets)

    def _decide(self, tickets: Sequence[Ticket]) -> list[TicketResult]:
        contents = {ticket.body.removeprefix("content ") for ticket in tickets}
        if What.KILLER in contents:
            raise KilledByTicket
        if What.POISON in contents:
            raise InferenceError("the graph failed")
        number = float(next(self._numbers))
        return [self._result(ticket, number) for ticket in tickets]

    def _result(self, ticket: Ticket, number: float) -> TicketResult:
        content = ticket.body.removeprefix("content ")
        return TicketResult(
            ticket_id=ticket.ticket_id,
            tenant=ticket.tenant,
            revision=0,
            category=_CATEGORIES["other" if content == "0" else "billing"],
            sentiment=_SENTIMENT,
            urgency=_URGENCY,
            language=_LANGUAGE,
            fields=(),
            route=_ROUTES[content == "1"],
            model=self.model,
            decided_by="full",
            truncated=False,
            processed_at=START,
            latency_ms=float("nan") if content == What.REFUSED else number,
        )
