"""In: the sample tickets. Out: messages for the input topic, in a seeded mix of good, broken, repeated and late ones.

The same seed gives the same mix, with other ticket ids where the run is another.
"""

from __future__ import annotations

import json
import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import Any

from load_tests.journal import Kind
from service.revisions import microseconds
from service.sample import SAMPLE_TICKETS_FILE

TENANT = "default"
_REMEMBERED = 1_000
_LATE_BY_MAX_S = 86_400
_BROKEN_VALUES = (
    b'{"ticket_id": "broken", "body": ',
    b"\xff\xfe not UTF-8",
    b'["not", "an", "object"]',
    b'{"ticket_id": "no-body"}',
    b'{"ticket_id": "no-tenant", "tenant": "NOT ALLOWED", "body": "x"}',
    b" ",
)


@dataclass(frozen=True, slots=True)
class Mix:
    """Shares of what is sent; the rest are new tickets. Raises `ValueError` for shares above 1 or below 0.

    A duplicate is a message sent before, byte for byte; a late one is another text of a ticket sent before, with an
    older `updated_at`.
    """

    invalid_share: float = 0.0
    duplicate_share: float = 0.0
    late_share: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if min(*self.shares, self.new_share) < 0:
            raise ValueError("shares must not be below 0, nor above 1 together")

    @property
    def shares(self) -> tuple[float, float, float]:
        """Of invalid, duplicate and late messages."""
        return self.invalid_share, self.duplicate_share, self.late_share

    @property
    def new_share(self) -> float:
        """Of new tickets."""
        return 1 - sum(self.shares)


@dataclass(frozen=True, slots=True)
class Message:
    """A message to send, and what a journal says of it; ``revised_us`` is None where the ticket has no time."""

    kind: Kind
    ticket_id: str
    value: bytes = field(repr=False)
    revised_us: int | None

    @property
    def key(self) -> bytes:
        """The Kafka key."""
        return f"{TENANT}/{self.ticket_id}".encode()


def messages(count: int, mix: Mix, run: str) -> Iterator[Message]:
    """So many messages; ``run`` is part of every ticket id."""
    rng = random.Random(mix.seed)  # noqa: S311
    samples = cycle(json.loads(line) for line in SAMPLE_TICKETS_FILE.read_bytes().splitlines())
    sent: deque[Message] = deque(maxlen=_REMEMBERED)
    tickets: deque[dict[str, Any]] = deque(maxlen=_REMEMBERED)
    kinds = ("invalid", "duplicate", "late", "new")
    for number, kind in enumerate(rng.choices(kinds, (*mix.shares, mix.new_share), k=count)):
        ticket_id = f"load-{run}-{number}"
        if kind == "invalid":
            message = Message("invalid", ticket_id, rng.choice(_BROKEN_VALUES), None)
        elif kind == "duplicate" and sent:
            message = rng.choice(sent)
        elif kind == "late" and tickets:
            message = _of_ticket(_earlier(rng.choice(tickets), number, rng))
        else:
            tickets.append(next(samples) | {"ticket_id": ticket_id})
            message = _of_ticket(tickets[-1])
        sent.append(message)
        yield message


def _of_ticket(ticket: dict[str, Any]) -> Message:
    said = ticket.get("updated_at") or ticket.get("created_at")
    revised_us = microseconds(datetime.fromisoformat(said)) if said else None
    return Message("ticket", ticket["ticket_id"], json.dumps(ticket).encode(), revised_us)


def _earlier(ticket: dict[str, Any], number: int, rng: random.Random) -> dict[str, Any]:
    newest = datetime.fromisoformat(ticket.get("created_at") or datetime.now(UTC).isoformat())
    updated_at = newest - timedelta(seconds=rng.randint(1, _LATE_BY_MAX_S))
    return ticket | {"updated_at": updated_at.isoformat(), "body": f"{ticket['body']}\n\n(as it was, {number})"}
