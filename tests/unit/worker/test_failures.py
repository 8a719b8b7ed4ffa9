"""In: a worker whose neighbours fail, or whose input is bad. Out: it holds, or puts aside, or ends, as it should."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest

from service.broker.records import PartitionId
from service.budget import MAX_INVALID_IN_A_ROW, DeadLetterBudgetError
from service.errors import (
    BrokerUnavailableError,
    FencedError,
    InvalidMessageError,
    Reason,
    Stage,
    StoreUnavailableError,
)
from tests.unit.worker.conftest import Plant
from tests.unit.worker.fakes import TOPIC, message, messages

MakePlant = Callable[..., Plant]
FIRST = PartitionId(TOPIC, 0)


def test_worker_store_away_holds_pauses_and_reads_again(plant: MakePlant) -> None:
    made = plant({0: messages(3)})
    made.script.before["write_batch"] = [StoreUnavailableError("away") for _ in range(3)]
    started_s = made.time.now_s

    made.run()

    assert made.script.journal.count("pause") == 3
    assert made.source.started == [{FIRST: 0}] * 4
    assert made.time.now_s - started_s >= 0.5 * (0.2 + 0.4 + 0.8)
    assert made.stored_ids() == ["t0", "t1", "t2"]
    assert len(made.sink.on("routed")) == 3


def test_worker_answer_to_the_store_commit_lost_goes_on_with_the_stored_rows(plant: MakePlant) -> None:
    made = plant({0: messages(3)})
    made.script.after["write_batch"] = [StoreUnavailableError("the answer was lost")]

    made.run()

    assert made.decider.decided == ["t0", "t1", "t2"]
    assert b'"latency_ms":3.0' in (made.sink.on("routed")[0].value or b"")
    assert len(made.sink.on("routed")) == 3


@pytest.mark.parametrize("step", ["committed", "read_events", "mark_published", "commit"])
def test_worker_transient_failure_at_any_step_is_ridden_out(plant: MakePlant, step: str) -> None:
    made = plant({0: messages(5), 1: messages(2, "u")}, batch_records=3)
    made.script.before[step] = [BrokerUnavailableError("away"), StoreUnavailableError("away")]

    made.run()

    assert len(made.stored_ids()) == 7
    assert {record.key for record in made.sink.on("routed")} == {f"acme/{i}".encode() for i in made.stored_ids()}
    assert made.topic.committed == {PartitionId(TOPIC, 0): 5, PartitionId(TOPIC, 1): 2}


def test_worker_sink_away_publishes_the_identical_records_again(plant: MakePlant) -> None:
    made = plant({0: [*messages(2), b"no ticket"]})
    made.sink.failures = 2

    made.run()

    first, second, third = made.sink.tries
    assert first == second == third
    assert len(first) == 3
    assert made.decider.decided == ["t0", "t1"]
    assert made.topic.committed == {FIRST: 3}


def test_worker_sink_away_commits_nothing_in_the_meantime(plant: MakePlant) -> None:
    made = plant({0: messages(2)})
    made.sink.failures = 10_000
    worker = made.start()
    made.script.before["pause"] = []
    made.source.pause = lambda partitions: made.stop.request()  # type: ignore[method-assign]

    worker.run()

    assert made.topic.committed == {}
    assert made.watermarks() == [(2, 0)]


def test_worker_invalid_message_becomes_a_dead_letter_with_its_bytes_and_coordinates(plant: MakePlant) -> None:
    raw = b'{"ticket_id": "t\xff'
    made = plant({0: [message("t0"), raw, message("t2")]})

    made.run()

    (letter,) = made.sink.on("dead-letter")
    headers = dict(letter.headers)
    assert (letter.key, letter.value) == (b"key", raw)
    assert headers["deskroute-reason"] == b"not_utf8"
    assert headers["deskroute-offset"] == b"1"
    assert headers["deskroute-model-version"] == b"7"
    assert made.rows("SELECT count(*) FROM dead_letters") == [(1,)]
    assert made.stored_ids() == ["t0", "t2"]
    assert made.topic.committed == {FIRST: 3}


def test_worker_ticket_that_breaks_the_model_is_put_aside_alone(plant: MakePlant) -> None:
    made = plant({0: [message("t0"), message("poison"), message("t2"), message("t3")]})

    made.run()

    (letter,) = made.sink.on("dead-letter")
    assert dict(letter.headers)["deskroute-reason"] == b"inference_failed"
    assert made.stored_ids() == ["t0", "t2", "t3"]


def test_worker_row_that_the_store_refuses_is_found_and_put_aside(plant: MakePlant) -> None:
    made = plant({0: [message("t0"), message("t1"), message("refused"), message("t3")]})

    made.run()

    (letter,) = made.sink.on("dead-letter")
    headers = dict(letter.headers)
    assert (headers["deskroute-reason"], headers["deskroute-offset"]) == (b"rejected_by_store", b"2")
    assert made.stored_ids() == ["t0", "t1", "t3"]
    assert made.watermarks() == [(4, 4)]


def test_worker_store_refuses_even_the_dead_letter_ends_with_nothing_committed(plant: MakePlant) -> None:
    made = plant({0: messages(1)})
    refusal = InvalidMessageError(Reason.REJECTED_BY_STORE, Stage.STORE, "23514")
    made.script.before["write_batch"] = [refusal, refusal]

    with pytest.raises(InvalidMessageError):
        made.run()

    assert made.topic.committed == {}


def test_worker_only_invalid_messages_stops_with_the_batch_unstored(plant: MakePlant) -> None:
    made = plant({0: [b"no ticket"] * MAX_INVALID_IN_A_ROW}, batch_records=MAX_INVALID_IN_A_ROW)

    with pytest.raises(DeadLetterBudgetError):
        made.run()

    assert made.sink.tries == []
    assert made.rows("SELECT count(*) FROM dead_letters") == [(0,)]
    assert made.topic.committed == {}


def test_worker_one_invalid_message_during_a_long_outage_is_counted_once(plant: MakePlant) -> None:
    made = plant({0: [b"no ticket"]})
    made.sink.failures = MAX_INVALID_IN_A_ROW + 10

    made.run()

    assert len(made.sink.on("dead-letter")) == 1


def test_worker_partition_claimed_by_another_raises_and_commits_nothing(plant: MakePlant) -> None:
    made = plant({0: messages(8)}, batch_records=4)

    def lose() -> None:
        made.store.claim("group", TOPIC, {0: 0}, uuid4(), None)

    made.sink.on_publish = lose

    with pytest.raises(FencedError):
        made.run()

    assert made.topic.committed == {}
    assert made.stored_ids() == ["t0", "t1", "t2", "t3"]


def test_worker_store_that_went_back_in_time_is_filled_again(plant: MakePlant) -> None:
    made = plant({0: messages(8)}, batch_records=4)
    restored: list[bool] = []

    def restore_a_backup() -> None:
        if not restored:
            restored.append(True)
            for table in ("result_fields", "ticket_current", "results"):
                made.rows(f"DELETE FROM {table}")  # noqa: S608
            made.rows("UPDATE consumer_offsets SET next_offset = 0, published_offset = 0")

    made.sink.on_publish = restore_a_backup

    made.run()

    assert made.stored_ids() == [f"t{number}" for number in range(8)]
    assert made.watermarks() == [(8, 8)]
    assert {FIRST: 0} in made.source.started[1:]


def test_worker_rebalance_drops_what_is_unstored_and_reads_it_again(plant: MakePlant) -> None:
    made = plant({0: messages(3)}, batch_records=100)
    worker = made.start()
    poll = made.source.poll

    def rebalance_after_the_first_records(timeout_ms: int, max_records: int) -> list[object]:
        polled = poll(timeout_ms, max_records)
        if polled and len(made.source.started) == 1:
            made.source.assignments.append(frozenset({FIRST}))
        return list(polled)

    made.source.poll = rebalance_after_the_first_records  # type: ignore[method-assign,assignment]

    worker.run()

    assert made.source.started == [{FIRST: 0}, {FIRST: 0}]
    assert made.decider.decided == ["t0", "t1", "t2"]
    assert made.rows("SELECT epoch FROM consumer_offsets") == [(2,)]


def test_worker_all_partitions_revoked_processes_nothing_more(plant: MakePlant) -> None:
    made = plant({0: messages(3)}, batch_records=100)
    worker = made.start()
    made.source.assignments.append(frozenset())

    worker.run()

    assert made.stored_ids() == []
    assert made.topic.committed == {}


def test_worker_stop_while_publishing_finishes_the_batch_commits_it_and_reads_no_more(plant: MakePlant) -> None:
    made = plant({0: messages(12)}, batch_records=4)
    worker = made.start()
    made.sink.on_publish = made.stop.request

    worker.run()

    assert made.stored_ids() == ["t0", "t1", "t2", "t3"]
    assert made.topic.committed == {FIRST: 4}
    assert made.watermarks() == [(4, 4)]


def test_worker_stop_while_holding_returns_before_the_back_off_has_passed(plant: MakePlant) -> None:
    made = plant({0: messages(2)})
    made.script.before["write_batch"] = [StoreUnavailableError("away") for _ in range(100)]
    worker = made.start()
    pause = made.source.pause

    def stop_at_the_eighth(partitions: list[PartitionId]) -> None:
        pause(partitions)
        if made.script.journal.count("pause") == 8:
            made.stop.request()

    made.source.pause = stop_at_the_eighth  # type: ignore[method-assign,assignment]

    worker.run()

    assert made.script.journal.count("pause") == 8
    assert made.topic.committed == {}


def test_worker_last_commit_fails_still_returns(plant: MakePlant) -> None:
    made = plant({0: messages(2)})
    worker = made.start()

    def broker_goes_away() -> None:
        made.script.before["commit"] = [BrokerUnavailableError("away") for _ in range(5)]
        made.stop.request()

    made.sink.on_publish = broker_goes_away

    worker.run()

    assert made.watermarks() == [(2, 2)]
    assert made.topic.committed == {}
