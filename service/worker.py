"""In: the input topic. Out: rows, then events, then committed offsets; a ticket is never in one place only.

The order of steps is the delivery design's; every step stands here once, under its number.

S0 claim: on every assignment take the partitions over in the store and read from
   ``min(next_offset, max(published_offset, committed))``.
S1 poll raw records; S2 decode and validate them, the invalid ones become dead letters.
S3 decide the tickets at or above ``next_offset``; those below are a replay and are not decided again.
S4 store results, dead letters and ``next_offset`` in one fenced transaction.
S5 read the stored rows back and build the events from them.
S6 publish, and wait for every acknowledgement.
S7 note ``published_offset``, then commit to Kafka, at most once a commit interval.

A transient failure holds the partitions, backs off and reads again from the last published offset; any other error ends
the process with nothing committed.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Protocol

import structlog

from service.backoff import Backoff
from service.batching import Batcher, BatchLimits
from service.broker.records import InputRecord, OutputRecord, PartitionId
from service.budget import DeadLetterBudget
from service.clocks import Clocks
from service.decide import Decider, revision_of
from service.errors import InvalidMessageError, TransientError
from service.intake import Decoded, dead_letter, decode_records
from service.isolate import decide_isolating
from service.publish import OutputTopics, output_records
from service.record import stored_decision
from service.store.store import Store
from service.store.values import (
    BatchRange,
    Coordinates,
    DeadLetter,
    PartitionClaim,
    SeekBack,
    StoredDecision,
    StoredEvent,
    TicketRevision,
)
from service.ticket import Ticket

_log = structlog.get_logger(__name__)
_IDLE_POLL_S = 0.5
_HELD_POLL_MS = 100


class Source(Protocol):
    """What the worker needs of the input topic (`service.broker.source.RecordSource`)."""

    def poll(self, timeout_ms: int, max_records: int) -> list[InputRecord]: ...
    def take_assignment(self) -> frozenset[PartitionId] | None: ...
    def committed(self, partition: PartitionId) -> int | None: ...
    def beginning(self, partition: PartitionId) -> int: ...
    def start_at(self, positions: Mapping[PartitionId, int]) -> None: ...
    def pause(self, partitions: Sequence[PartitionId]) -> None: ...
    def commit(self, offsets: Mapping[PartitionId, int]) -> bool: ...


class Sink(Protocol):
    """What the worker needs of the output topics (`service.broker.sink.RecordSink`)."""

    def publish(self, records: Sequence[OutputRecord]) -> None: ...


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """The worker's group, topics and limits."""

    group_id: str
    topics: OutputTopics
    batch: BatchLimits
    commit_interval_s: float
    topic_ids: dict[str, str]


@dataclass(slots=True)
class _Owned:
    """A claimed partition: next offsets read, judged for the budget, stored, published, and committed to Kafka."""

    claim: PartitionClaim
    read: int
    judged: int
    stored: int
    published: int
    committed: int


