"""In: raw records. Out: for each its ticket or the reason why there is none, and the dead letter of a failed one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from service import __version__
from service.broker.records import InputRecord
from service.decode import try_decode
from service.errors import InvalidMessageError
from service.store.values import DeadLetter
from service.ticket import Ticket

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A record and what came of decoding it."""

    record: InputRecord
    outcome: Ticket | InvalidMessageError


def decode_records(records: Sequence[InputRecord]) -> list[Decoded]:
    """Decode each record by itself; a bad one never stops its neighbours."""
    return [Decoded(record, try_decode(record.value, received_at=record.received_at)) for record in records]


def dead_letter(record: InputRecord, error: InvalidMessageError, model_version: str, failed_at: datetime) -> DeadLetter:
    """The record untouched, with what is to say of its failure."""
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
    )
