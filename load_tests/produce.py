"""In: the sample tickets. Out: any number of tickets on the input topic, at a steady rate, every one acknowledged.

Run as ``python -m load_tests.produce --count 2000 --rate 200``; settings as for ``deskroute worker``. What was
acknowledged is written to ``--journal`` for `load_tests.oracle`. Exits 1 where a message was not acknowledged.
"""

from __future__ import annotations

import argparse
import sys
import time
import uuid
from collections import Counter, deque
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError

from load_tests.journal import JournalEntry, JournalWriter, content_of
from load_tests.messages import TENANT, Message, Mix, messages
from service.broker.connection import connection_options
from service.errors import ConfigurationError
from service.settings import Settings, load_settings
from service.store.values import Coordinates

_REQUEST_TIMEOUT_MAX_MS = 30_000


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast to send, at most; how many messages may wait for their acknowledgement, and how long each."""

    rate_per_s: float
    outstanding: int = 2_000
    patience_s: float = 60.0


def produce(settings: Settings, count: int, pace: Pace, mix: Mix, journal: Path | None = None) -> int:
    """Send ``count`` messages with new ticket ids; returns how many were acknowledged."""
    started_s = time.monotonic()
    with ExitStack() as opened:
        writer = opened.enter_context(JournalWriter(journal)) if journal else None
        producer = opened.enter_context(_producer(settings, pace.patience_s))
        sending = _Sending(producer, settings.topic_incoming, pace, writer)
        for number, message in enumerate(messages(count, mix, uuid.uuid4().hex[:8]), 1):
            sending.send(message)
            ahead_s = number / pace.rate_per_s - (time.monotonic() - started_s)
            if ahead_s > 0:
                time.sleep(ahead_s)
        sending.finish()
    return sending.acknowledged


class _Sending:
    """Takes acknowledgements in the order of sending; only what was acknowledged is written down."""

    def __init__(self, producer: KafkaProducer, topic: str, pace: Pace, journal: JournalWriter | None) -> None:
        self._producer, self._topic, self._pace, self._journal = producer, topic, pace, journal
        self._waiting: deque[tuple[Message, Any]] = deque()
        self._refused: Counter[str] = Counter()
        self.acknowledged = 0

    def send(self, message: Message) -> None:
        while self._waiting and (self._waiting[0][1].is_done or len(self._waiting) >= self._pace.outstanding):
            self._take_oldest()
        try:
            future = self._producer.send(self._topic, message.value, message.key)
        except KafkaError as error:
            self._refused[f"not sent: {type(error).__name__}"] += 1
            return
        self._waiting.append((message, future))

    def finish(self) -> None:
        while self._waiting:
            self._take_oldest()
        for what, count in self._refused.items():
            print(f"{what}: {count} messages", file=sys.stderr)

    def _take_oldest(self) -> None:
        message, future = self._waiting.popleft()
        try:
            metadata = future.get(self._pace.patience_s + 1)
        except KafkaError as error:
            self._refused[f"not acknowledged: {type(error).__name__}"] += 1
            return
        self.acknowledged += 1
        if self._journal:
            self._journal.write(_entry(message, metadata))


def _producer(settings: Settings, patience_s: float) -> KafkaProducer:
    patience_ms = int(patience_s * 1_000)
    return KafkaProducer(
        **connection_options(settings),
        acks="all",
        # An idempotent producer of kafka-python 3.0 sends nothing more once a batch of it has expired.
        enable_idempotence=False,
        max_in_flight_requests_per_connection=1,
        compression_type="lz4",
        linger_ms=20,
        max_block_ms=patience_ms,
        delivery_timeout_ms=patience_ms,
        request_timeout_ms=min(_REQUEST_TIMEOUT_MAX_MS, patience_ms // 2),
    )


def _entry(message: Message, metadata: Any) -> JournalEntry:
    at = Coordinates(metadata.topic, metadata.partition, metadata.offset)
    revised_us = message.revised_us
    if message.kind == "ticket" and revised_us is None:
        # A ticket without a time of its own has that of its record.
        revised_us = metadata.timestamp * 1_000
    content = content_of(message.key, message.value)
    return JournalEntry(message.kind, at, content, TENANT, message.ticket_id, revised_us, datetime.now(UTC))


def main() -> None:
    """Parse the options and produce."""
    parser = argparse.ArgumentParser(prog="python -m load_tests.produce", description=__doc__)
    add = parser.add_argument
    add("--count", type=int, default=2_000)
    add("--rate", type=float, default=200.0, help="messages a second")
    add("--journal", type=Path, metavar="FILE", help="write down what was acknowledged, for load_tests.oracle")
    add("--invalid-share", type=float, default=0.0, help="share of messages that are no tickets")
    add("--duplicate-share", type=float, default=0.0, help="share of messages that were sent before")
    add("--late-share", type=float, default=0.0, help="share of older revisions of tickets sent before")
    add("--seed", type=int, default=0, help="the same seed gives the same mix")
    add("--outstanding", type=int, default=2_000, help="how many messages may wait for their acknowledgement")
    add("--patience", type=float, default=60.0, help="seconds that a message may wait for it")
    options = parser.parse_args()
    pace = Pace(options.rate, options.outstanding, options.patience)
    try:
        mix = Mix(options.invalid_share, options.duplicate_share, options.late_share, options.seed)
        acknowledged = produce(load_settings(), options.count, pace, mix, options.journal)
    except (ValueError, ConfigurationError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    print(f"{acknowledged} of {options.count} messages acknowledged")
    if acknowledged < options.count:
        sys.exit(1)


if __name__ == "__main__":
    main()
