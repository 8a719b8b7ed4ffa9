"""In: samples of a run. Out: how long it stood still (I10) and how its memory grew (I11), and findings of both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from load_tests.oracle.report import Finding, Trouble
from load_tests.oracle.samples import BrokerSample, Samples, StoreSample
from service.broker.records import PartitionId

_WINDOW_SAMPLES = 10


@dataclass(frozen=True, slots=True)
class Growth:
    """The resident memory of a process soon after it was warm and at the end, each the median of ten samples."""

    process_id: int
    warm_bytes: float
    last_bytes: float


def seconds_without_progress(samples: Samples, *, each_partition: bool = False) -> float | None:
    """The longest stretch in which input was waiting but `published_offset` did not move; None without samples.

    Of the group as a whole: no partition moved while at least one had input waiting. With ``each_partition``: one
    partition waited and did not move, although others may have; that shows the partitions of one dead worker, and is
    an upper bound where there is a backlog, since a consumer drains its partitions in turn. What is not known while a
    neighbour is away counts as it was before. A partition that nobody ever claimed does not count.
    """
    if not samples.store or not samples.broker:
        return None
    stretches = _Stretches(each_partition)
    for at_s, published, ends in _merged(samples):
        stretches.look(at_s, {at: offset for at, offset in published.items() if at in ends}, ends)
    return stretches.longest_s


def check_recovery(samples: Samples, limit_s: float) -> list[Finding]:
    """I10: no partition waited longer than ``limit_s`` for its published offset to move."""
    stalled_s = seconds_without_progress(samples, each_partition=True)
    if stalled_s is None or stalled_s <= limit_s:
        return []
    return [Finding(Trouble.STALLED, f"a partition stood still for {stalled_s:.1f} s, {limit_s:.1f} s are allowed")]


def memory_growth(samples: Samples, warm_up_records: int) -> list[Growth]:
    """The growth of every process that has enough samples after so many records were published.

    Records are counted from the first store sample on.
    """
    warm_s = _warm_at_s(samples, warm_up_records)
    if warm_s is None:
        return []
    by_process: dict[int, list[int]] = defaultdict(list)
    for sample in samples.memory:
        if sample.at_s >= warm_s:
            by_process[sample.process_id].append(sample.rss_bytes)
    return [
        Growth(process_id, median(sizes[:_WINDOW_SAMPLES]), median(sizes[-_WINDOW_SAMPLES:]))
        for process_id, sizes in sorted(by_process.items())
        if len(sizes) >= 2 * _WINDOW_SAMPLES
    ]


def check_memory(growths: Sequence[Growth], tolerance: float) -> list[Finding]:
    """I11: at the end no process holds more than this share above what it held when it was warm."""
    return [
        Finding(
            Trouble.GREW,
            f"process {one.process_id} from {one.warm_bytes / 2**20:.1f} to {one.last_bytes / 2**20:.1f} MiB, "
            f"{tolerance:.0%} are allowed",
        )
        for one in growths
        if one.last_bytes > one.warm_bytes * (1 + tolerance)
    ]


class _Stretches:
    """Since when each partition (or, under None, the group) has been waiting without a move."""

    def __init__(self, each_partition: bool) -> None:
        self._each_partition = each_partition
        self._published: dict[PartitionId, int] = {}
        self._since_s: dict[PartitionId | None, float] = {}
        self.longest_s = 0.0

    def look(self, at_s: float, published: Mapping[PartitionId, int], ends: Mapping[PartitionId, int]) -> None:
        # The stretch that ends now lasted until now; one that goes on has lasted so far.
        self.longest_s = max([self.longest_s, *(at_s - since_s for since_s in self._since_s.values())])
        moved = {self._unit(at) for at, offset in published.items() if offset > self._published.get(at, offset)}
        waiting = {self._unit(at) for at, offset in published.items() if offset < ends[at]}
        self._since_s = {unit: at_s if unit in moved else self._since_s.get(unit, at_s) for unit in waiting}
        self._published.update(published)

    def _unit(self, at: PartitionId) -> PartitionId | None:
        return at if self._each_partition else None


def _merged(samples: Samples) -> Iterator[tuple[float, dict[PartitionId, int], dict[PartitionId, int]]]:
    """After each sample of either kind, the newest that is known: what is published, and where the input ends."""
    published: dict[PartitionId, int] = {}
    ends: dict[PartitionId, int] = {}
    both: list[StoreSample | BrokerSample] = sorted((*samples.store, *samples.broker), key=lambda one: one.at_s)
    for sample in both:
        if isinstance(sample, StoreSample):
            published.update({at: marks.published_offset for at, marks in sample.marks.items()})
        else:
            ends.update({at: marks.end for at, marks in sample.marks.items()})
        yield sample.at_s, published, ends


def _warm_at_s(samples: Samples, warm_up_records: int) -> float | None:
    first: dict[PartitionId, int] = {}
    newest: dict[PartitionId, int] = {}
    for sample in samples.store:
        for at, marks in sample.marks.items():
            newest[at] = marks.published_offset
            first.setdefault(at, marks.published_offset)
        if sum(newest.values()) - sum(first.values()) >= warm_up_records:
            return sample.at_s
    return None
