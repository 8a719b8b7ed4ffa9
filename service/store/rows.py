"""In: decisions and dead letters. Out: the rows that say them, as dictionaries keyed by column name.

PostgreSQL stores neither U+0000 nor lone surrogates in text, so each becomes U+FFFD, one for one, on every back end
alike: offsets stay right. Raises `InvalidMessageError` for a number that no column holds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_from_bytes, unquote, unquote_to_bytes

from service.errors import InvalidMessageError, Reason, Stage
from service.result import result_from_json
from service.store.schema import ticket_current
from service.store.values import DeadLetter, StoredDecision, StoredTicket, TicketFacts

Row = dict[str, Any]

MAX_FIELD_VALUE_CHARS = 512
"""A B-tree entry holds at most 2,704 bytes, so longer values are cut in `result_fields`; `document` has them whole."""

_MAX_BIGINT = 2**63 - 1
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_HEADER_SAFE = " !\"#$&'()*+,/:;<=>?@[\\]^`{|}"


def result_row(decision: StoredDecision) -> Row:
    """The row of `results`."""
    result, coordinates = decision.result, decision.coordinates
    document = result.to_json()
    row: Row = {
        "tenant": result.tenant,
        "ticket_id": result.ticket_id,
        "revision": result.revision,
        "event_id": decision.event_id,
        "category": result.category.label,
        "category_confidence": result.category.confidence,
        "secondary_category": result.category.secondary,
        "sentiment": result.sentiment.label,
        "sentiment_score": result.sentiment.score,
        "urgency": result.urgency.label,
        "urgency_confidence": result.urgency.confidence,
        "language": result.language.label,
        "queue": result.route.queue,
        "priority": result.route.priority,
        "sla_minutes": result.route.sla_minutes,
        "rule": result.route.rule,
        "needs_review": result.route.needs_review,
        "decided_by": result.decided_by,
        "model_name": result.model.name,
        "model_version": result.model.version,
        "model_sha256": result.model.sha256,
        "channel": decision.channel,
        "source": decision.source,
        "received_at": decision.received_at,
        "processed_at": result.processed_at,
        "latency_ms": result.latency_ms,
        "truncated": result.truncated,
        "topic": coordinates.topic if coordinates else None,
        "partition": coordinates.partition if coordinates else None,
        "offset": coordinates.offset if coordinates else None,
        "scores": document["category"]["scores"],
        "reasons": document["route"]["reasons"],
        "document": document,
        "revised_us": decision.facts.revised_us,
        "sequence": decision.facts.sequence,
        "content_digest": decision.facts.content_digest,
        "requester_digests": " ".join(decision.facts.requester_digests) or None,
        "requester_tier": decision.facts.requester_tier,
        "tags": list(decision.facts.tags),
        "corrected_by": decision.facts.corrected_by,
    }
    return {name: storable(value) for name, value in row.items()}


def field_rows(row: Row) -> list[Row]:
    """The rows of `result_fields` that belong to a row of `results`."""
    return [
        {
            "tenant": row["tenant"],
            "ticket_id": row["ticket_id"],
            "revision": row["revision"],
            "position": position,
            "type": item["type"],
            "value": item["value"][:MAX_FIELD_VALUE_CHARS],
            "normalized": item["normalized"],
            "start_offset": item["start"],
            "end_offset": item["end"],
            "confidence": item["confidence"],
            "source": item["source"],
        }
        for position, item in enumerate(row["document"]["fields"])
    ]


def current_rows(rows: Iterable[Row]) -> list[Row]:
    """The rows of `ticket_current`: the highest revision per ticket, in key order so that writers lock alike."""
    highest: dict[tuple[str, str], Row] = {}
    for row in rows:
        key = (row["tenant"], row["ticket_id"])
        if key not in highest or row["revision"] > highest[key]["revision"]:
            highest[key] = row
    return [{column.name: row[column.name] for column in ticket_current.columns} for _, row in sorted(highest.items())]


def dead_letter_row(letter: DeadLetter) -> Row:
    """The row of `dead_letters`; headers are percent-encoded, which loses no byte and leaves plain ones readable."""
    return {
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "id": letter.id,
        "key": letter.key,
        "value": letter.value,
        "headers": [
            [
                quote(name, safe=_HEADER_SAFE, errors="surrogatepass"),
                None if value is None else quote_from_bytes(value, safe=_HEADER_SAFE),
            ]
            for name, value in letter.headers
        ],
        "reason": letter.reason.value,
        "stage": letter.stage.value,
        "detail": storable(letter.detail),
        "service_version": letter.service_version,
        "model_version": letter.model_version,
        "failed_at": letter.failed_at,
        "attempts": letter.attempts,
    }


def stored_ticket(row: Mapping[str, Any]) -> StoredTicket:
    """The revision that a row of `results` says."""
    facts = TicketFacts(
        revised_us=row["revised_us"],
        sequence=row["sequence"],
        content_digest=row["content_digest"],
        requester_digests=tuple((row["requester_digests"] or "").split()),
        requester_tier=row["requester_tier"],
        tags=tuple(row["tags"] or ()),
        corrected_by=row["corrected_by"],
    )
    return StoredTicket(result_from_json(row["document"]), row["channel"], row["source"], row["received_at"], facts)


def read_headers(stored: list[list[str | None]]) -> tuple[tuple[str, bytes | None], ...]:
    """The headers that `dead_letter_row` encoded."""
    return tuple(
        (unquote(name or "", errors="surrogatepass"), None if value is None else unquote_to_bytes(value))
        for name, value in stored
    )


def storable(value: Any) -> Any:
    """A JSON-shaped value with what no column holds replaced (characters) or refused (numbers)."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [storable(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidMessageError(Reason.REJECTED_BY_STORE, Stage.STORE, "a number is not finite")
    if isinstance(value, int) and abs(value) > _MAX_BIGINT:
        raise InvalidMessageError(Reason.REJECTED_BY_STORE, Stage.STORE, "an integer needs more than 64 bits")
    return value
