"""In: records of any size and shape. Out: the same on the input topic, acknowledged and journaled.

For what `load_tests.produce` does not send: many headers, large values, values that are only small when compressed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from kafka import KafkaProducer

from load_tests.faults.scene import Scene
from load_tests.journal import JournalEntry, JournalWriter, Kind, content_of
from load_tests.messages import TENANT
from service.broker.connection import connection_options
from service.store.values import Coordinates

_LARGEST_BYTES = 64 * 1_024 * 1_024
_ANSWER_LIMIT_S = 30.0


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A record to send, and what must become of it; ``revised_us`` as in a journal."""

    kind: Kind
    ticket_id: str
    value: bytes | None = field(repr=False)
    revised_us: int | None = None
    headers: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)

    @property
    def key(self) -> bytes:
        """The Kafka key."""
        return f"{TENANT}/{self.ticket_id}".encode()


def send(scene: Scene, records: Iterable[RawRecord], partition: int | None = None, compression: str = "gzip") -> int:
    """Send the records one after the other; returns how many were acknowledged, which is all of them."""
    count = 0
    with (
        JournalWriter(scene.journal) as journal,
        KafkaProducer(
            **connection_options(scene.settings),
            acks="all",
            compression_type=compression,
            linger_ms=5,
            max_request_size=_LARGEST_BYTES,
        ) as producer,
    ):
        sent = [
            (
                record,
                producer.send(
                    scene.settings.topic_incoming, record.value, record.key, list(record.headers), partition=partition
                ),
            )
            for record in records
        ]
        for record, future in sent:
            metadata = future.get(_ANSWER_LIMIT_S)
            at = Coordinates(metadata.topic, metadata.partition, metadata.offset)
            content = content_of(record.key, record.value)
            revised_us = record.revised_us
            if revised_us is None and record.kind != "invalid":
                revised_us = metadata.timestamp * 1_000
            journal.write(
                JournalEntry(record.kind, at, content, TENANT, record.ticket_id, revised_us, datetime.now(UTC))
            )
            count += 1
    return count
