"""In: a random generator. Out: the input of a schedule: a few small partitions, with what each record is.

Among the tickets are duplicates, revisions out of order and at the same time, tickets that break the model, the store
or the process; among the rest are bytes that are no ticket, tombstones and corrections. Offsets may have gaps.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from random import Random

from service.broker.records import InputRecord, PartitionId
from service.corrections import Correction, version_of_correction
from service.decode import decode_ticket
from service.revisions import Version, version_of

TENANT = "acme"
INCOMING = "tickets.incoming"
CORRECTIONS = "tickets.corrections"
START = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
SECONDS = 6
_MS_A_RECORD = 400
_CATEGORIES = ("billing", "other")
_INVALID = (b'{"ticket_id": "t0", "body"', b"\xff\xfe", b"[]", b'{"ticket_id": "t0"}', b"")


class What(StrEnum):
    """What a record is."""

    TICKET = "ticket"
    POISON = "poison"
    REFUSED = "refused"
    KILLER = "killer"
    CORRECTION = "correction"
    BAD_CORRECTION = "bad_correction"
    TOMBSTONE = "tombstone"
    INVALID = "invalid"


TICKETS = (What.TICKET, What.POISON, What.REFUSED, What.KILLER)
"""Valid tickets: the model breaks on poison, the store refuses the result of refused, a killer ends the process."""

CORRECTIONS_OF_ANY_KIND = (What.CORRECTION, What.BAD_CORRECTION)

_WEIGHTS = {
    What.TICKET: 58,
    What.POISON: 3,
    What.REFUSED: 7,
    What.CORRECTION: 10,
    What.BAD_CORRECTION: 2,
    What.TOMBSTONE: 7,
    What.INVALID: 13,
}
_SHARE_OF_DUPLICATES = 0.15
_SHARE_WITH_A_KILLER = 0.04


@dataclass(frozen=True, slots=True)
class Message:
    """A record and what it is; ``version`` is that of a ticket or a correction."""

    record: InputRecord
    what: What
    ticket_id: str
    version: Version | None = None


def draw_messages(rng: Random) -> tuple[Message, ...]:
    """Five to fifteen records on one to three partitions, and on the topic of corrections."""
    partitions = [PartitionId(INCOMING, number) for number in range(rng.randint(1, 3))]
    corrections = PartitionId(CORRECTIONS, 0)
    tickets = rng.randint(1, 4)
    offsets = {source: rng.choice((0, 0, 40)) for source in (*partitions, corrections)}
    kinds = rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()), k=rng.randint(5, 15))
    if rng.random() < _SHARE_WITH_A_KILLER:
        kinds[rng.randrange(5)] = What.KILLER
    drawn: list[Message] = []
    for position, what in enumerate(kinds):
        number = rng.randrange(tickets)
        source = corrections if what in CORRECTIONS_OF_ANY_KIND else partitions[number % len(partitions)]
        message = _draw(rng, what, f"t{number}", source)
        again = rng.choice([one for one in drawn if one.what is not What.TOMBSTONE] or [message])
        if rng.random() < _SHARE_OF_DUPLICATES:
            message = again
        source = message.record.source
        timestamp_ms = int(START.timestamp() * 1_000) + position * _MS_A_RECORD
        record = replace(message.record, offset=offsets[source], timestamp_ms=timestamp_ms)
        offsets[source] += rng.choice((1, 1, 1, 1, 2))
        drawn.append(replace(message, record=record))
    return tuple(drawn)


def _draw(rng: Random, what: What, ticket_id: str, source: PartitionId) -> Message:
    """A record without its place in the log."""
    key = f"{TENANT}/{ticket_id}".encode()
    version: Version | None = None
    value: bytes | None
    if what is What.TOMBSTONE:
        value = None
    elif what is What.INVALID:
        value = rng.choice((*_INVALID, None))
        key = b"no-ticket" if value is None else key
    elif what in CORRECTIONS_OF_ANY_KIND:
        # Never at the microsecond of another version: which of the two is the later then depends on how two topics are
        # read, which is another time when a store went back, or when the one was erased before the other came.
        second = rng.randrange(SECONDS)
        label, fraction = (_CATEGORIES[second % 2], 0.5) if what is What.CORRECTION else ("nonsense", 0.75)
        value, version = _correction(ticket_id if rng.random() < 0.9 else "unknown", second + fraction, label)
        ticket_id = version.ticket_id
        key = f"{TENANT}/{ticket_id}".encode()
    else:
        # What never becomes a row has a time of its own. Beside a ticket of the same microsecond it may cost that
        # ticket a number or not, by how they are batched; a rewound store may then number the ticket anew.
        content, fraction = (rng.randrange(3), 0.0) if what is What.TICKET else (what.value, 0.25)
        sequence = rng.choice((None, None, None, 1, 2, 3))
        value, version = _ticket(ticket_id, rng.randrange(SECONDS) + fraction, sequence, f"content {content}")
    return Message(InputRecord(source, 0, key, value, (), 0), what, ticket_id, version)


@cache
def _ticket(ticket_id: str, second: float, sequence: int | None, body: str) -> tuple[bytes, Version]:
    updated_at = (START + timedelta(seconds=second)).isoformat()
    ticket = {"ticket_id": ticket_id, "tenant": TENANT, "body": body, "updated_at": updated_at, "sequence": sequence}
    value = json.dumps(ticket).encode()
    return value, version_of(decode_ticket(value))


@cache
def _correction(ticket_id: str, second: float, category: str) -> tuple[bytes, Version]:
    correction = Correction(
        ticket_id=ticket_id,
        tenant=TENANT,
        corrected_at=START + timedelta(seconds=second),
        corrected_by="agent",
        category=category,
    )
    return correction.model_dump_json().encode(), version_of_correction(correction)
