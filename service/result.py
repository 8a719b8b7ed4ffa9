"""In: nothing. Out: the values that describe one decision, and the JSON object that callers, rows and events carry.

`TicketResult.to_json` gives the shape that the README documents; a `repr` never shows what the customer wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

DecidedBy = Literal["fast", "full", "human"]
FieldSource = Literal["model", "pattern"]
Normalized = str | Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class Label:
    """A label with the calibrated probability that it is right."""

    label: str
    confidence: float


@dataclass(frozen=True, slots=True)
class CategoryResult:
    """The primary category, every category's probability, and a second label where one passes its own cut."""

    label: str
    confidence: float
    scores: Mapping[str, float]
    secondary: str | None


@dataclass(frozen=True, slots=True)
class SentimentResult:
    """The sentiment; ``score`` is P(positive) - P(negative), -1 to 1."""

    label: str
    confidence: float
    score: float


@dataclass(frozen=True, slots=True)
class FieldSpan:
    """One field found in a text: characters ``start`` to ``end`` (exclusive) of that text, with its normalised form."""

    type: str
    start: int
    end: int
    confidence: float
    source: FieldSource
    normalized: Normalized = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ExtractedField:
    """A field as a result carries it: offsets count in the text as received and ``value`` is exactly that slice."""

    type: str
    value: str = field(repr=False)
    normalized: Normalized = field(repr=False)
    start: int
    end: int
    confidence: float
    source: FieldSource

    def to_json(self) -> dict[str, Any]:
        """The object of the result's ``fields`` list."""
        return {
            "type": self.type,
            "value": self.value,
            "normalized": dict(self.normalized) if isinstance(self.normalized, Mapping) else self.normalized,
            "start": self.start,
            "end": self.end,
            "confidence": self.confidence,
            "source": self.source,
        }


@dataclass(frozen=True, slots=True)
class Route:
    """Where the ticket goes, and why."""

    queue: str
    priority: str
    sla_minutes: int
    rule: str
    needs_review: bool
    reasons: tuple[str, ...]
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelRef:
    """Which model decided: ``sha256`` is the digest of its manifest, which holds the digest of every file."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class TicketResult:
    """One decision about one revision of one ticket."""

    ticket_id: str
    tenant: str
    revision: int
    category: CategoryResult
    sentiment: SentimentResult
    urgency: Label
    language: Label
    fields: tuple[ExtractedField, ...]
    route: Route
    model: ModelRef
    decided_by: DecidedBy
    truncated: bool
    processed_at: datetime
    latency_ms: float

    @property
    def key(self) -> str:
        """The Kafka key of everything about this ticket."""
        return f"{self.tenant}/{self.ticket_id}"

    def to_json(self) -> dict[str, Any]:
        """The result as the JSON object that the README documents."""
        return {
            "ticket_id": self.ticket_id,
            "tenant": self.tenant,
            "revision": self.revision,
            "category": {
                "label": self.category.label,
                "confidence": self.category.confidence,
                "scores": dict(self.category.scores),
                "secondary": self.category.secondary,
            },
            "sentiment": {
                "label": self.sentiment.label,
                "confidence": self.sentiment.confidence,
                "score": self.sentiment.score,
            },
            "urgency": {"label": self.urgency.label, "confidence": self.urgency.confidence},
            "language": {"code": self.language.label, "confidence": self.language.confidence},
            "fields": [item.to_json() for item in self.fields],
            "route": {
                "queue": self.route.queue,
                "priority": self.route.priority,
                "sla_minutes": self.route.sla_minutes,
                "rule": self.route.rule,
                "needs_review": self.route.needs_review,
                "reasons": list(self.route.reasons),
                "tags": list(self.route.tags),
            },
            "model": {"name": self.model.name, "version": self.model.version, "sha256": self.model.sha256},
            "decided_by": self.decided_by,
            "truncated": self.truncated,
            "processed_at": self.processed_at.isoformat(timespec="milliseconds"),
            "latency_ms": self.latency_ms,
        }


def result_from_json(document: Mapping[str, Any]) -> TicketResult:
    """The result that `TicketResult.to_json` wrote; raises `KeyError` where a part is missing."""
    category, sentiment, where = document["category"], document["sentiment"], document["route"]
    return TicketResult(
        ticket_id=document["ticket_id"],
        tenant=document["tenant"],
        revision=document["revision"],
        category=CategoryResult(
            category["label"], category["confidence"], dict(category["scores"]), category["secondary"]
        ),
        sentiment=SentimentResult(sentiment["label"], sentiment["confidence"], sentiment["score"]),
        urgency=Label(document["urgency"]["label"], document["urgency"]["confidence"]),
        language=Label(document["language"]["code"], document["language"]["confidence"]),
        fields=tuple(ExtractedField(**item) for item in document["fields"]),
        route=Route(**(dict(where) | {"reasons": tuple(where["reasons"]), "tags": tuple(where["tags"])})),
        model=ModelRef(**document["model"]),
        decided_by=document["decided_by"],
        truncated=document["truncated"],
        processed_at=datetime.fromisoformat(document["processed_at"]),
        latency_ms=document["latency_ms"],
    )
