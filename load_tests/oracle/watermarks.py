"""In: sampled watermarks and the final ones. Out: findings of I7 (none goes down) and I8 (their order).

The times at which someone took the database back on purpose are given as ``rewound_at_s`` (seconds since 1970).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from load_tests.oracle.observed import Marks
from load_tests.oracle.report import Finding, Trouble
from load_tests.oracle.samples import BrokerSample, Samples, StoreSample
from service.broker.records import PartitionId

_Known = dict[tuple[PartitionId, str], tuple[float, int]]


def check_never_down(samples: Samples, rewound_at_s: Sequence[float] = ()) -> list[Finding]:
    """I7: next, published, epoch and committed never go down from one sample to the next that has them.

    What the store holds may go down between two samples that have a rewind between them; what Kafka holds may not.
    """
    known: _Known = {}
    findings: list[Finding] = []
    for stored in samples.store:
        for at, marks in stored.marks.items():
            values = {
                "next_offset": marks.next_offset,
                "published_offset": marks.published_offset,
                "epoch": marks.epoch,
            }
            findings += _falls(known, at, values, stored.at_s, rewound_at_s)
    for committed in samples.broker:
        for at, ends in committed.marks.items():
            if ends.committed is not None:
                findings += _falls(known, at, {"committed": ends.committed}, committed.at_s, ())
    return findings


def check_order(
    samples: Samples, final: Mapping[PartitionId, Marks], rewound_at_s: Sequence[float] = ()
) -> list[Finding]:
    """I8: committed <= published <= next, in every sample and at the end.

    Each answer of Kafka is compared with the first answer of the store that was asked for later: published may have
    moved on since then, but not fallen behind. After a rewind committed may stay where it was while published comes up
    again, but rise no further.
    """
    findings = [
        _wrong_order(at, "published", marks.published_offset, "next", marks.next_offset)
        for sample in samples.store
        for at, marks in sample.marks.items()
        if marks.published_offset > marks.next_offset
    ]
    floor = _Floor(rewound_at_s)
    for asked, stored in _pairs(samples):
        committed = {at: ends.committed for at, ends in asked.marks.items() if ends.committed is not None}
        floor.note(asked.at_s, committed)
        allowed = floor.after(stored.at_s)
        for at, offset in committed.items():
            if at in stored.marks and offset > max(stored.marks[at].published_offset, allowed.get(at, 0)):
                findings.append(_wrong_order(at, "committed", offset, "published", stored.marks[at].published_offset))
    allowed = floor.after(math.inf)
    for at, marks in final.items():
        if marks.published_offset > marks.next_offset:
            findings.append(_wrong_order(at, "published", marks.published_offset, "next", marks.next_offset))
        if (marks.committed or 0) > max(marks.published_offset, allowed.get(at, 0)):
            findings.append(_wrong_order(at, "committed", marks.committed or 0, "published", marks.published_offset))
    return findings


class _Floor:
    """What was committed before the last rewind."""

    def __init__(self, rewound_at_s: Sequence[float]) -> None:
        self._rewinds_s = sorted(rewound_at_s, reverse=True)
        self._newest: dict[PartitionId, int] = {}
        self._floor: dict[PartitionId, int] = {}

    def note(self, at_s: float, committed: Mapping[PartitionId, int]) -> None:
        self.after(at_s)
        self._newest.update(committed)

    def after(self, at_s: float) -> Mapping[PartitionId, int]:
        while self._rewinds_s and self._rewinds_s[-1] <= at_s:
            self._rewinds_s.pop()
            self._floor = dict(self._newest)
        return self._floor


def _pairs(samples: Samples) -> Iterator[tuple[BrokerSample, StoreSample]]:
    later = iter([sample for sample in samples.store if sample.marks])
    stored = next(later, None)
    for asked in samples.broker:
        while stored is not None and stored.at_s < asked.at_s:
            stored = next(later, None)
        if stored is None:
            return
        yield asked, stored


def _falls(
    known: _Known, at: PartitionId, values: Mapping[str, int], at_s: float, rewound_at_s: Sequence[float]
) -> Iterator[Finding]:
    for name, value in values.items():
        before_s, before = known.get((at, name), (at_s, value))
        if value < before and not any(before_s <= rewound_s <= at_s for rewound_s in rewound_at_s):
            what = f"{_name(at)}: {name} from {before} down to {value} within {at_s - before_s:.1f} s"
            yield Finding(Trouble.WENT_DOWN, what)
        known[at, name] = (at_s, value)


def _wrong_order(at: PartitionId, lower: str, low: int, upper: str, high: int) -> Finding:
    return Finding(Trouble.OUT_OF_ORDER, f"{_name(at)}: {lower} {low} > {upper} {high}")


def _name(at: PartitionId) -> str:
    return f"{at.topic}-{at.partition}"
