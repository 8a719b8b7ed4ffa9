"""In: records to publish. Out: the promise that the brokers have every one of them.

Raises `BrokerUnavailableError` unless every record was acknowledged by all in-sync replicas in time.
"""

from __future__ import annotations

from collections.abc import Sequence

from kafka import KafkaProducer
from kafka.errors import KafkaError

from service.broker.connection import connection_options
from service.broker.records import OutputRecord
from service.errors import BrokerUnavailableError
from service.settings import Settings

_MAX_OUTSTANDING = 2_000


class RecordSink:
    """An idempotent producer (`acks=all`, lz4)."""

    def __init__(self, settings: Settings) -> None:
        self._timeout_s = settings.publish_timeout_ms / 1_000
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

    def publish(self, records: Sequence[OutputRecord]) -> None:
        """Send all records and wait for every acknowledgement; after an error some may be on the topics already."""
        for start in range(0, len(records), _MAX_OUTSTANDING):
            self._publish_slice(records[start : start + _MAX_OUTSTANDING])

    def close(self, timeout_s: float) -> None:
        """Close the connections in bounded time; nothing is outstanding between two calls of `publish`."""
        self._producer.close(timeout=timeout_s)

    def _publish_slice(self, records: Sequence[OutputRecord]) -> None:
        try:
            futures = [
                self._producer.send(record.topic, record.value, record.key, list(record.headers)) for record in records
            ]
            self._producer.flush(self._timeout_s)
        except KafkaError as error:
            raise BrokerUnavailableError(f"publish: {type(error).__name__}: {error}") from error
        for record, future in zip(records, futures, strict=True):
            if not future.succeeded():
                failure = future.exception if future.is_done else "not acknowledged in time"
                raise BrokerUnavailableError(f"publish to {record.topic}: {failure!r}")
