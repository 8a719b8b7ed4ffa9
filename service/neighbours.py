"""In: nothing. Out: what the worker needs of everything around it: topics, store, settings, and how it is stopped.

`Source` and `Sink` are the seams to Kafka; tests put something of their own in their place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from service.batching import BatchLimits
from service.broker.records import InputRecord, OutputRecord, PartitionId
from service.clocks import Clocks
from service.publish import OutputTopics
from service.stopping import StopRequest
from service.store.store import Store
from service.vitals import Vitals


class Source(Protocol):
    """What the worker needs of the input topics (`service.broker.source.RecordSource`)."""

    def poll(self, timeout_ms: int, max_records: int) -> list[InputRecord]: ...
    def take_assignment(self) -> frozenset[PartitionId] | None: ...
    def committed(self, partition: PartitionId) -> int | None: ...
    def beginning(self, partition: PartitionId) -> int: ...
    def start_at(self, positions: Mapping[PartitionId, int]) -> None: ...
    def pause(self, partitions: Sequence[PartitionId]) -> None: ...
    def commit(self, offsets: Mapping[PartitionId, int], timeout_s: float) -> bool: ...
    def probe(self) -> None: ...


class Sink(Protocol):
    """What the worker needs of the output topics (`service.broker.sink.RecordSink`)."""

    def publish(self, records: Sequence[OutputRecord], stop: StopRequest) -> None: ...


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Everything that the worker talks to."""

    source: Source
    sink: Sink
    store: Store


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """The worker's group, topics and limits."""

    group_id: str
    corrections_topic: str
    topics: OutputTopics
    batch: BatchLimits
    commit_interval_s: float
    commit_timeout_s: float
    topic_ids: dict[str, str]


@dataclass(frozen=True, slots=True)
class Controls:
    """How the worker is told to stop, and how it says that it lives."""

    clocks: Clocks
    stop: StopRequest
    vitals: Vitals
