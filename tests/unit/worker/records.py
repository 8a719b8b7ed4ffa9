"""In: what a test cares about. Out: tickets, corrections and tombstones with their keys, in a topic that holds them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta

from service.broker.records import InputRecord, PartitionId
from service.revisions import microseconds
from tests.unit.worker.fakes import CORRECTIONS, NOW, TOPIC, Topic

TIME_US = microseconds(NOW)
Sent = tuple[str, bytes | None]
"""Ticket id and value: None erases the ticket."""


def ticket(ticket_id: str = "t1", body: str = "hello", seconds: float = 0, **more: object) -> Sent:
    said = {"ticket_id": ticket_id, "tenant": "acme", "body": body, "updated_at": _time(seconds)}
    return ticket_id, json.dumps(said | more).encode()


def correction(ticket_id: str = "t1", seconds: float = 0, **labels: object) -> Sent:
    said = {"ticket_id": ticket_id, "tenant": "acme", "corrected_at": _time(seconds), "corrected_by": "kim"}
    return ticket_id, json.dumps(said | labels).encode()


def tombstone(ticket_id: str = "t1") -> Sent:
    return ticket_id, None


def send(topic: Topic, sent: Sequence[Sent], name: str = TOPIC, seconds: Mapping[int, float] | None = None) -> None:
    """Append to partition 0 of a topic, at NOW, or at so many seconds from it where an index is named."""
    records = topic.records.setdefault(PartitionId(name, 0), [])
    for index, (ticket_id, value) in enumerate(sent):
        at = NOW + timedelta(seconds=(seconds or {}).get(index, 0))
        offset = topic.first_offset + len(records)
        key, time_ms = f"acme/{ticket_id}".encode(), microseconds(at) // 1_000
        records.append(InputRecord(PartitionId(name, 0), offset, key, value, (), time_ms))


def correct(topic: Topic, sent: Sequence[Sent]) -> None:
    """Append to the topic of corrections."""
    send(topic, sent, CORRECTIONS)


def _time(seconds: float) -> str:
    return (NOW + timedelta(seconds=seconds)).isoformat()
