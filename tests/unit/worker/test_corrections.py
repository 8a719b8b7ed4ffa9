"""In: tickets, and what persons correct in them. Out: new revisions by a human, in their place in the order."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from service.broker.records import PartitionId
from tests.unit.worker.conftest import Plant
from tests.unit.worker.fakes import CORRECTIONS, TOPIC, Killed
from tests.unit.worker.records import TIME_US, correct, correction, send, ticket

MakePlant = Callable[..., Plant]
_SECOND_US = 1_000_000


def current(made: Plant) -> list[tuple[object, ...]]:
    return made.rows("SELECT ticket_id, revision, category, decided_by FROM ticket_current ORDER BY ticket_id")


def test_worker_correction_becomes_the_current_revision_and_an_event(plant: MakePlant) -> None:
    made = plant({})
    send(made.topic, [ticket()])
    made.run()
    correct(made.topic, [correction(seconds=60, category="other")])

    made.run()

    assert current(made) == [("t1", TIME_US + 60 * _SECOND_US, "other", "human")]
    assert made.rows("SELECT count(*) FROM results") == [(2,)]
    assert made.rows("SELECT corrected_by FROM results WHERE decided_by = 'human'") == [("kim",)]
    event = json.loads(made.sink.on("routed")[-1].value or b"")
    assert (event["data"]["decided_by"], event["data"]["revision"]) == ("human", TIME_US + 60 * _SECOND_US)
    assert "kim" not in str(event)
    assert made.topic.committed == {PartitionId(TOPIC, 0): 1, PartitionId(CORRECTIONS, 0): 1}


def test_worker_correction_in_the_batch_of_its_ticket_builds_on_it(plant: MakePlant) -> None:
    made = plant({}, batch_records=10)
    correct(made.topic, [correction(seconds=60, queue="vip")])
    send(made.topic, [ticket()])

    made.run()

    assert current(made) == [("t1", TIME_US + 60 * _SECOND_US, "billing", "human")]
    assert made.rows("SELECT queue FROM ticket_current") == [("vip",)]


def test_worker_correction_of_an_unknown_ticket_is_a_dead_letter(plant: MakePlant) -> None:
    made = plant({})
    correct(made.topic, [correction(category="other")])

    made.run()

    assert made.rows("SELECT topic, reason FROM dead_letters") == [(CORRECTIONS, "unknown_ticket")]


def test_worker_correction_to_a_label_that_there_is_not_is_a_dead_letter(plant: MakePlant) -> None:
    made = plant({})
    send(made.topic, [ticket()])
    made.run()
    correct(made.topic, [correction(seconds=60, category="nonsense"), correction(seconds=61, category="other")])

    made.run()

    assert made.rows("SELECT reason FROM dead_letters") == [("schema_violation",)]
    assert current(made) == [("t1", TIME_US + 61 * _SECOND_US, "other", "human")]


def test_worker_correction_made_by_a_slow_clock_comes_after_the_revision_that_was_looked_at(plant: MakePlant) -> None:
    made = plant({})
    send(made.topic, [ticket(seconds=60)])
    made.run()
    seen = TIME_US + 60 * _SECOND_US
    correct(made.topic, [correction(seconds=0, category="other", of_revision=seen)])

    made.run()

    assert current(made) == [("t1", seen + 1, "other", "human")]


def test_worker_correction_older_than_the_newest_change_is_kept_and_not_current(plant: MakePlant) -> None:
    made = plant({})
    send(made.topic, [ticket(body="old"), ticket(body="new", seconds=100)])
    made.run()
    correct(made.topic, [correction(seconds=50, category="other")])

    made.run()

    assert current(made) == [("t1", TIME_US + 100 * _SECOND_US, "billing", "full")]
    assert made.rows("SELECT decided_by FROM results ORDER BY revision") == [("full",), ("human",), ("full",)]


def test_worker_second_correction_builds_on_the_first(plant: MakePlant) -> None:
    made = plant({})
    send(made.topic, [ticket()])
    made.run()
    correct(made.topic, [correction(seconds=1, queue="vip"), correction(seconds=2, sla_minutes=5)])

    made.run()

    assert made.rows("SELECT queue, sla_minutes FROM ticket_current") == [("vip", 5)]


def test_worker_two_corrections_of_the_same_moment_are_two_revisions_the_later_record_last(plant: MakePlant) -> None:
    made = plant({})
    send(made.topic, [ticket()])
    made.run()
    correct(made.topic, [correction(seconds=1, queue="first"), correction(seconds=1, queue="second")])

    made.run()

    assert made.rows("SELECT count(*) FROM results WHERE decided_by = 'human'") == [(2,)]
    assert made.rows("SELECT queue FROM ticket_current") == [("second",)]


@pytest.mark.parametrize("step", ["write_batch", "publish", "commit"])
def test_worker_correction_killed_and_read_again_is_applied_once(plant: MakePlant, step: str) -> None:
    made = plant({})
    send(made.topic, [ticket()])
    made.run()
    correct(made.topic, [correction(seconds=1, category="other"), correction(seconds=1, category="other")])
    made.script.after[step] = [Killed()]
    with pytest.raises(Killed):
        made.run()

    made.run()

    assert made.rows("SELECT count(*) FROM results WHERE decided_by = 'human'") == [(1,)]
    published = {record.value for record in made.sink.on("routed") if b'"human"' in (record.value or b"")}
    assert len(published) == 1
    assert made.decider.decided == ["t1"]
