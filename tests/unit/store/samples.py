"""In: what a test cares about. Out: decisions and dead letters that are complete, the rest filled in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from service.errors import Reason, Stage
from service.events import routed_event_id
from service.result import (
    CategoryResult,
    ExtractedField,
    Label,
    ModelRef,
    Normalized,
    Route,
    SentimentResult,
    TicketResult,
)
from service.store.values import Coordinates, DeadLetter, StoredDecision

NOW = datetime(2026, 3, 3, 12, 30, 15, 123456, tzinfo=UTC)
TOPIC = "tickets.incoming"


def field(
    value: str = "A-1001", normalized: Normalized = None, kind: str = "order_id", confidence: float = 0.91
) -> ExtractedField:
    return ExtractedField(kind, value, normalized, 10, 10 + len(value), confidence, "pattern")


def result(
    ticket_id: str = "t1", revision: int = 1, fields: Iterable[ExtractedField] = (), queue: str = "billing"
) -> TicketResult:
    return TicketResult(
        ticket_id=ticket_id,
        tenant="acme",
        revision=revision,
        category=CategoryResult("billing", 0.9123, {"billing": 0.9123, "refund": 0.05, "other": 1e-07}, "refund"),
        sentiment=SentimentResult("negative", 0.8, -0.71),
        urgency=Label("high", 0.7),
        language=Label("en", 0.99),
        fields=tuple(fields),
        route=Route(queue, "high", 60, "billing-high", False, ("category=billing",), ("lang:en",)),
        model=ModelRef("default", "1", "ab" * 32),
        decided_by="full",
        truncated=False,
        processed_at=NOW,
        latency_ms=4.25,
    )


def decision(
    ticket_id: str = "t1",
    revision: int = 1,
    fields: Iterable[ExtractedField] = (),
    queue: str = "billing",
    offset: int | None = None,
) -> StoredDecision:
    return StoredDecision(
        result=result(ticket_id, revision, fields, queue),
        channel="email",
        source="zendesk",
        received_at=NOW,
        event_id=routed_event_id("acme", ticket_id, revision),
        coordinates=None if offset is None else Coordinates(TOPIC, 0, offset),
    )


def with_priority(stored: StoredDecision, priority: str) -> StoredDecision:
    route = replace(stored.result.route, priority=priority)
    return replace(stored, result=replace(stored.result, route=route))


def dead_letter(offset: int = 7, detail: str = "body: Field required") -> DeadLetter:
    return DeadLetter(
        topic=TOPIC,
        partition=0,
        offset=offset,
        key=b"acme/\xff",
        value=b'{"body": "\x00\xfe',
        headers=(("traceparent", b"00-ab-cd-01"), ("x", None), ("n\x00ä%41", b"\x00\xff 100%25")),
        reason=Reason.NOT_UTF8,
        stage=Stage.DECODE,
        detail=detail,
        service_version="0.1.0",
        model_version="1",
        failed_at=NOW,
    )