class Worker:
    """One process's consumer loop. `stop` may be called from a signal handler; `run` then returns in bounded time."""

    def __init__(
        self, source: Source, sink: Sink, store: Store, decider: Decider, settings: WorkerSettings, clocks: Clocks
    ) -> None:
        self._source, self._sink, self._store, self._decider = source, sink, store, decider
        self._settings, self._clocks = settings, clocks
        self._owned: dict[PartitionId, _Owned] = {}
        self._unclaimed: frozenset[PartitionId] | None = None
        self._batcher = Batcher(settings.batch)
        self._budget = DeadLetterBudget()
        self._backoff = Backoff(clocks.rng)
        self._held_until_s: float | None = None
        self._committed_at_s = 0.0
        self._stop = Event()

    def stop(self) -> None:
        """Finish the step at hand, commit what is published, and return from `run`."""
        self._stop.set()

    def run(self) -> None:
        """Consume until `stop`; raises `FatalError` where going on would do harm."""
        while not self._stop.is_set():
            try:
                self._step()
            except TransientError as error:
                self._hold(error)
        try:
            self._commit_when_due(force=True)
        except TransientError as error:
            _log.warning("last_commit_failed", error=str(error), consequence="events will be published again")

    def _step(self) -> None:
        assigned = self._source.take_assignment()
        if assigned is not None:
            # What was read and not yet stored is dropped: it is read again from the claimed position.
            self._batcher.take()
            self._owned, self._unclaimed = {}, assigned
        if self._held_until_s is not None:
            if self._clocks.monotonic() < self._held_until_s:
                self._source.poll(_HELD_POLL_MS, self._batcher.room)
                return
            self._held_until_s = None
            self._reread()
        if self._unclaimed is not None:
            self._claim(self._unclaimed)
            self._unclaimed = None
        wait_s = min(self._batcher.wait_s(self._clocks.monotonic()), _IDLE_POLL_S)
        polled = self._source.poll(int(wait_s * 1_000), self._batcher.room)  # S1
        self._batcher.add((record for record in polled if record.source in self._owned), self._clocks.monotonic())
        if self._batcher.is_due(self._clocks.monotonic()):
            self._process(self._batcher.take())
            self._backoff.reset()
        self._commit_when_due()

    def _claim(self, assigned: frozenset[PartitionId]) -> None:
        """S0."""
        positions: dict[PartitionId, int] = {}
        owner = uuid.uuid4()
        for partition in sorted(assigned):
            committed = self._source.committed(partition)
            first = self._source.beginning(partition) if committed is None else committed
            claim = self._store.claim(
                self._settings.group_id,
                partition.topic,
                {partition.partition: first},
                owner,
                self._settings.topic_ids.get(partition.topic),
            )[0]
            start = min(claim.next_offset, max(claim.published_offset, committed or 0))
            self._owned[partition] = _Owned(claim, start, start, claim.next_offset, start, committed or 0)
            positions[partition] = start
            _log.info(
                "partition_claimed",
                topic=partition.topic,
                partition=partition.partition,
                epoch=claim.epoch,
                next_offset=claim.next_offset,
                start_offset=start,
            )
        self._source.start_at(positions)

    def _process(self, records: Sequence[InputRecord]) -> None:
        decoded = decode_records(records)  # S2
        for item in decoded:
            owned = self._owned[item.record.source]
            if item.record.offset >= owned.judged:  # what is read again after a hold was counted before
                owned.judged = item.record.next_offset
                self._budget.spend(item.record.source, isinstance(item.outcome, InvalidMessageError))
        self._finish(decoded)

    def _finish(self, decoded: Sequence[Decoded]) -> bool:
        """S3 to S6 for one batch; False where the store went back in time and the batch was dropped."""
        decisions, letters = self._decide(decoded)  # S3
        ends = {item.record.source: item.record.next_offset for item in decoded}
        ranges = [BatchRange(self._owned[at].claim, self._owned[at].read, end) for at, end in ends.items()]
        try:
            outcome = self._store.write_batch(ranges, decisions, letters)  # S4
        except InvalidMessageError as error:
            # The database refused a row without saying which: halve the batch until the record stands alone.
            if len(decoded) > 1:
                middle = len(decoded) // 2
                return self._finish(decoded[:middle]) and self._finish(decoded[middle:])
            decisions, letters = [], [self._letter(decoded[0].record, error)]
            outcome = self._store.write_batch(ranges, decisions, letters)
        if isinstance(outcome, SeekBack):
            self._seek_back(outcome)
            return False
        for partition, end in ends.items():
            owned = self._owned[partition]
            owned.read, owned.stored = end, max(owned.stored, end)
        replayed = len(decisions) + len(letters) < len(decoded)
        events, stored_letters = self._read_back(decoded, ranges, bool(letters) or replayed)  # S5
        self._sink.publish(output_records(self._settings.topics, events, stored_letters))  # S6
        for partition, end in ends.items():
            self._owned[partition].published = end
        _log.info(
            "batch_published",
            records=len(decoded),
            decided=len(decisions),
            dead_letters=len(letters),
            events=len(events),
        )
        return True

    def _decide(self, decoded: Sequence[Decoded]) -> tuple[list[StoredDecision], list[DeadLetter]]:
        """S3: only what the store does not have yet."""
        fresh = [item for item in decoded if item.record.offset >= self._owned[item.record.source].stored]
        valid = [item for item in fresh if isinstance(item.outcome, Ticket)]
        tickets = [item.outcome for item in valid if isinstance(item.outcome, Ticket)]
        decisions = []
        letters = [
            self._letter(item.record, item.outcome) for item in fresh if isinstance(item.outcome, InvalidMessageError)
        ]
        for item, ticket, outcome in zip(valid, tickets, decide_isolating(self._decider.decide, tickets), strict=True):
            record = item.record
            if isinstance(outcome, InvalidMessageError):
                letters.append(self._letter(record, outcome))
                continue
            at = Coordinates(record.source.topic, record.source.partition, record.offset)
            decisions.append(stored_decision(ticket, outcome, record.received_at, at))
        return decisions, letters

    def _letter(self, record: InputRecord, error: InvalidMessageError) -> DeadLetter:
        return dead_letter(record, error, self._decider.model.version, self._clocks.utc())

    def _read_back(
        self, decoded: Sequence[Decoded], ranges: Sequence[BatchRange], with_letters: bool
    ) -> tuple[list[StoredEvent], list[DeadLetter]]:
        """S5: the events of every ticket in the batch and the dead letters of its offsets, as stored."""
        keys: list[TicketRevision] = [
            (item.outcome.tenant, item.outcome.ticket_id, revision_of(item.outcome))
            for item in decoded
            if isinstance(item.outcome, Ticket)
        ]
        letters: list[DeadLetter] = []
        for item in ranges if with_letters else ():
            letters += self._store.read_dead_letters(item.claim.topic, item.claim.partition, item.lo, item.hi)
        return self._store.read_events(keys), letters

    def _commit_when_due(self, force: bool = False) -> None:
        """S7. `published_offset` is noted before Kafka hears of it, so committed never passes published."""
        now_s = self._clocks.monotonic()
        if not force and now_s - self._committed_at_s < self._settings.commit_interval_s:
            return
        self._committed_at_s = now_s
        due = {partition: owned for partition, owned in self._owned.items() if owned.published > owned.committed}
        if not due:
            return
        self._store.mark_published([(owned.claim, owned.published) for owned in due.values()])
        offsets = {partition: owned.published for partition, owned in due.items()}
        if not self._source.commit(offsets):
            _log.info("commit_refused", reason="rebalance")
            return
        for partition, offset in offsets.items():
            due[partition].committed = offset

    def _seek_back(self, outcome: SeekBack) -> None:
        """The store went back in time: read again from where it stands."""
        positions = {PartitionId(at.topic, at.partition): at.offset for at in outcome.positions}
        for partition, offset in positions.items():
            owned = self._owned[partition]
            owned.read = owned.stored = offset
            owned.published = min(owned.published, offset)
            _log.warning("store_went_back", topic=partition.topic, partition=partition.partition, next_offset=offset)
        self._batcher.take()
        self._source.start_at(positions)

    def _hold(self, error: TransientError) -> None:
        """Drop what is in hand, pause, and keep polling until the back-off has passed."""
        delay_s = self._backoff.next_delay_s()
        _log.warning("holding", error=str(error), kind=type(error).__name__, delay_s=round(delay_s, 3))
        self._batcher.take()
        self._source.pause(list(self._owned))
        self._held_until_s = self._clocks.monotonic() + delay_s

    def _reread(self) -> None:
        """Read again what was not published; what is stored already is only published again."""
        for owned in self._owned.values():
            owned.read = owned.published
        self._source.start_at({partition: owned.published for partition, owned in self._owned.items()})
