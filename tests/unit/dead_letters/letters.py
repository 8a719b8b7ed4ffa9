"""In: what a test cares about. Out: dead letters, the rest filled in, and a database that holds them."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from service.errors import Reason, Stage
from service.store.engine import create_store_engine
from service.store.store import Store
from service.store.values import BatchRange, DeadLetter
from tests.unit.store.samples import NOW, TOPIC, dead_letter

SECRET = "hunter2-private-text"
VALID = json.dumps({"ticket_id": "t-1", "body": SECRET}).encode()
INVALID = json.dumps({"ticket_id": "t-1", "text": SECRET}).encode()


def letter(  # noqa: PLR0913  a test names what it cares about
    offset: int = 0,
    value: bytes | None = VALID,
    *,
    topic: str = TOPIC,
    reason: Reason = Reason.SCHEMA,
    stage: Stage = Stage.DECODE,
    failed_at: datetime | None = None,
    detail: str = "body: Field required",
) -> DeadLetter:
    at = failed_at or NOW + timedelta(minutes=offset)
    sample = replace(dead_letter(offset, detail), topic=topic, value=value, failed_at=at)
    return replace(sample, reason=reason, stage=stage, headers=(("traceparent", b"00-ab-cd-01"), ("x", None)))


def store_letters(database: Path, letters: list[DeadLetter]) -> None:
    """Write them as a worker does."""
    store = Store(create_store_engine(f"sqlite:///{database}"))
    for topic in sorted({one.topic for one in letters}):
        (claim,) = store.claim("group", topic, {0: 0}, uuid.uuid4(), None)
        mine = [one for one in letters if one.topic == topic]
        store.write_batch([BatchRange(claim, 0, max(one.offset for one in mine) + 1)], [], mine)
    store.close()
