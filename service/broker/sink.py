"""In: records to publish. Out: the promise that the brokers have every one of them.

Raises `BrokerUnavailableError` unless every record was acknowledged by all in-sync replicas in time. What is
outstanding is bounded by count and by bytes, since kafka-python's own buffer is not. After a failure the producer is
thrown away with what it still holds: kafka-python 3.0.12 loses its producer id for good where a batch that it had sent
expires, and from then on sends nothing, without an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

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
_DISCARD_LIMIT_S = 2.0


class RecordSink:
    """An idempotent producer (`acks=all`, lz4)."""

    def __init__(self, settings: Settings, monotonic: Callable[[], float]) -> None:
        self._settings = settings
        self._timeout_s = settings.publish_timeout_ms / 1_000
        self._monotonic = monotonic
        self._producer: KafkaProducer | None = _connect(settings, self._timeout_s)

    def publish(self, records: Sequence[OutputRecord], stop: StopRequest) -> None:
        """Send all records and wait for every acknowledgement; after an error some may be on the topics already.

        A stop request shortens the wait to what is left of its deadline.
        """
        try:
            for piece in bounded_pieces(records, _MAX_OUTSTANDING, _MAX_OUTSTANDING_BYTES):
                self._publish_piece(piece, stop)
        except BrokerUnavailableError:
            self._drop_producer()
            raise

    def close(self, timeout_s: float) -> None:
        """Close the connections in bounded time; nothing is outstanding between two calls of `publish`."""
        if self._producer is not None:
            self._producer.close(timeout=timeout_s)

    def _publish_piece(self, records: Sequence[OutputRecord], stop: StopRequest) -> None:
        producer = self._producer or _connect(self._settings, stop.left_s(self._timeout_s))
        self._producer = producer
        try:
            futures = [
                producer.send(
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
        self._flush(producer, stop)
        failed = [
            (record, future.exception if future.is_done else "not acknowledged in time")
            for record, future in zip(records, futures, strict=True)
            if not future.succeeded()
        ]
        if any(isinstance(failure, MessageSizeTooLargeError) for _, failure in failed):
            # The producer is of no more use, and what was sent together with a record too large failed with it.
            self._drop_producer()
            for record in [record for record, _ in failed]:
                self._publish_piece([record] if len(records) > 1 else [_smaller(record)], stop)
        elif failed:
            record, failure = failed[0]
            raise BrokerUnavailableError(f"publish to {record.topic}: {failure!r}")

    def _drop_producer(self) -> None:
        if self._producer is not None:
            _discard(self._producer)
            self._producer = None

    def _flush(self, producer: KafkaProducer, stop: StopRequest) -> None:
        """Wait until nothing is outstanding, in slices, so that a stop request is noticed."""
        deadline_s = self._monotonic() + self._timeout_s
        while True:
            left_s = stop.left_s(deadline_s - self._monotonic())
            try:
                producer.flush(min(_FLUSH_SLICE_S, left_s))
            except KafkaTimeoutError:
                if left_s <= 0:
                    return  # the futures say which records were not acknowledged
            except KafkaError as error:
                raise BrokerUnavailableError(f"publish: {type(error).__name__}: {error}") from error
            else:
                return


def _connect(settings: Settings, limit_s: float) -> KafkaProducer:
    try:
        return KafkaProducer(
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
            bootstrap_timeout_ms=max(1, int(limit_s * 1_000)),
            allow_auto_create_topics=False,
        )
    except KafkaError as error:
        raise BrokerUnavailableError(f"Kafka at {settings.kafka_bootstrap}: {error}") from error


def _discard(producer: KafkaProducer) -> None:
    """End a producer without sending what it holds; `close` alone would first wait for exactly that, and then raise."""
    producer._sender.force_close()  # noqa: SLF001  there is no public way
    with suppress(KafkaError):
        producer.close(timeout=_DISCARD_LIMIT_S)


def _smaller(record: OutputRecord) -> OutputRecord:
    if record.smaller is None:
        raise RecordTooLargeError(
            f"{record.topic} refuses a record of {record.size_bytes} bytes: raise its max.message.bytes to 2 MiB"
        )
    _log.warning("record_made_smaller", topic=record.topic, size_bytes=record.size_bytes)
    return record.smaller


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
