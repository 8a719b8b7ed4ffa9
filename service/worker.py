"""In: the input topics. Out: rows, then events, then committed offsets; a ticket is never in one place only.

The order of steps is the delivery design's; every step stands here once, under its number.

S0 claim: on every assignment take the partitions over in the store and read from ``published_offset``.
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
from collections.abc import Sequence

import structlog

from service.attempts import CrashGuard, Portion
from service.backoff import Backoff
from service.batching import Batcher
from service.broker.records import InputRecord, PartitionId
from service.budget import DeadLetterBudget, DeadLetterBudgetError
from service.decide import Decider
from service.deciding import BatchDecider
from service.errors import InvalidMessageError, TransientError
from service.intake import Decoded, decode_records
from service.neighbours import Controls, Neighbours, WorkerSettings
from service.owned import OwnedPartition
from service.publish import output_records
from service.store.values import BatchRange, DeadLetter, SeekBack, StoredEvent, TicketRevision

_log = structlog.get_logger(__name__)
_IDLE_POLL_S = 0.5
_HELD_POLL_MS = 100
_IDLE_PROBE_S = 5.0


class Worker:
    """One process's consumer loop; after a stop request `run` returns in bounded time."""

    def __init__(self, neighbours: Neighbours, decider: Decider, settings: WorkerSettings, controls: Controls) -> None:
        self._source, self._sink, self._store = neighbours.source, neighbours.sink, neighbours.store
        self._settings = settings
        self._clocks, self._stop, self._vitals = controls.clocks, controls.stop, controls.vitals
        self._deciding = BatchDecider(self._store, decider, self._clocks.utc)
        self._owned: dict[PartitionId, OwnedPartition] = {}
        self._guard = CrashGuard(self._store, settings.batch.max_records)
        self._unclaimed: frozenset[PartitionId] | None = None
        self._batcher = Batcher(settings.batch)
        self._budget = DeadLetterBudget()
        self._backoff = Backoff(self._clocks.rng)
        self._held_until_s: float | None = None
        self._committed_at_s = self._heard_at_s = 0.0

    def run(self) -> None:
        """Consume until the stop request; raises `FatalError` where going on would do harm."""
        while not self._stop.is_requested:
            self._vitals.beat()
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
            self._source.probe()
            self._reread()
            self._held_until_s = None
        if self._unclaimed is not None:
            self._claim(self._unclaimed)
            self._unclaimed = None
        wait_s = min(self._batcher.wait_s(self._clocks.monotonic()), _IDLE_POLL_S)
        polled = self._source.poll(int(wait_s * 1_000), self._batcher.room)  # S1
        self._batcher.add((record for record in polled if record.source in self._owned), self._clocks.monotonic())
        if self._batcher.is_due(self._clocks.monotonic()):
            self._process(self._batcher.take())
            self._backoff.reset()
            self._heard_at_s = self._clocks.monotonic()
        self._commit_when_due()
        self._probe_when_idle()

    def _claim(self, assigned: frozenset[PartitionId]) -> None:
        """S0."""
        positions: dict[PartitionId, int] = {}
        owner = uuid.uuid4()
        for partition in sorted(assigned):
            committed = self._source.committed(partition)
            # A store that knows nothing of the partition may have lost it: only the log's beginning loses nothing.
            wanted = {partition.partition: self._source.beginning(partition)}
            topic_id = self._settings.topic_ids.get(partition.topic)
            claim = self._store.claim(self._settings.group_id, partition.topic, wanted, owner, topic_id)[0]
            owned = OwnedPartition.claimed(claim, committed)
            self._owned[partition] = owned
            positions[partition] = owned.read
            _log.info(
                "partition_claimed",
                topic=partition.topic,
                partition=partition.partition,
                epoch=claim.epoch,
                next_offset=claim.next_offset,
                start_offset=owned.read,
            )
        self._source.start_at(positions)
        self._vitals.ready()

    def _process(self, records: Sequence[InputRecord]) -> None:
        try:
            for portion in self._guard.portions(records, self._owned):
                if not self._finish(self._decode(portion)) or self._stop.is_requested:
                    return
                self._vitals.beat()
        except DeadLetterBudgetError:
            self._guard.forget_starts(self._owned)
            raise

    def _decode(self, portion: Portion) -> list[Decoded]:
        """S2."""
        if portion.condemned is not None:
            return [Decoded(record, portion.condemned) for record in portion.records]
        decoded = decode_records(portion.records, self._settings.corrections_topic)
        for item in decoded:
            owned = self._owned[item.record.source]
            if item.record.offset >= owned.judged:  # what is read again after a hold was counted before
                owned.judged = item.record.next_offset
                self._budget.spend(item.record.source, isinstance(item.outcome, InvalidMessageError))
        return decoded

    def _finish(self, decoded: Sequence[Decoded]) -> bool:
        """S3 to S6 for one batch; False where the store went back in time and the batch was dropped."""
        decided = self._deciding.decide(decoded, self._is_fresh)  # S3
        ends = {item.record.source: item.record.next_offset for item in decoded}
        ranges = [self._owned[at].range_to(end) for at, end in ends.items()]
        try:
            outcome = self._store.write_batch(ranges, decided.decisions, decided.letters, decided.erasures)  # S4
        except InvalidMessageError as error:
            # The database refused a row without saying which: halve the batch until the record stands alone.
            if len(decoded) > 1:
                middle = len(decoded) // 2
                return self._finish(decoded[:middle]) and self._finish(decoded[middle:])
            decided.decisions, decided.letters = [], [self._deciding.letter(decoded[0], error)]
            outcome = self._store.write_batch(ranges, [], decided.letters)
        if isinstance(outcome, SeekBack):
            self._seek_back(outcome)
            return False
        replayed = any(not self._is_fresh(item.record) for item in decoded)
        for partition, end in ends.items():
            self._owned[partition].store_reached(end)
        events, letters = self._read_back(decided.keys, ranges, bool(decided.letters) or replayed)  # S5
        self._sink.publish(output_records(self._settings.topics, events, letters), self._stop)  # S6
        for partition, end in ends.items():
            self._owned[partition].published = end
        _log.info(
            "batch_published",
            records=len(decoded),
            decided=len(decided.decisions),
            dead_letters=len(decided.letters),
            erased=len(decided.erasures),
            events=len(events),
        )
        return True

    def _is_fresh(self, record: InputRecord) -> bool:
        return record.offset >= self._owned[record.source].stored

    def _read_back(
        self, keys: Sequence[TicketRevision], ranges: Sequence[BatchRange], with_letters: bool
    ) -> tuple[list[StoredEvent], list[DeadLetter]]:
        """S5: the events of every ticket in the batch and the dead letters of its offsets, as stored."""
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
        held = self._store.mark_published([(owned.claim, owned.published) for owned in due.values()])
        offsets = dict(zip(due, held, strict=True))
        if not self._source.commit(offsets, self._stop.left_s(self._settings.commit_timeout_s)):
            _log.info("commit_refused", reason="rebalance")
            return
        for partition, offset in offsets.items():
            due[partition].committed = offset

    def _seek_back(self, outcome: SeekBack) -> None:
        """The store went back in time: read again from where it stands, and what else was in the batch with it."""
        positions = {PartitionId(at.topic, at.partition): at.offset for at in outcome.positions}
        for partition, offset in positions.items():
            self._owned[partition].store_went_back(offset)
            _log.warning("store_went_back", topic=partition.topic, partition=partition.partition, next_offset=offset)
        self._batcher.take()
        self._reread()

    def _hold(self, error: TransientError) -> None:
        """Drop what is in hand, pause, and keep polling until the back-off has passed."""
        delay_s = self._backoff.next_delay_s()
        self._vitals.not_ready(str(error))
        _log.warning("holding", error=str(error), kind=type(error).__name__, delay_s=round(delay_s, 3))
        self._batcher.take()
        self._source.pause(list(self._owned))
        self._held_until_s = self._clocks.monotonic() + delay_s

    def _reread(self) -> None:
        """Read again what was not published. A commit whose answer was lost may have stored more than is known here."""
        claims = [owned.claim for owned in self._owned.values()]
        for owned, next_offset in zip(self._owned.values(), self._store.next_offsets(claims), strict=True):
            owned.read, owned.stored = owned.published, next_offset
        self._source.start_at({partition: owned.published for partition, owned in self._owned.items()})

    def _probe_when_idle(self) -> None:
        """A broker or a database that goes away while nothing comes in would go unnoticed."""
        now_s = self._clocks.monotonic()
        if now_s - self._heard_at_s < _IDLE_PROBE_S:
            return
        self._heard_at_s = now_s
        self._source.probe()
        self._store.probe()
        if self._unclaimed is None and self._owned:
            self._vitals.ready()
