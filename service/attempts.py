"""In: records that are about to be worked on. Out: the same in portions, so that what kills the process is found.

Before anything is done with the first new record of a claimed partition, an attempt at it is counted in the store, and
S4 forgets it. A count that has grown over several starts says that the process died each time before it stored
anything: then the records are gone on with one by one, and one that dies alone again and again is condemned.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from service.broker.records import InputRecord, PartitionId
from service.errors import InvalidMessageError, Reason, Stage
from service.owned import OwnedPartition
from service.store.values import Coordinates

STARTS_WITHOUT_PROGRESS = 3
TRIES_ALONE = 2

_log = structlog.get_logger(__name__)


class AttemptLog(Protocol):
    """Where attempts are counted (`service.store.store.Store`)."""

    def begin_attempts(self, records: Sequence[Coordinates], at_least: int = 1) -> list[int]: ...


@dataclass(frozen=True, slots=True)
class Portion:
    """Records to go on with together; ``condemned`` says why the one record in it must not be tried again."""

    records: Sequence[InputRecord]
    condemned: InvalidMessageError | None = None


class CrashGuard:
    """Splits batches after crashes; while nothing crashes it costs one small transaction a claim."""

    def __init__(self, log: AttemptLog, batch_records: int) -> None:
        self._attempts = log
        self._batch_records = batch_records

    def portions(
        self, records: Sequence[InputRecord], owned: Mapping[PartitionId, OwnedPartition]
    ) -> Iterator[Portion]:
        """The batch whole, or record by record; raises `StoreUnavailableError`."""
        self._count_starts(records, owned)
        if not any(_is_suspect(record, owned) for record in records):
            yield Portion(records)
            return
        for record in records:
            if not _is_suspect(record, owned):
                yield Portion([record])
                continue
            before = self._tried_alone(record, owned[record.source])
            yield Portion([record], _verdict(before))

    def _count_starts(self, records: Sequence[InputRecord], owned: Mapping[PartitionId, OwnedPartition]) -> None:
        first: dict[PartitionId, InputRecord] = {}
        for record in records:
            at = owned[record.source]
            if not at.is_tried and record.offset >= at.stored:
                first.setdefault(record.source, record)
        if not first:
            return
        counts = self._attempts.begin_attempts([_coordinates(record) for record in first.values()])
        for record, before in zip(first.values(), counts, strict=True):
            at = owned[record.source]
            at.is_tried = True
            if before >= STARTS_WITHOUT_PROGRESS:
                at.alone_below = record.offset + self._batch_records
                at.attempts[record.offset] = before
                _log.warning(
                    "starts_without_progress",
                    topic=record.source.topic,
                    partition=record.source.partition,
                    offset=record.offset,
                    attempts=before,
                    consequence="the next records are gone on with one by one",
                )

    def _tried_alone(self, record: InputRecord, at: OwnedPartition) -> int:
        if record.offset not in at.attempts:
            floor = STARTS_WITHOUT_PROGRESS + 1
            at.attempts[record.offset] = self._attempts.begin_attempts([_coordinates(record)], floor)[0]
        return at.attempts[record.offset]


def _is_suspect(record: InputRecord, owned: Mapping[PartitionId, OwnedPartition]) -> bool:
    at = owned[record.source]
    return at.stored <= record.offset < at.alone_below


def _verdict(attempts: int) -> InvalidMessageError | None:
    if attempts < STARTS_WITHOUT_PROGRESS + TRIES_ALONE:
        return None
    detail = f"the process died in {attempts} attempts, the last {TRIES_ALONE} of them at this record alone"
    return InvalidMessageError(Reason.PROCESS_DIED, Stage.INFER, detail)


def _coordinates(record: InputRecord) -> Coordinates:
    return Coordinates(record.source.topic, record.source.partition, record.offset)
