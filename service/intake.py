"""In: raw records. Out: for each what it says (a ticket, a correction, a tombstone), or why it says nothing.

A record without a value whose key names a ticket is a tombstone: Kafka's own way of saying that the ticket is deleted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from pydantic import TypeAdapter, ValidationError

from service import __version__
from service.broker.records import InputRecord
from service.corrections import Correction, try_decode_correction
from service.decode import try_decode
from service.errors import InvalidMessageError, Reason, Stage
from service.store.values import Coordinates, DeadLetter, Erasure, SuppressionKind
from service.ticket import Tenant, Ticket, TicketId

Message = Ticket | Correction | Erasure

_log = structlog.get_logger(__name__)
_TICKET_KEY = TypeAdapter(tuple[Tenant, TicketId])


@dataclass(frozen=True, slots=True)
class Decoded:
    """A record and what came of decoding it."""

    record: InputRecord
    outcome: Message | InvalidMessageError


def decode_records(records: Sequence[InputRecord], corrections_topic: str) -> list[Decoded]:
    """Decode each record by itself; a bad one never stops its neighbours."""
    return [Decoded(record, _decode(record, corrections_topic)) for record in records]


def _decode(record: InputRecord, corrections_topic: str) -> Message | InvalidMessageError:
    if record.value is None:
        return _tombstone(record)
    if record.source.topic == corrections_topic:
        return try_decode_correction(record.value)
    return try_decode(record.value, received_at=record.received_at)


def _tombstone(record: InputRecord) -> Erasure | InvalidMessageError:
    try:
        tenant, _, ticket_id = (record.key or b"").decode().partition("/")
        tenant, ticket_id = _TICKET_KEY.validate_python((tenant, ticket_id))
    except (UnicodeDecodeError, ValidationError):
        detail = "the message has no value, and its key is not tenant/ticket_id"
        return InvalidMessageError(Reason.EMPTY, Stage.DECODE, detail)
    return Erasure(tenant, SuppressionKind.TICKET, ticket_id, record.received_at, coordinates_of(record))


def coordinates_of(record: InputRecord) -> Coordinates:
    """Where the record stands."""
    return Coordinates(record.source.topic, record.source.partition, record.offset)


def dead_letter(item: Decoded, error: InvalidMessageError, model_version: str, failed_at: datetime) -> DeadLetter:
    """The record untouched, with what is to say of its failure."""
    record = item.record
    _log.warning(
        "message_dead_lettered",
        topic=record.source.topic,
        partition=record.source.partition,
        offset=record.offset,
        reason=error.reason,
        stage=error.stage,
    )
    return DeadLetter(
        topic=record.source.topic,
        partition=record.source.partition,
        offset=record.offset,
        key=record.key,
        value=record.value,
        headers=record.headers,
        reason=error.reason,
        stage=error.stage,
        detail=error.detail,
        service_version=__version__,
        model_version=model_version,
        failed_at=failed_at,
        revised_at=_revised_at(item),
    )


def _revised_at(item: Decoded) -> datetime:
    if isinstance(item.outcome, Ticket) and item.outcome.revised_at is not None:
        return item.outcome.revised_at
    return item.outcome.corrected_at if isinstance(item.outcome, Correction) else item.record.received_at
