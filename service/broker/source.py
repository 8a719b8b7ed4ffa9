"""In: partitions of the input topics, as the consumer group assigns them. Out: raw records, and committed offsets.

The rebalance listener runs on the client's I/O thread, so it only pauses the partitions and notes the change; the
worker claims them on its own thread and then says from where to read. Raises `BrokerUnavailableError` where the broker
is away and `InputPositionError` where the stored position is no longer in the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock

from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.errors import (
    CommitFailedError,
    FencedInstanceIdError,
    IllegalGenerationError,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)
from kafka.structs import OffsetAndMetadata

from service.broker.connection import connection_options
from service.broker.header_names import read_any_header_name
from service.broker.records import InputRecord, PartitionId
from service.errors import BrokerUnavailableError, FencedError, InputPositionError
from service.settings import Settings

_FETCH_MAX_BYTES = 16 * 1_024 * 1_024
_PROBE_TIMEOUT_MS = 5_000
_HEARTBEAT_MAX_MS = 3_000
_NOT_OURS_ANY_MORE = (CommitFailedError, IllegalGenerationError, RebalanceInProgressError, UnknownMemberIdError)


class RecordSource:
    """The input topics, read in a consumer group. Nothing is read from a partition until `start_at` names an offset."""

    def __init__(self, settings: Settings) -> None:
        read_any_header_name()
        self._request_timeout_ms = settings.publish_timeout_ms
        self._lock = Lock()
        self._assigned: set[PartitionId] | None = None
        try:
            self._consumer = KafkaConsumer(
                **connection_options(settings),
                client_id="deskroute-worker",
                group_id=settings.kafka_group,
                group_instance_id=settings.kafka_instance_id,
                enable_auto_commit=False,
                auto_offset_reset="none",
                partition_assignment_strategy=[RangePartitionAssignor],
                session_timeout_ms=settings.kafka_session_timeout_ms,
                # Three a session, as Kafka advises; the client refuses a session shorter than one of them.
                heartbeat_interval_ms=min(_HEARTBEAT_MAX_MS, max(1, settings.kafka_session_timeout_ms // 3)),
                max_poll_interval_ms=settings.kafka_poll_interval_ms,
                max_poll_records=settings.batch_max_tickets,
                fetch_max_bytes=_FETCH_MAX_BYTES,
                allow_auto_create_topics=False,
            )
        except KafkaError as error:
            raise BrokerUnavailableError(f"Kafka at {settings.kafka_bootstrap}: {error}") from error
        self._consumer.subscribe([settings.topic_incoming, settings.topic_corrections], listener=_Listener(self))

    def poll(self, timeout_ms: int, max_records: int) -> list[InputRecord]:
        """Records in offset order a partition; an empty list where none came in time."""
        with _translated("poll"):
            polled = self._consumer.poll(timeout_ms=timeout_ms, max_records=max_records)
        return [
            InputRecord(
                PartitionId(partition.topic, partition.partition),
                record.offset,
                record.key,
                record.value,
                tuple(record.headers),
                record.timestamp,
            )
            for partition, records in polled.items()
            for record in records
        ]

    def take_assignment(self) -> frozenset[PartitionId] | None:
        """The partitions now assigned, once after each rebalance; None where nothing changed since the last call."""
        with self._lock:
            assigned, self._assigned = self._assigned, None
        return None if assigned is None else frozenset(assigned)

    def committed(self, partition: PartitionId) -> int | None:
        """The offset committed to Kafka for this group, if any."""
        with _translated("committed"):
            offset = self._consumer.committed(_kafka(partition), timeout_ms=self._request_timeout_ms)
        return None if offset is None or offset < 0 else int(offset)

    def beginning(self, partition: PartitionId) -> int:
        """The first offset that the log still holds."""
        with _translated("beginning_offsets"):
            return int(self._consumer.beginning_offsets([_kafka(partition)])[_kafka(partition)])

    def start_at(self, positions: Mapping[PartitionId, int]) -> None:
        """Read these partitions from these offsets on; those not assigned any more are passed over."""
        assigned = self._consumer.assignment()
        for partition, offset in positions.items():
            if _kafka(partition) in assigned:
                self._consumer.seek(_kafka(partition), offset)
                self._consumer.resume(_kafka(partition))

    def pause(self, partitions: Iterable[PartitionId]) -> None:
        """Stop reading these partitions; `poll` still keeps the group membership alive."""
        held = [_kafka(p) for p in partitions if _kafka(p) in self._consumer.assignment()]
        if held:
            self._consumer.pause(*held)

    def probe(self) -> None:
        """Ask the group's coordinator something; raises where it does not answer in a few seconds."""
        for partition in sorted(self._consumer.assignment())[:1]:
            with _translated("probe"):
                self._consumer.committed(partition, timeout_ms=_PROBE_TIMEOUT_MS)

    def commit(self, offsets: Mapping[PartitionId, int], timeout_s: float) -> bool:
        """Commit these next offsets; False where a rebalance has taken the partitions away in the meantime."""
        wanted = {_kafka(p): OffsetAndMetadata(offset, "", -1) for p, offset in offsets.items()}
        try:
            with _translated("commit"):
                self._consumer.commit(wanted, timeout_ms=max(1, min(self._request_timeout_ms, int(timeout_s * 1_000))))
        except _NOT_OURS_ANY_MORE:
            return False
        return True

    def close(self, timeout_s: float) -> None:
        """Leave the group and close the connections, in bounded time."""
        self._consumer.close(autocommit=False, timeout_ms=max(1, int(timeout_s * 1_000)))

    def hold_new(self, partitions: Iterable[TopicPartition]) -> None:
        """Called on the I/O thread: hold the new partitions until the worker has claimed them."""
        for partition in partitions:
            self._consumer.pause(partition)
            self._consumer.seek(partition, 0)
        with self._lock:
            self._assigned = {PartitionId(p.topic, p.partition) for p in self._consumer.assignment()}

    def drop_revoked(self, partitions: Iterable[TopicPartition]) -> None:
        """Called on the I/O thread: note what is left of the assignment."""
        gone = set(partitions)
        with self._lock:
            self._assigned = {PartitionId(p.topic, p.partition) for p in self._consumer.assignment() if p not in gone}


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, source: RecordSource) -> None:
        self._source = source

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._source.hold_new(assigned)

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self._source.drop_revoked(revoked)


def _kafka(partition: PartitionId) -> TopicPartition:
    return TopicPartition(partition.topic, partition.partition)


@contextmanager
def _translated(action: str) -> Iterator[None]:
    try:
        yield
    except (OffsetOutOfRangeError, NoOffsetForPartitionError) as error:
        raise InputPositionError(f"the stored position is not in the log any more: {error}") from error
    except FencedInstanceIdError as error:
        raise FencedError(f"another worker uses this group instance id: {error}") from error
    except _NOT_OURS_ANY_MORE:
        raise
    except KafkaError as error:
        raise BrokerUnavailableError(f"{action}: {type(error).__name__}: {error}") from error
