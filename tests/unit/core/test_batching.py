"""In: records at given times. Out: batches closed by count, bytes or age, with no record lost or out of order."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from service.batching import Batcher, BatchLimits
from service.broker.records import InputRecord, PartitionId

LIMITS = BatchLimits(max_records=3, max_bytes=100, max_wait_s=0.5)


def record(offset: int, size_bytes: int = 1) -> InputRecord:
    return InputRecord(PartitionId("in", 0), offset, None, b"x" * size_bytes, (), 0)


def test_batcher_empty_is_never_due() -> None:
    batcher = Batcher(LIMITS)

    assert not batcher.is_due(1e9)
    assert batcher.wait_s(0.0) == math.inf
    assert batcher.room == 3


def test_batcher_full_by_count_is_due_at_once_and_still_has_room_to_poll() -> None:
    batcher = Batcher(LIMITS)

    batcher.add([record(0), record(1), record(2)], 10.0)

    assert batcher.is_due(10.0)
    assert batcher.wait_s(10.0) == 0.0
    assert batcher.room == 1


def test_batcher_full_by_bytes_is_due_at_once() -> None:
    batcher = Batcher(LIMITS)

    batcher.add([record(0, 99)], 10.0)
    before = batcher.is_due(10.0)
    batcher.add([record(1, 1)], 10.0)

    assert not before
    assert batcher.is_due(10.0)


def test_batcher_age_counts_from_the_first_record() -> None:
    batcher = Batcher(LIMITS)

    batcher.add([record(0)], 10.0)
    batcher.add([record(1)], 10.25)

    assert batcher.wait_s(10.25) == 0.25
    assert not batcher.is_due(10.25)
    assert batcher.is_due(10.5)


def test_batcher_taken_starts_again_with_no_bytes_and_a_new_age() -> None:
    batcher = Batcher(LIMITS)
    batcher.add([record(0, 100)], 10.0)

    taken = batcher.take()
    batcher.add([record(1)], 20.0)

    assert [item.offset for item in taken] == [0]
    assert batcher.wait_s(20.0) == 0.5


@given(st.lists(st.tuples(st.integers(0, 60), st.floats(0, 1)), max_size=60))
def test_batcher_any_arrivals_come_out_once_and_in_order(arrivals: list[tuple[int, float]]) -> None:
    batcher = Batcher(LIMITS)
    now_s, out = 0.0, []

    for offset, (size_bytes, gap_s) in enumerate(arrivals):
        now_s += gap_s
        batcher.add([record(offset, size_bytes)], now_s)
        if batcher.is_due(now_s):
            out.append(batcher.take())
    out.append(batcher.take())

    assert [item.offset for batch in out for item in batch] == list(range(len(arrivals)))
    assert all(len(batch) <= LIMITS.max_records for batch in out)
