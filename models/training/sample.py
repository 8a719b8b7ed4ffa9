"""In: the written dev and test tickets. Out: the sample tickets that ship, in the shape that a help desk would send.

Circumstances that the written tickets do not have (times, tiers) are drawn with a fixed seed. Run
``python -m models.training.sample > service/sample/tickets.jsonl`` after changing written tickets.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from service.evaluation.data import read_labelled

_TICKETS = Path(__file__).parent / "tickets"
_FIRST = datetime(2026, 11, 16, 7, 0, tzinfo=UTC)
_DAYS = 5
_TICKETS_SHIPPED = 300
_TIERS = (None, None, None, "free", "standard", "standard", "vip", "enterprise")


def sample_tickets() -> Iterator[dict[str, Any]]:
    """Yield the tickets in the order in which they arrive."""
    rng = random.Random(20261124)
    rows = [row for part in ("dev", "test") for row in read_labelled(_TICKETS / part)]
    rng.shuffle(rows)
    rows = rows[:_TICKETS_SHIPPED]
    seconds = sorted(rng.randrange(_DAYS * 86_400) for _ in rows)
    for number, (row, offset_s) in enumerate(zip(rows, seconds, strict=True), 1):
        ticket: dict[str, Any] = {
            "ticket_id": f"sample-{number:04d}",
            "subject": row.subject,
            "body": row.body,
            "channel": row.channel,
            "created_at": (_FIRST + timedelta(seconds=offset_s)).isoformat(),
            "requester": {"locale": row.language, "tier": rng.choice(_TIERS)},
            "tags": [] if row.trade is None else [row.trade],
        }
        yield ticket


if __name__ == "__main__":
    for sample in sample_tickets():
        sys.stdout.write(json.dumps(sample, ensure_ascii=False) + "\n")
