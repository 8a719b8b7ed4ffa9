"""In: samples of a run that stood still for a while, or whose memory grew. Out: proof that the measures are right."""

from __future__ import annotations

import os

from load_tests.oracle.recovery import check_memory, check_recovery, memory_growth, seconds_without_progress
from load_tests.oracle.sampler import resident_bytes
from load_tests.oracle.samples import (
    BrokerMarks,
    BrokerSample,
    MemorySample,
    Samples,
    StoreMarks,
    StoreSample,
)
from service.broker.records import PartitionId
from tests.unit.oracle.world import MIB, broker_sample, store_sample

_FIRST, _SECOND = PartitionId("in", 0), PartitionId("in", 1)


def _stored(at_s: float, first: int, second: int) -> StoreSample:
    return StoreSample(at_s, {_FIRST: StoreMarks(first, first, 1), _SECOND: StoreMarks(second, second, 1)})


def _ends(at_s: float, first: int, second: int) -> BrokerSample:
    return BrokerSample(at_s, {_FIRST: BrokerMarks(0, first), _SECOND: BrokerMarks(0, second)})


def test_seconds_without_progress_are_those_from_waiting_to_the_next_move() -> None:
    samples = Samples(
        store=(store_sample(1.0, 9, 2), store_sample(2.0, 9, 3), store_sample(9.0, 9, 4), store_sample(10.0, 9, 9)),
        broker=(broker_sample(0.0, 0, 9),),
    )

    assert seconds_without_progress(samples) == 7.0


def test_seconds_without_progress_do_not_count_while_nothing_waits() -> None:
    samples = Samples(
        store=(store_sample(1.0, 9, 9), store_sample(100.0, 9, 9), store_sample(102.0, 10, 10)),
        broker=(broker_sample(0.0, 0, 9), broker_sample(101.0, 0, 10)),
    )

    assert seconds_without_progress(samples) == 1.0


def test_seconds_without_progress_go_on_through_an_outage_of_both_and_to_the_end() -> None:
    away = [StoreSample(float(at_s), {}, "away") for at_s in range(3, 30)]
    samples = Samples(
        store=(store_sample(1.0, 9, 2), *away, store_sample(30.0, 9, 2)),
        broker=(broker_sample(2.0, 0, 9), BrokerSample(15.0, {}, "away")),
    )

    assert seconds_without_progress(samples) == 28.0


def test_seconds_without_progress_of_each_partition_show_the_one_whose_worker_is_dead() -> None:
    samples = Samples(
        store=tuple(_stored(float(at_s), at_s, 0) for at_s in range(1, 21)), broker=(_ends(0.0, 100, 100),)
    )

    assert seconds_without_progress(samples) == 1.0
    assert seconds_without_progress(samples, each_partition=True) == 19.0


def test_seconds_without_progress_without_samples_are_not_known() -> None:
    assert seconds_without_progress(Samples(store=(store_sample(1.0, 1, 1),))) is None


def test_check_recovery_with_the_limit_just_kept_finds_nothing() -> None:
    samples = Samples(
        store=(store_sample(1.0, 9, 2), store_sample(6.0, 9, 9)),
        broker=(broker_sample(0.0, 0, 9),),
    )

    assert check_recovery(samples, 5.0) == []
    assert len(check_recovery(samples, 4.9)) == 1


def test_memory_growth_counts_from_the_warm_up_on_and_for_each_process() -> None:
    samples = Samples(
        store=(store_sample(0.0, 50, 50), store_sample(10.0, 150, 150)),
        memory=(
            *(MemorySample(float(at_s), 1, 10 * MIB) for at_s in range(10)),
            *(MemorySample(float(at_s), 1, (100 + at_s) * MIB) for at_s in range(10, 40)),
            *(MemorySample(float(at_s), 2, 50 * MIB) for at_s in range(10, 20)),
        ),
    )

    [growth] = memory_growth(samples, 100)

    assert (growth.process_id, growth.warm_bytes, growth.last_bytes) == (1, 114.5 * MIB, 134.5 * MIB)
    assert len(check_memory([growth], 0.05)) == 1
    assert check_memory([growth], 0.20) == []


def test_memory_growth_where_the_warm_up_is_never_reached_is_of_nothing() -> None:
    samples = Samples(
        store=(store_sample(0.0, 50, 50), store_sample(10.0, 149, 149)),
        memory=tuple(MemorySample(float(at_s), 1, MIB) for at_s in range(40)),
    )

    assert memory_growth(samples, 100) == []


def test_resident_bytes_of_this_process_are_some_and_of_no_process_none() -> None:
    own = resident_bytes(os.getpid())

    assert own is not None
    assert own > MIB
    assert resident_bytes(2**22 + 1) is None
