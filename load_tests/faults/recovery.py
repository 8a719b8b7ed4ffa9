"""In: samples of a run, and the moments at which its faults were over. Out: how long it took until work went on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from load_tests.oracle.samples import Samples
from service.broker.records import PartitionId


def worst_recovery_s(samples: Samples, moments: Sequence[float], *, each_partition: bool = False) -> float | None:
    """The longest time from a moment until `published_offset` moved; None where it never was waited for.

    Of the group as a whole, or with ``each_partition`` until every partition with waiting input had moved, which with a
    backlog is an upper bound, since a consumer drains its partitions in turn.
    """
    taken_s = [_until_moved(samples, at_s, each_partition) for at_s in moments]
    return max((one for one in taken_s if one is not None), default=None)


def _until_moved(samples: Samples, at_s: float, each_partition: bool) -> float | None:
    before = _published(samples, at_s)
    ends: dict[PartitionId, int] = {}
    for asked in samples.broker:
        if asked.at_s <= at_s:
            ends.update({at: marks.end for at, marks in asked.marks.items()})
    waiting = {at for at, offset in before.items() if offset < ends.get(at, 0)}
    worst_s: float | None = None
    for sample in samples.store:
        if sample.at_s <= at_s or not waiting:
            continue
        moved = {at for at in waiting if at in sample.marks and sample.marks[at].published_offset > before[at]}
        if moved:
            worst_s = sample.at_s - at_s
            waiting = waiting - moved if each_partition else set()
    return worst_s


def _published(samples: Samples, at_s: float) -> Mapping[PartitionId, int]:
    known: dict[PartitionId, int] = {}
    for sample in samples.store:
        if sample.at_s <= at_s:
            known.update({at: marks.published_offset for at, marks in sample.marks.items()})
    return known
