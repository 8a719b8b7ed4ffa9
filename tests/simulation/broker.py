"""In: what a worker asks of its input and output topics. Out: records, positions and offsets of a broker in memory.

The source behaves as `service.broker.source.RecordSource` over kafka-python does: after a rebalance it keeps its
position in partitions that it gets back, pauses them until the worker names an offset, and a member that the group has
gone on without can read on but not commit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol, TypeVar

from service.broker.records import InputRecord, OutputRecord, PartitionId
from service.stopping import StopRequest
from tests.simulation.messages import Message

T = TypeVar("T")

_IDLE_POLLS = 4
_POLLS_AWAY = 2
_MOST_POLLS = 3_000


class Killed(BaseException):
    """The process dies here; nothing may catch this."""


class KilledByTicket(Killed):
    """The process dies of what it works on."""


class CommitRefusedError(Exception):
    """The broker does not take a commit while the group rebalances."""


class NeverEndsError(Exception):
    """The worker goes round in circles."""


class Seam(Protocol):
    """How a fake does its work, so that something may go wrong before and after."""

    def __call__(self, seam: str, work: Callable[[], T], *told: object) -> T: ...


@dataclass(slots=True)
class Time:
    """Monotonic seconds that pass where a worker polls."""

    now_s: float = 1_000.0

    def __call__(self) -> float:
        return self.now_s


class Broker:
    """The input, the group's committed offsets and its one member, and what was published."""

    def __init__(self, messages: Sequence[Message], rng: Random) -> None:
        self.records: dict[PartitionId, list[InputRecord]] = {}
        for message in messages:
            self.records.setdefault(message.record.source, []).append(message.record)
        self.partitions = frozenset(self.records)
        self.committed: dict[PartitionId, int] = {}
        self.member: SimulatedSource | None = None
        self.published: list[OutputRecord] = []
        self.rng = rng

    def end(self, partition: PartitionId) -> int:
        """The next offset to read when everything was read."""
        return self.records[partition][-1].next_offset


@dataclass(frozen=True, slots=True)
class Reading:
    """How a source reads: seconds that a poll takes, and after how many polls something is done about it."""

    seconds_a_poll: float
    most_polls: int | None
    at_most_polls: Callable[[], None]


class SimulatedSource:
    """One member's view of the input; asks for the end of its process when nothing is left to read."""

    def __init__(self, broker: Broker, seam: Seam, time: Time, stop: StopRequest, reading: Reading) -> None:
        self._broker, self._seam, self._time, self._stop, self._reading = broker, seam, time, stop, reading
        self._positions: dict[PartitionId, int] = {}
        self._paused: set[PartitionId] = set()
        self._polls = self._idle = self._polls_away = 0
        self.rejoins = False
        self.join()

    def join(self) -> None:
        """Be the group's member, with every partition."""
        self._broker.member = self
        self._assign(self._broker.partitions)

    def rebalance(self, kept: frozenset[PartitionId]) -> None:
        """Lose every partition and get some of them back at once, the others a little later."""
        if self._broker.member is self:
            self._assign(kept)
            self._polls_away = _POLLS_AWAY if kept != self._broker.partitions else 0

    def poll(self, timeout_ms: int, max_records: int) -> list[InputRecord]:
        return self._seam("poll", lambda: self._poll(timeout_ms, max_records))

    def take_assignment(self) -> frozenset[PartitionId] | None:
        return self._seam("take_assignment", self._take_assignment)

    def committed(self, partition: PartitionId) -> int | None:
        return self._seam("committed", lambda: self._broker.committed.get(partition), partition)

    def beginning(self, partition: PartitionId) -> int:
        return self._seam("beginning", lambda: self._broker.records[partition][0].offset, partition)

    def start_at(self, positions: Mapping[PartitionId, int]) -> None:
        self._seam("start_at", lambda: self._start_at(positions), positions)

    def resume(self, positions: Mapping[PartitionId, int]) -> None:
        """Read on, from the given offset only where there is no position yet; no sound worker asks for this."""
        self._seam("start_at", lambda: self._start_at({**positions, **self._positions}), positions)

    def pause(self, partitions: Sequence[PartitionId]) -> None:
        self._seam("pause", lambda: self._paused.update(self._assigned & set(partitions)), partitions)

    def commit(self, offsets: Mapping[PartitionId, int], timeout_s: float) -> bool:
        try:
            return self._seam("commit", lambda: self._commit(offsets), offsets)
        except CommitRefusedError:
            return False

    def probe(self) -> None:
        self._seam("probe_broker", lambda: None)

    def _assign(self, partitions: frozenset[PartitionId]) -> None:
        self._assigned = partitions
        self._news: frozenset[PartitionId] | None = partitions
        self._paused = set(partitions)

    def _take_assignment(self) -> frozenset[PartitionId] | None:
        news, self._news = self._news, None
        return news

    def _start_at(self, positions: Mapping[PartitionId, int]) -> None:
        for partition, offset in positions.items():
            if partition in self._assigned:
                self._positions[partition] = offset
                self._paused.discard(partition)

    def _commit(self, offsets: Mapping[PartitionId, int]) -> bool:
        if self._broker.member is not self:
            return False
        self._broker.committed.update(offsets)
        return True

    def _poll(self, timeout_ms: int, max_records: int) -> list[InputRecord]:
        self._count_poll()
        rng = self._broker.rng
        polled: list[InputRecord] = []
        readable = sorted(self._assigned - self._paused)
        rng.shuffle(readable)
        wanted = rng.randint(1, max_records)
        for partition in readable:
            ahead = [one for one in self._broker.records[partition] if one.offset >= self._positions[partition]]
            taken = ahead[: wanted - len(polled)]
            if taken:
                self._positions[partition] = taken[-1].next_offset
                polled += taken
        if polled:
            self._idle = 0
            self._time.now_s += self._reading.seconds_a_poll
            return polled
        self._time.now_s += max(timeout_ms, 1) / 1_000
        self._idle = 0 if self._paused or self._polls_away else self._idle + 1
        if self._idle >= _IDLE_POLLS:
            self._stop.request()
        return polled

    def _count_poll(self) -> None:
        self._polls += 1
        if self._polls > _MOST_POLLS:
            raise NeverEndsError
        if self._polls == self._reading.most_polls:
            self._reading.at_most_polls()
        if self.rejoins and self._broker.member is not self:
            self.rejoins = False
            self.join()
        if self._polls_away:
            self._polls_away -= 1
            if not self._polls_away and self._broker.member is self:
                self._assign(self._broker.partitions)


class SimulatedSink:
    """The output topics; what is published arrives in two parts, between which the process may die."""

    def __init__(self, broker: Broker, seam: Seam, midway: Callable[[], None]) -> None:
        self._broker, self._seam, self._midway = broker, seam, midway

    def publish(self, records: Sequence[OutputRecord], stop: StopRequest) -> None:
        self._seam("publish", lambda: self._publish(records), records)

    def _publish(self, records: Sequence[OutputRecord]) -> None:
        cut = self._broker.rng.randint(0, len(records))
        self._broker.published += records[:cut]
        self._midway()
        self._broker.published += records[cut:]
