"""In: a worker that reads a topic to its end, or is killed on the way. Out: rows, events and offsets in that order."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from service.broker.records import PartitionId
from tests.unit.worker.conftest import Plant
from tests.unit.worker.fakes import TOPIC, Killed, Moment, message, messages

MakePlant = Callable[..., Plant]
FIRST = PartitionId(TOPIC, 0)
STEPS = ("write_batch", "read_events", "publish", "mark_published", "commit")


def test_worker_one_batch_stores_reads_back_publishes_marks_then_commits(plant: MakePlant) -> None:
    made = plant({0: messages(3)})

    made.run()

    assert [step for step in made.script.journal if step in STEPS] == list(STEPS)
    assert made.stored_ids() == ["t0", "t1", "t2"]
    assert made.watermarks() == [(3, 3)]
    assert made.topic.committed == {FIRST: 3}


def test_worker_two_partitions_and_many_batches_publishes_every_ticket_once(plant: MakePlant) -> None:
    made = plant({0: messages(11, "a"), 1: messages(6, "b")})

    made.run()

    keys = [record.key or b"" for record in made.sink.on("routed")]
    assert sorted(keys) == sorted(f"acme/{name}".encode() for name in made.stored_ids())
    assert len(keys) == 17
    assert made.topic.committed == {PartitionId(TOPIC, 0): 11, PartitionId(TOPIC, 1): 6}


def test_worker_events_are_the_stored_documents(plant: MakePlant) -> None:
    made = plant({0: messages(2)})

    made.run()

    stored = [json.loads(str(row[0])) for row in made.rows("SELECT document FROM results ORDER BY ticket_id")]
    assert [json.loads(record.value or b"")["data"] for record in made.sink.on("routed")] == stored


def test_worker_ticket_for_a_person_is_published_on_the_review_topic_too(plant: MakePlant) -> None:
    made = plant({0: [message("t0"), message("review")]})

    made.run()

    (reviewed,) = made.sink.on("review")
    assert reviewed.key == b"acme/review"
    assert reviewed.value in [record.value for record in made.sink.on("routed")]


def test_worker_topic_that_starts_late_is_read_from_its_beginning(plant: MakePlant) -> None:
    made = plant({0: messages(3)}, first_offset=40)

    made.run()

    assert made.source.started[0] == {FIRST: 40}
    assert made.topic.committed == {FIRST: 43}


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_worker_killed_at_a_step_and_started_again_loses_and_repeats_nothing(
    plant: MakePlant, step: str, moment: Moment
) -> None:
    made = plant({0: messages(6, "a"), 1: [message("b0"), b"no ticket", message("review")]}, batch_records=4)
    planned = made.script.before if moment == "before" else made.script.after
    planned[step] = [Killed()]

    with pytest.raises(Killed):
        made.run()
    made.run()

    assert made.stored_ids() == ["a0", "a1", "a2", "a3", "a4", "a5", "b0", "review"]
    assert made.watermarks() == [(6, 6), (3, 3)]
    assert made.topic.committed == {PartitionId(TOPIC, 0): 6, PartitionId(TOPIC, 1): 3}
    published: dict[bytes | None, set[bytes]] = {}
    for record in made.sink.on("routed"):
        published.setdefault(record.key, set()).add(record.value or b"")
    assert sorted(published) == sorted(f"acme/{name}".encode() for name in made.stored_ids())  # type: ignore[type-var]
    assert all(len(values) == 1 for values in published.values())
    assert {record.value for record in made.sink.on("dead-letter")} == {b"no ticket"}


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_worker_killed_at_a_step_has_committed_nothing_that_is_not_published(
    plant: MakePlant, step: str, moment: Moment
) -> None:
    made = plant({0: messages(6)}, batch_records=2)
    planned = made.script.before if moment == "before" else made.script.after
    planned[step] = [Killed()]

    with pytest.raises(Killed):
        made.run()

    ((next_offset, published_offset),) = made.watermarks()
    committed = made.topic.committed.get(FIRST, 0)
    acknowledged = {record.key for record in made.sink.acknowledged}
    assert committed <= int(str(published_offset)) <= int(str(next_offset))
    assert {f"acme/t{offset}".encode() for offset in range(committed)} <= acknowledged


def test_worker_replay_after_a_kill_publishes_the_stored_row_and_decides_nothing_again(plant: MakePlant) -> None:
    made = plant({0: messages(4)})
    made.script.before["publish"] = [Killed()]
    with pytest.raises(Killed):
        made.run()
    decided = list(made.decider.decided)

    made.run()

    assert made.decider.decided == decided == ["t0", "t1", "t2", "t3"]
    latencies = [json.loads(record.value or b"")["data"]["latency_ms"] for record in made.sink.on("routed")]
    assert latencies == [4.0, 4.0, 4.0, 4.0]


def test_worker_second_process_with_nothing_new_changes_and_publishes_nothing(plant: MakePlant) -> None:
    made = plant({0: messages(4)})
    made.run()
    published = len(made.sink.acknowledged)

    made.run()

    assert len(made.sink.acknowledged) == published
    assert made.source.started[0] == {FIRST: 4}


def test_worker_commit_lost_by_kafka_publishes_again_the_identical_bytes(plant: MakePlant) -> None:
    made = plant({0: messages(3)})
    worker = made.start()
    made.source.refuse_commits = True
    worker.run()
    made.rows("UPDATE consumer_offsets SET published_offset = 0")
    first = [record.value for record in made.sink.on("routed")]

    made.run()

    assert [record.value for record in made.sink.on("routed")] == first * 2
    assert made.decider.decided == ["t0", "t1", "t2"]


def test_worker_commit_is_never_above_what_is_marked_published(plant: MakePlant) -> None:
    made = plant({0: messages(30)}, batch_records=3)
    worker = made.start()
    seen: list[tuple[int, int]] = []
    accept = made.source.commit

    def note(offsets: dict[PartitionId, int], timeout_s: float) -> bool:
        seen.append((offsets[FIRST], made.store.published[FIRST]))
        return accept(offsets, timeout_s)

    made.source.commit = note  # type: ignore[method-assign,assignment]
    made.sink.on_publish = lambda: setattr(made.time, "now_s", made.time.now_s + 0.6)

    worker.run()

    assert len(seen) > 3
    assert all(committed <= published for committed, published in seen)
    assert seen[-1] == (30, 30)
