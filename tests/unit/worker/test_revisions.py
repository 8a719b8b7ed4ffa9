"""In: changes of one ticket, in any order and at the same time. Out: a row each, and the newest is the current one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import permutations

import pytest

from service.events import routed_event_id
from service.revisions import NEIGHBOURS_US
from service.store.engine import create_store_engine
from service.store.store import Store
from service.store.values import StoredDecision
from tests.unit.store.samples import decision
from tests.unit.worker.conftest import Plant
from tests.unit.worker.fakes import Killed
from tests.unit.worker.records import TIME_US, Sent, send, ticket

MakePlant = Callable[..., Plant]


@pytest.fixture
def fed(plant: MakePlant) -> Callable[..., Plant]:
    """A plant whose topic holds what was sent."""

    def make(sent: list[Sent], batch_records: int = 4) -> Plant:
        made = plant({}, batch_records=batch_records)
        send(made.topic, sent)
        return made

    return make


def revisions(made: Plant) -> list[tuple[object, ...]]:
    return made.rows('SELECT revision, "offset" FROM results ORDER BY "offset"')


@pytest.mark.parametrize("batch_records", [1, 4])
def test_worker_two_changes_at_the_same_time_are_two_revisions_in_the_order_of_the_log(
    fed: Callable[..., Plant], batch_records: int
) -> None:
    made = fed([ticket(body="first"), ticket(body="second")], batch_records)

    made.run()

    assert revisions(made) == [(TIME_US, 0), (TIME_US + 1, 1)]
    assert made.rows("SELECT revision FROM ticket_current") == [(TIME_US + 1,)]


@pytest.mark.parametrize("batch_records", [1, 4])
def test_worker_same_content_at_the_same_time_is_one_revision_published_twice_alike(
    fed: Callable[..., Plant], batch_records: int
) -> None:
    made = fed([ticket(), ticket(), ticket(body="other"), ticket()], batch_records)

    made.run()

    assert revisions(made) == [(TIME_US, 0), (TIME_US + 1, 2)]
    events = [record.value or b"" for record in made.sink.on("routed")]
    assert len({json.loads(event)["id"] for event in events}) == len(set(events)) == 2


@pytest.mark.parametrize("order", list(permutations([1, 2, 3])))
def test_worker_changes_with_sequences_in_any_order_end_with_the_highest_current(
    fed: Callable[..., Plant], order: tuple[int, ...]
) -> None:
    made = fed([ticket(body=f"change {number}", sequence=number) for number in order])

    made.run()

    assert made.rows("SELECT sequence FROM results JOIN ticket_current USING (ticket_id, revision)") == [(3,)]
    assert made.rows("SELECT count(*) FROM results") == [(3,)]


def test_worker_late_change_is_stored_and_not_current(fed: Callable[..., Plant]) -> None:
    made = fed([ticket(body="new", seconds=10), ticket(body="old", seconds=5)])

    made.run()

    assert made.rows("SELECT revision FROM ticket_current") == [(TIME_US + 10_000_000,)]
    assert made.rows("SELECT count(*) FROM results") == [(2,)]


@pytest.mark.parametrize("step", ["publish", "mark_published", "commit"])
def test_worker_whole_log_again_after_a_kill_gives_the_same_revisions_and_events(
    fed: Callable[..., Plant], step: str
) -> None:
    sent = [ticket(body=f"change {number % 3}", sequence=None if number % 2 else number) for number in range(12)]
    made = fed(sent, 3)
    made.script.before[step] = [Killed()]
    with pytest.raises(Killed):
        made.run()
    first = revisions(made)

    made.run()

    assert revisions(made)[: len(first)] == first
    made.rows("UPDATE consumer_offsets SET published_offset = 0")
    made.topic.committed.clear()
    before = made.rows("SELECT ticket_id, revision, document FROM results ORDER BY revision")
    made.run()
    assert made.rows("SELECT ticket_id, revision, document FROM results ORDER BY revision") == before
    events: dict[str, set[bytes]] = {}
    for record in made.sink.on("routed"):
        events.setdefault(json.loads(record.value or b"")["id"], set()).add(record.value or b"")
    assert all(len(copies) == 1 for copies in events.values())
    assert len(events) == len(before)


def test_worker_revision_that_another_writer_took_meanwhile_is_decided_again_and_loses_nothing(
    fed: Callable[..., Plant],
) -> None:
    made = fed([ticket(body="mine")])
    rival = Store(create_store_engine(f"sqlite:///{made.database}"))
    write_batch = made.store.write_batch
    taken: list[StoredDecision] = []

    def beaten_to_it(*asked: object) -> object:
        if not taken:
            sample = decision("t1", TIME_US)
            taken.append(replace(sample, facts=replace(sample.facts, revised_us=TIME_US, content_digest="theirs")))
            rival.record_results(taken)
        return write_batch(*asked)  # type: ignore[arg-type]

    made.store.write_batch = beaten_to_it  # type: ignore[method-assign,assignment]

    made.run()

    assert made.rows("SELECT revision, content_digest = 'theirs' FROM results ORDER BY revision") == [
        (TIME_US, 1),
        (TIME_US + 1, 0),
    ]
    assert [json.loads(record.value or b"")["id"] for record in made.sink.on("routed")] == [
        str(routed_event_id("acme", "t1", TIME_US + 1))
    ]
    rival.close()


def test_worker_more_changes_in_one_instant_than_have_room_become_dead_letters_not_losses(
    fed: Callable[..., Plant],
) -> None:
    count = NEIGHBOURS_US + 3
    made = fed([ticket(body=f"change {number}") for number in range(count)], 256)

    made.run()

    assert made.rows("SELECT count(*) FROM results") == [(count - 2,)]
    assert made.rows('SELECT "offset", reason FROM dead_letters ORDER BY "offset"') == [
        (count - 2, "schema_violation"),
        (count - 1, "schema_violation"),
    ]


def test_worker_ticket_of_the_year_one_is_stored_though_something_was_erased(fed: Callable[..., Plant]) -> None:
    made = fed([("other", None), ticket(updated_at="0001-01-01T00:00:00Z")])

    made.run()

    assert made.stored_ids() == ["t1"]


def test_worker_every_copy_of_a_ticket_that_breaks_the_model_is_a_dead_letter(fed: Callable[..., Plant]) -> None:
    made = fed([ticket("poison"), ticket("poison"), ticket("t1")])

    made.run()

    assert made.rows('SELECT "offset" FROM dead_letters ORDER BY "offset"') == [(0,), (1,)]
    assert made.stored_ids() == ["t1"]
