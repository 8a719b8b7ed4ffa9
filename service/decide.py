"""In: validated tickets. Out: one `TicketResult` a ticket, in the same order.

A pure composition of the stages between decoding and storing: normalise, infer, find fields, detect the language and
route.
A failure of the model for one ticket is not hidden here: `service.isolate` finds the ticket.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from service.clocks import Clock
from service.fields.merge import merge_fields
from service.fields.normalize_value import normalize as normalize_value
from service.fields.patterns import find_fields
from service.inference.cascade import TierName
from service.inference.engine import InferenceEngine, Prediction
from service.inference.manifest import Head
from service.inference.tier import Floats
from service.language import detect_language
from service.normalize import normalize
from service.normalized import NormalizedText, PartKind
from service.result import (
    CategoryResult,
    ExtractedField,
    FieldSpan,
    Label,
    ModelRef,
    Route,
    SentimentResult,
    TicketResult,
)
from service.revisions import microseconds
from service.routing.engine import route
from service.routing.facts import Circumstances, RoutingFacts
from service.routing.rules import RuleSet
from service.ticket import Ticket

CATEGORY_UNSURE = "category_confidence_below_cut"
URGENCY_UNSURE = "urgency_confidence_below_cut"
MAX_FIELDS = 500
"""A result has to fit into a message that a broker takes, however many prices a hostile ticket lists."""

_LANGUAGE_SAMPLE_CHARS = 2_000
_CONFIDENCE_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Understanding:
    """What the model, the patterns and the language detector say of one ticket, before the rules."""

    category: CategoryResult
    sentiment: SentimentResult
    urgency: Label
    language: Label
    fields: tuple[ExtractedField, ...]
    truncated: bool
    review_reasons: tuple[str, ...]
    tiers: Mapping[str, TierName]


class Decider:
    """Decides batches of tickets with one model and one set of rules."""

    def __init__(self, engine: InferenceEngine, rules: RuleSet, clock: Clock) -> None:
        self._engine = engine
        self._rules = rules
        self._clock = clock

    @property
    def model(self) -> ModelRef:
        """The model that decides."""
        return self._engine.model

    @property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """The labels that a result may have, by head."""
        manifest = self._engine.manifest
        return {name: getattr(manifest, name).labels for name in ("category", "sentiment", "urgency")}

    @property
    def rules(self) -> RuleSet:
        """The rules that route."""
        return self._rules

    def decide(self, tickets: Sequence[Ticket]) -> list[TicketResult]:
        """Decide each ticket. ``latency_ms`` is the time the whole batch took, since a ticket waits for its batch."""
        started = self._clock()
        return self.conclude(tickets, self.understand(tickets), started)

    def understand(self, tickets: Sequence[Ticket]) -> list[Understanding]:
        """Everything about each ticket that does not depend on the rules."""
        texts = [normalize(ticket.subject, ticket.body) for ticket in tickets]
        return self.understand_predicted(tickets, texts, self._engine.predict(texts))

    def understand_predicted(
        self, tickets: Sequence[Ticket], texts: Sequence[NormalizedText], predictions: Sequence[Prediction]
    ) -> list[Understanding]:
        """The same where the model has run already."""
        now = self._clock()
        return [
            self._understand(ticket, text, prediction, now)
            for ticket, text, prediction in zip(tickets, texts, predictions, strict=True)
        ]

    def conclude(
        self, tickets: Sequence[Ticket], understood: Sequence[Understanding], started: datetime
    ) -> list[TicketResult]:
        """Route what is understood and make the results; ``started`` is when work on the batch began."""
        routes = [
            route(self._rules, routing_facts(ticket, what)) for ticket, what in zip(tickets, understood, strict=True)
        ]
        processed_at = self._clock()
        latency_ms = round((processed_at - started).total_seconds() * 1_000, 3)
        return [
            self._result(ticket, what, where, processed_at, latency_ms)
            for ticket, what, where in zip(tickets, understood, routes, strict=True)
        ]

    def _understand(self, ticket: Ticket, text: NormalizedText, prediction: Prediction, now: datetime) -> Understanding:
        manifest = self._engine.manifest
        category = _category(manifest.category, prediction.category)
        urgency = _label(manifest.urgency, prediction.urgency)
        reasons = []
        if category.confidence < manifest.category.review_below:
            reasons.append(CATEGORY_UNSURE)
        if urgency.confidence < manifest.urgency.review_below:
            reasons.append(URGENCY_UNSURE)
        fields = extract_fields(ticket, text, prediction.spans, now)
        return Understanding(
            category=category,
            sentiment=_sentiment(manifest.sentiment, prediction.sentiment),
            urgency=urgency,
            language=detect_language(own_words(text)),
            fields=fields,
            truncated=prediction.truncated or len(fields) == MAX_FIELDS,
            review_reasons=tuple(reasons),
            tiers=prediction.tiers,
        )

    def _result(
        self, ticket: Ticket, what: Understanding, where: Route, processed_at: datetime, latency_ms: float
    ) -> TicketResult:
        return TicketResult(
            ticket_id=ticket.ticket_id,
            tenant=ticket.tenant,
            revision=microseconds(ticket.revised_at),
            category=what.category,
            sentiment=what.sentiment,
            urgency=what.urgency,
            language=what.language,
            fields=what.fields,
            route=where,
            model=self._engine.model,
            decided_by=what.tiers["category"],
            truncated=what.truncated,
            processed_at=processed_at,
            latency_ms=latency_ms,
        )


def own_words(text: NormalizedText) -> str:
    """The start of what the customer wrote now; of the whole text where that is nothing but quoted."""
    own = "\n".join(
        text.text[part.start : part.end] for part in text.parts if part.kind in (PartKind.SUBJECT, PartKind.MESSAGE)
    )
    return (own if own.strip() else text.text)[:_LANGUAGE_SAMPLE_CHARS]


def extract_fields(
    ticket: Ticket, text: NormalizedText, model_spans: Sequence[FieldSpan], now: datetime
) -> tuple[ExtractedField, ...]:
    """Patterns and model spans merged, normalised, and mapped to the text as received; the first `MAX_FIELDS`."""
    written_at = ticket.created_at or now
    region = region_of(ticket.requester.locale)
    received = ticket.text
    normalized = [
        replace(
            span,
            normalized=normalize_value(span.type, text.text[span.start : span.end], now=written_at, region=region),
        )
        for span in model_spans
    ]
    fields = []
    patterns = find_fields(text.text, now=written_at, region=region)
    for span in merge_fields(patterns, normalized, text=text.text)[:MAX_FIELDS]:
        start, end = text.to_received(span.start, span.end)
        fields.append(
            ExtractedField(span.type, received[start:end], span.normalized, start, end, span.confidence, span.source)
        )
    return tuple(fields)


def region_of(locale: str | None) -> str | None:
    """The country of a locale such as ``de-AT`` or ``en_GB``; None where it names none."""
    for piece in (locale or "").replace("_", "-").split("-")[1:]:
        if len(piece) == 2 and piece.isalpha():
            return piece.upper()
    return None


def routing_facts(ticket: Ticket, what: Understanding) -> RoutingFacts:
    """What the rules may look at."""
    about = Circumstances(ticket.tenant, ticket.channel, ticket.requester.tier, ticket.tags)
    return RoutingFacts.of(what, about, what.review_reasons)


def _label(head: Head, probabilities: Floats) -> Label:
    best = int(probabilities.argmax())
    return Label(head.labels[best], _rounded(probabilities[best]))


def _category(head: Head, probabilities: Floats) -> CategoryResult:
    order = probabilities.argsort()[::-1]
    best, second = int(order[0]), int(order[1])
    return CategoryResult(
        label=head.labels[best],
        confidence=_rounded(probabilities[best]),
        scores={label: _rounded(p) for label, p in zip(head.labels, probabilities, strict=True)},
        secondary=head.labels[second] if probabilities[second] > head.secondary_above else None,
    )


def _sentiment(head: Head, probabilities: Floats) -> SentimentResult:
    by_label = dict(zip(head.labels, probabilities.tolist(), strict=True))
    best = _label(head, probabilities)
    return SentimentResult(
        best.label, best.confidence, _rounded(by_label.get("positive", 0.0) - by_label.get("negative", 0.0))
    )


def _rounded(value: float) -> float:
    return round(float(value), _CONFIDENCE_DIGITS)
