"""In: records to publish. Out: the promise that the brokers have every one of them.

Raises `BrokerUnavailableError` unless every record was acknowledged by all in-sync replicas in time. What is
outstanding is bounded by count and by bytes, since kafka-python's own buffer is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import structlog
from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError, MessageSizeTooLargeError

from service.broker.connection import connection_options
from service.broker.records import Headers, OutputRecord
from service.errors import BrokerUnavailableError, RecordTooLargeError
from service.settings import Settings
from service.stopping import StopRequest

_log = structlog.get_logger(__name__)
_MAX_OUTSTANDING = 2_000
_MAX_OUTSTANDING_BYTES = 16 * 1_024 * 1_024
_FLUSH_SLICE_S = 0.25


class RecordSink:
    """An idempotent producer (`acks=all`, lz4)."""

    def __init__(self, settings: Settings, monotonic: Callable[[], float]) -> None:
        self._timeout_s = settings.publish_timeout_ms / 1_000
        self._monotonic = monotonic
        try:
            self._producer = KafkaProducer(
                **connection_options(settings),
                client_id="deskroute-worker",
                acks="all",
                enable_idempotence=True,
                compression_type="lz4",
                linger_ms=5,
                batch_size=256 * 1_024,
                max_request_size=2 * 1_024 * 1_024,
                delivery_timeout_ms=settings.publish_timeout_ms,
                request_timeout_ms=max(1_000, settings.publish_timeout_ms // 2),
                max_block_ms=settings.publish_timeout_ms,
                allow_auto_create_topics=False,
            )
        except KafkaError as error:
            raise BrokerUnavailableError(f"Kafka at {settings.kafka_bootstrap}: {error}") from error

    def publish(self, records: Sequence[OutputRecord], stop: StopRequest) -> None:
        """Send all records and wait for every acknowledgement; after an error some may be on the topics already.

        A stop request shortens the wait to what is left of its deadline.
        """
        for piece in bounded_pieces(records, _MAX_OUTSTANDING, _MAX_OUTSTANDING_BYTES):
            self._publish_piece(piece, stop)

    def close(self, timeout_s: float) -> None:
        """Close the connections in bounded time; nothing is outstanding between two calls of `publish`."""
        self._producer.close(timeout=timeout_s)

    def _publish_piece(self, records: Sequence[OutputRecord], stop: StopRequest) -> None:
        try:
            futures = [
                self._producer.send(
                    record.topic,
                    record.value,
                    record.key,
                    _sendable(record.headers),
                    timestamp_ms=record.timestamp_ms,
                )
                for record in records
            ]
        except KafkaError as error:
            raise BrokerUnavailableError(f"publish: {type(error).__name__}: {error}") from error
        self._flush(stop)
        too_large = [
            record
            for record, future in zip(records, futures, strict=True)
            if not future.succeeded() and _is_too_large(record, future)
        ]
        if too_large:
            _log.warning("record_made_smaller", topics=sorted({record.topic for record in too_large}))
            self._publish_piece([record.smaller for record in too_large if record.smaller is not None], stop)

    def _flush(self, stop: StopRequest) -> None:
        """Wait until nothing is outstanding, in slices, so that a stop request is noticed."""
        deadline_s = self._monotonic() + self._timeout_s
        while True:
            left_s = stop.left_s(deadline_s - self._monotonic())
            try:
                self._producer.flush(min(_FLUSH_SLICE_S, left_s))
            except KafkaTimeoutError:
                if left_s <= 0:
                    return  # the futures say which records were not acknowledged
            except KafkaError as error:
                raise BrokerUnavailableError(f"publish: {type(error).__name__}: {error}") from error
            else:
                return


def _is_too_large(record: OutputRecord, future: Any) -> bool:
    """True where something smaller can be sent instead; raises where the record was not acknowledged at all."""
    failure = future.exception if future.is_done else "not acknowledged in time"
    if not isinstance(failure, MessageSizeTooLargeError):
        raise BrokerUnavailableError(f"publish to {record.topic}: {failure!r}")
    if record.smaller is None:
        raise RecordTooLargeError(
            f"{record.topic} refuses a record of {record.size_bytes} bytes: raise its max.message.bytes to 2 MiB"
        )
    return True


def _sendable(headers: Headers) -> list[tuple[str, bytes]]:
    # kafka-python refuses a header without a value, which another producer may well have sent.
    return [(name, value or b"") for name, value in headers]


def bounded_pieces(
    records: Sequence[OutputRecord], max_records: int, max_bytes: int
) -> Iterator[Sequence[OutputRecord]]:
    """The records in order, in pieces of bounded count and size; a larger record is a piece of its own."""
    start = size_bytes = 0
    for index, record in enumerate(records):
        if index > start and (index - start >= max_records or size_bytes + record.size_bytes > max_bytes):
            yield records[start:index]
            start, size_bytes = index, 0
        size_bytes += record.size_bytes
    if start < len(records):
        yield records[start:]
