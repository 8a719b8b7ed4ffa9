"""In: records that are about to be worked on. Out: the same in portions, so that what kills the process is found.

Before a process does anything with the first new record of a partition, its start is counted in the store, and S4
forgets it. A count that has grown says that one process after the other died before it stored anything: then the
records are gone on with one by one, each try is counted at the record itself, and one that kills alone again is
condemned. A process counts once, however often it tries: only deaths matter. Raises `StoreUnavailableError`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from service.broker.records import InputRecord, PartitionId
from service.errors import InvalidMessageError, Reason, Stage
from service.intake import coordinates_of
from service.owned import OwnedPartition
from service.store.values import Coordinates, DeadLetter

STARTS_WITHOUT_PROGRESS = 3
TRIES_ALONE = 2

_START = -1
"""The offset at which a partition's starts are counted: below every record's, so that any progress forgets them."""

_log = structlog.get_logger(__name__)


class AttemptLog(Protocol):
    """Where attempts are counted, and who was condemned (`service.store.store.Store`)."""

    def begin_attempts(self, records: Sequence[Coordinates], at_least: int = 1) -> list[int]: ...
    def forget_attempts(self, partitions: Sequence[tuple[str, int]], below_offset: int) -> None: ...
    def read_dead_letters(self, topic: str, partition: int, lo: int, hi: int) -> list[DeadLetter]: ...


@dataclass(frozen=True, slots=True)
class Portion:
    """Records to go on with together; ``condemned`` says why the one record in it must not even be decoded."""

    records: Sequence[InputRecord]
    condemned: InvalidMessageError | None = None


class CrashGuard:
    """Splits batches after crashes; while nothing crashes it costs one small transaction a partition."""

    def __init__(self, log: AttemptLog, batch_records: int) -> None:
        self._log = log
        self._batch_records = batch_records
        self._started: set[PartitionId] = set()
        self._tried_alone: set[Coordinates] = set()

    def portions(
        self, records: Sequence[InputRecord], owned: Mapping[PartitionId, OwnedPartition]
    ) -> Iterator[Portion]:
        """The batch whole, or record by record."""
        self._tried_alone = {at for at in self._tried_alone if not _is_stored(at, owned)}
        self._recall_condemned(records, owned)
        self._count_starts(records, owned)
        if not any(_stands_alone(record, owned[record.source]) for record in records):
            yield Portion(records)
            return
        for record in records:
            yield self._alone(record, owned[record.source])

    def forget_starts(self, partitions: Iterable[PartitionId]) -> None:
        """The process ends on purpose: that was no death."""
        self._log.forget_attempts([(at.topic, at.partition) for at in partitions], _START + 1)

    def _recall_condemned(self, records: Sequence[InputRecord], owned: Mapping[PartitionId, OwnedPartition]) -> None:
        """A replay of a condemned record would kill the process again while it is decoded."""
        for source, record in _first(records, owned, lambda one, at: not at.is_recalled and one.offset < at.stored):
            at = owned[source]
            letters = self._log.read_dead_letters(source.topic, source.partition, record.offset, at.stored)
            at.condemned |= {one.offset for one in letters if one.reason is Reason.PROCESS_DIED}
            at.is_recalled = True

    def _count_starts(self, records: Sequence[InputRecord], owned: Mapping[PartitionId, OwnedPartition]) -> None:
        first = _first(records, owned, lambda one, at: one.source not in self._started and one.offset >= at.stored)
        if not first:
            return
        starts = [Coordinates(source.topic, source.partition, _START) for source, _ in first]
        for (source, record), before in zip(first, self._log.begin_attempts(starts), strict=True):
            self._started.add(source)
            if before >= STARTS_WITHOUT_PROGRESS:
                owned[source].alone_below = record.offset + self._batch_records
                _log.warning(
                    "starts_without_progress",
                    topic=source.topic,
                    partition=source.partition,
                    offset=record.offset,
                    attempts=before,
                    consequence="the next records are gone on with one by one",
                )

    def _alone(self, record: InputRecord, at: OwnedPartition) -> Portion:
        where = coordinates_of(record)
        if _is_suspect(record, at) and record.offset not in at.condemned and where not in self._tried_alone:
            # The start is counted anew: the records before this one were stored, and that has made it forgotten.
            start = Coordinates(where.topic, where.partition, _START)
            _, before = self._log.begin_attempts([start, where], STARTS_WITHOUT_PROGRESS)
            self._tried_alone.add(where)
            if before >= STARTS_WITHOUT_PROGRESS + TRIES_ALONE - 1:
                at.condemned.add(record.offset)
        return Portion([record], _CONDEMNED if record.offset in at.condemned else None)


def _first(
    records: Sequence[InputRecord],
    owned: Mapping[PartitionId, OwnedPartition],
    is_wanted: Callable[[InputRecord, OwnedPartition], bool],
) -> list[tuple[PartitionId, InputRecord]]:
    """Of each partition the first wanted record."""
    first: dict[PartitionId, InputRecord] = {}
    for record in records:
        if is_wanted(record, owned[record.source]):
            first.setdefault(record.source, record)
    return list(first.items())


def _is_suspect(record: InputRecord, at: OwnedPartition) -> bool:
    return at.stored <= record.offset < at.alone_below


def _is_stored(at: Coordinates, owned: Mapping[PartitionId, OwnedPartition]) -> bool:
    partition = owned.get(PartitionId(at.topic, at.partition))
    return partition is not None and at.offset < partition.stored


def _stands_alone(record: InputRecord, at: OwnedPartition) -> bool:
    return _is_suspect(record, at) or record.offset in at.condemned


_CONDEMNED = InvalidMessageError(
    Reason.PROCESS_DIED,
    Stage.INFER,
    f"the process died in {STARTS_WITHOUT_PROGRESS} starts around this record and in {TRIES_ALONE} at it alone",
)
