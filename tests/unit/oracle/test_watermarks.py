"""In: samples of watermarks, of a run with outages and rewinds. Out: proof that only what is wrong is found."""

from __future__ import annotations

from load_tests.oracle.observed import Marks
from load_tests.oracle.samples import BrokerSample, Samples, StoreSample
from load_tests.oracle.watermarks import check_never_down, check_order
from tests.unit.oracle.world import INPUT, broker_sample, store_sample


def test_store_that_goes_back_where_somebody_took_it_back_is_allowed() -> None:
    samples = Samples(store=(store_sample(1.0, 9, 9), store_sample(3.0, 2, 2)))

    assert check_never_down(samples, rewound_at_s=(2.0,)) == []


def test_store_that_goes_back_at_another_time_than_it_was_taken_back_is_found() -> None:
    samples = Samples(store=(store_sample(1.0, 9, 9), store_sample(3.0, 2, 2)))

    assert len(check_never_down(samples, rewound_at_s=(5.0,))) == 2


def test_committed_that_goes_down_at_a_rewind_of_the_database_is_found() -> None:
    samples = Samples(broker=(broker_sample(1.0, 9, 9), broker_sample(3.0, 2, 9)))

    assert len(check_never_down(samples, rewound_at_s=(2.0,))) == 1


def test_epoch_that_goes_down_is_found() -> None:
    samples = Samples(store=(store_sample(1.0, 9, 9, epoch=2), store_sample(3.0, 9, 9, epoch=1)))

    [finding] = check_never_down(samples)

    assert "epoch from 2 down to 1" in finding.what


def test_watermark_that_is_lower_after_an_outage_is_found() -> None:
    outage = StoreSample(2.0, {}, "the database is away")
    samples = Samples(store=(store_sample(1.0, 9, 9), outage, store_sample(3.0, 8, 8)))

    assert len(check_never_down(samples)) == 2


def test_committed_that_was_deleted_and_comes_back_higher_is_allowed() -> None:
    samples = Samples(broker=(broker_sample(1.0, 5, 9), broker_sample(2.0, None, 9), broker_sample(3.0, 6, 9)))

    assert check_never_down(samples) == []


def test_order_compares_what_kafka_said_with_what_the_store_says_later() -> None:
    samples = Samples(store=(store_sample(1.0, 9, 3), store_sample(3.0, 9, 5)), broker=(broker_sample(2.0, 5, 9),))

    assert check_order(samples, {}) == []


def test_order_with_kafka_away_compares_nothing_of_it() -> None:
    samples = Samples(store=(store_sample(1.0, 9, 3),), broker=(BrokerSample(0.5, {}, "Kafka is away"),))

    assert check_order(samples, {INPUT: Marks(9, 3)}) == []


def test_committed_above_published_after_a_rewind_is_allowed_while_it_stands() -> None:
    samples = Samples(
        store=(store_sample(2.0, 9, 9), store_sample(5.0, 4, 4)),
        broker=(broker_sample(1.0, 8, 9), broker_sample(4.0, 8, 9)),
    )

    assert check_order(samples, {INPUT: Marks(5, 5, committed=8)}, rewound_at_s=(3.0,)) == []


def test_committed_that_rises_above_published_after_a_rewind_is_found() -> None:
    samples = Samples(
        store=(store_sample(2.0, 9, 9), store_sample(5.0, 4, 4)),
        broker=(broker_sample(1.0, 8, 9), broker_sample(4.0, 9, 9)),
    )

    assert len(check_order(samples, {}, rewound_at_s=(3.0,))) == 1


def test_committed_above_published_before_a_rewind_is_found() -> None:
    samples = Samples(store=(store_sample(2.0, 9, 4),), broker=(broker_sample(1.0, 8, 9), broker_sample(4.0, 8, 9)))

    assert len(check_order(samples, {}, rewound_at_s=(9.0,))) == 1


def test_order_at_the_end_of_a_store_that_published_more_than_it_has_is_found() -> None:
    assert len(check_order(Samples(), {INPUT: Marks(4, 5)})) == 1
