"""In: a plan and the worker to try it on. Out: every process of the schedule run, one inside another where need be.

Real are the worker and everything that it calls; the store, the broker and the model are this folder's. A process is
run to its end, which may be its death; what happens at its calls to its neighbours is what the plan says. Raises
`NeverEndsError` where the processes do not come to an end.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from itertools import count
from random import Random
from typing import TypeVar, cast

from service.batching import BatchLimits
from service.broker.records import PartitionId
from service.clocks import Clocks
from service.decide import Decider
from service.errors import BrokerUnavailableError, FencedError, StoreUnavailableError
from service.neighbours import Controls, Neighbours, WorkerSettings
from service.stopping import StopRequest
from service.store.store import Store
from service.store.values import AlreadyWritten, BatchRange, PartitionClaim, SeekBack
from service.vitals import Vitals
from service.worker import Worker
from tests.simulation.broker import (
    Broker,
    CommitRefusedError,
    Killed,
    KilledByTicket,
    NeverEndsError,
    Reading,
    SimulatedSink,
    SimulatedSource,
    Time,
)
from tests.simulation.decider import SimulatedDecider
from tests.simulation.memory_store import MemoryStore
from tests.simulation.messages import CORRECTIONS, START
from tests.simulation.plan import STORE_SEAMS, Fault, Kind, Moment, Plan
from tests.simulation.seams import SeamedStore
from tests.simulation.sqlite_store import SqliteStore
from tests.simulation.tables import Tables
from tests.simulation.watch import OUTPUTS, Watch

T = TypeVar("T")

_MOST_PROCESSES = 60
_CHANGING = ("claim", "write_batch", "begin_attempts", "mark_published", "forget_attempts", "commit")
_AT_REST = (Kind.REWIND, Kind.LOST_OFFSETS)


class End(StrEnum):
    """How a process ended."""

    STOPPED = "stopped"
    KILLED = "killed"
    KILLED_BY_TICKET = "killed_by_ticket"
    FENCED = "fenced"


@dataclass(slots=True)
class Process:
    """One worker at work."""

    name: str
    stop: StopRequest
    source: SimulatedSource | None = None


class Cluster:
    """Everything around the workers of one schedule."""

    def __init__(
        self, plan: Plan, worker: type[Worker], store: MemoryStore | SqliteStore, trace: list[str] | None = None
    ) -> None:
        self.plan, self.store, self._worker, self._trace = plan, store, worker, trace
        self.broker = Broker(plan.messages, Random(plan.seed))  # noqa: S311  reproducible chance
        self.watch = Watch(self.broker)
        self.struck: Counter[Kind] = Counter()
        self.ends: list[End] = []
        self._time = Time()
        self._numbers = count(1)
        self._faults = deque(plan.faults)
        self._calls_left = self._faults[0].calls if self._faults else 0
        self._keeps_history = any(fault.kind is Kind.REWIND for fault in plan.faults)
        self._history: list[Tables] = [store.snapshot()]

    def run(self) -> None:
        """Run processes until every fault has struck or missed, and then one more to the end of the input."""
        while self._faults:
            if self._run_process() is End.STOPPED and self._faults:
                missed = self._next_fault()
                if missed.kind in _AT_REST:
                    self._strike(missed, None)
        while self._run_process() is not End.STOPPED:
            pass

    def _run_process(self, most_polls: int | None = None, *, is_killed_then: bool = False) -> End:
        process = Process(f"W{len(self.ends) + 1}", StopRequest(self._time, limit_s=20.0))
        worker = self._start(process, most_polls, is_killed_then)
        self.ends.append(End.STOPPED)
        if len(self.ends) > _MOST_PROCESSES:
            raise NeverEndsError
        position = len(self.ends) - 1
        try:
            worker.run()
        except KilledByTicket:
            self.ends[position] = End.KILLED_BY_TICKET
        except Killed:
            self.ends[position] = End.KILLED
        except FencedError:
            self.ends[position] = End.FENCED
        self._tell(process.name, self.ends[position].value)
        return self.ends[position]

    def _start(self, process: Process, most_polls: int | None, is_killed_then: bool) -> Worker:
        seam = partial(self._call, process)
        reading = Reading(
            self.plan.seconds_a_poll, most_polls, partial(_die if is_killed_then else process.stop.request)
        )
        process.source = SimulatedSource(self.broker, seam, self._time, process.stop, reading)
        sink = SimulatedSink(self.broker, seam, partial(self._pass, process, "publish", "midway"))
        store = cast(Store, SeamedStore(self.store, seam))
        settings = WorkerSettings(
            group_id="group",
            corrections_topic=CORRECTIONS,
            topics=OUTPUTS,
            batch=BatchLimits(self.plan.batch_records, 4_000_000, 0.05),
            commit_interval_s=self.plan.commit_interval_s,
            commit_timeout_s=5.0,
            topic_ids={},
        )
        clocks = Clocks(utc=self._utc, monotonic=self._time, rng=Random(1))  # noqa: S311  jitter
        return self._worker(
            Neighbours(process.source, sink, store),
            cast(Decider, SimulatedDecider(seam, self._numbers)),
            settings,
            Controls(clocks, process.stop, Vitals(self._time)),
        )

    def _utc(self) -> datetime:
        return START + timedelta(seconds=next(self._numbers))

    def _call(self, process: Process, seam: str, work: Callable[[], T], *told: object) -> T:
        """One call of a process to a neighbour."""
        self._pass(process, seam, "before")
        answer = work()
        if seam in _CHANGING:
            self._observe(seam, told, answer)
        if self._trace is not None:
            self._tell(process.name, seam, *told, "->", answer)
        self._pass(process, seam, "after")
        return answer

    def _observe(self, seam: str, told: tuple[object, ...], answer: object) -> None:
        if seam == "write_batch" and not isinstance(answer, AlreadyWritten | SeekBack):
            self.watch.written([item.claim for item in cast(list[BatchRange], told[0])])
        elif seam == "mark_published":
            self.watch.written([claim for claim, _ in cast(list[tuple[PartitionClaim, int]], told[0])])
        self._look()
        if self._keeps_history and seam != "commit":
            self._history.append(self.store.snapshot())

    def _look(self) -> None:
        stored = self.store.state.offsets.values()
        self.watch.look({PartitionId(claim.topic, claim.partition): claim for claim in stored})

    def _pass(self, process: Process, seam: str, moment: Moment) -> None:
        """A place where a fault may strike."""
        while self._faults and (self._faults[0].seam, self._faults[0].moment) == (seam, moment):
            if self._calls_left:
                self._calls_left -= 1
                return
            self._strike(self._next_fault(), process)

    def _next_fault(self) -> Fault:
        fault = self._faults.popleft()
        self._calls_left = self._faults[0].calls if self._faults else 0
        return fault

    def _strike(self, fault: Fault, process: Process | None) -> None:
        self.struck[fault.kind] += 1
        self._tell("**", fault.kind.value, fault.moment, fault.seam, fault.dice)
        match fault.kind:
            case Kind.KILL:
                raise Killed
            case Kind.TRANSIENT if fault.seam in STORE_SEAMS:
                raise StoreUnavailableError(fault.seam)
            case Kind.TRANSIENT:
                raise BrokerUnavailableError(fault.seam)
            case Kind.REFUSED:
                raise CommitRefusedError
            case Kind.REWIND:
                self._rewind(fault.dice)
            case Kind.LOST_OFFSETS:
                self.broker.committed.clear()
                self.watch.offsets_lost()
            case Kind.REBALANCE if process is not None and process.source is not None:
                process.source.rebalance(self._some_partitions(fault.dice))
            case Kind.ZOMBIE if process is not None and process.source is not None:
                self._take_over(process.source, fault.dice)

    def _rewind(self, dice: int) -> None:
        """Back to any earlier moment; what was stored since then is lost, erased meanwhile or not."""
        kept = dice % len(self._history) + 1
        discarded = self._history[kept:]
        del self._history[kept:]
        self.store.restore(self._history[-1])
        self.watch.rewound(discarded, self._history[-1])

    def _some_partitions(self, dice: int) -> frozenset[PartitionId]:
        """All of them every other time, else any part of them."""
        kept = {partition for bit, partition in enumerate(sorted(self.broker.partitions)) if dice >> (bit + 1) & 1}
        return frozenset(kept) if dice & 1 else self.broker.partitions

    def _take_over(self, source: SimulatedSource, dice: int) -> None:
        """A new process takes the group over, and runs for a while; then the old one goes on, not knowing."""
        polls = (None, 2, 3, 5, 8)[dice % 5]
        source.rejoins = dice % 3 == 0
        self._run_process(polls, is_killed_then=dice % 2 == 0)

    def _tell(self, *told: object) -> None:
        if self._trace is not None:
            self._trace.append(" ".join(map(str, told)))


def _die() -> None:
    raise Killed
