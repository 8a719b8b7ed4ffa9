"""In: tickets, and tombstones among them. Out: nothing is left of what was erased, and no replay brings it back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from service.record import requester_digest
from service.store.values import Erasure, SuppressionKind
from tests.unit.worker.conftest import Plant
from tests.unit.worker.fakes import CORRECTIONS, NOW, Killed, messages
from tests.unit.worker.records import TIME_US, correct, correction, send, ticket, tombstone

MakePlant = Callable[..., Plant]
ANN = {"email": "ann@example.com", "id": "4711"}


def events(made: Plant) -> list[bytes | None]:
    return [record.key for record in made.sink.on("routed")]


def nothing_is_left_of(made: Plant, ticket_id: str) -> bool:
    key = f"acme/{ticket_id}"
    tables = ("results", "result_fields", "ticket_current")
    rows = [made.rows(f"SELECT 1 FROM {table} WHERE ticket_id = '{ticket_id}'") for table in tables]  # noqa: S608
    return not any((*rows, made.rows(f"SELECT 1 FROM dead_letters WHERE key = CAST('{key}' AS BLOB)")))  # noqa: S608


@pytest.mark.parametrize("batch_records", [1, 10])
def test_worker_tombstone_erases_the_ticket_and_no_other(plant: MakePlant, batch_records: int) -> None:
    made = plant({}, batch_records=batch_records)
    send(made.topic, [ticket("a"), ticket("b"), tombstone("a"), ticket("c")], seconds={2: 1})

    made.run()

    assert nothing_is_left_of(made, "a")
    assert made.stored_ids() == ["b", "c"]
    assert made.rows("SELECT tenant, kind, subject FROM suppressions") == [("acme", "ticket", "a")]


def test_worker_ticket_and_tombstone_in_one_batch_give_no_event(plant: MakePlant) -> None:
    made = plant({}, batch_records=10)
    send(made.topic, [ticket("a"), tombstone("a")])

    made.run()

    assert events(made) == []
    assert made.watermarks() == [(2, 2)]


@pytest.mark.parametrize("batch_records", [1, 10])
def test_worker_old_revision_after_the_tombstone_is_left_out_and_a_newer_one_is_not(
    plant: MakePlant, batch_records: int
) -> None:
    made = plant({}, batch_records=batch_records)
    sent = [ticket("a"), tombstone("a"), ticket("a", body="late", seconds=4), ticket("a", body="new", seconds=6)]
    send(made.topic, sent, seconds={1: 5})

    made.run()

    assert made.rows("SELECT revision FROM results") == [(TIME_US + 6_000_000,)]
    assert made.rows("SELECT revision FROM ticket_current") == [(TIME_US + 6_000_000,)]


@pytest.mark.parametrize("step", ["write_batch", "read_events", "publish", "mark_published", "commit"])
def test_worker_killed_around_a_tombstone_and_read_again_from_the_start_brings_nothing_back(
    plant: MakePlant, step: str
) -> None:
    made = plant({}, batch_records=2)
    send(made.topic, [ticket("a"), ticket("b"), tombstone("a"), ticket("c"), ticket("a")], seconds={2: 1})
    made.script.after[step] = [Killed()]
    with pytest.raises(Killed):
        made.run()
    made.run()
    made.rows("UPDATE consumer_offsets SET next_offset = 0, published_offset = 0")
    made.topic.committed.clear()

    made.run()

    assert nothing_is_left_of(made, "a")
    assert made.stored_ids() == ["b", "c"]


@pytest.mark.parametrize("batch_records", [1, 10])
def test_worker_tombstone_takes_earlier_dead_letters_of_the_ticket_and_leaves_later_ones(
    plant: MakePlant, batch_records: int
) -> None:
    made = plant({}, batch_records=batch_records)
    send(made.topic, [("a", b"broken 1"), ("b", b"broken 2"), tombstone("a"), ("a", b"broken 3")], seconds={2: 5, 3: 6})

    made.run()

    assert made.rows("SELECT value FROM dead_letters ORDER BY value") == [(b"broken 2",), (b"broken 3",)]
    assert made.sink.on("dead-letter")[-1].value == b"broken 3"


def test_worker_invalid_message_of_an_erased_ticket_that_comes_late_leaves_no_letter(plant: MakePlant) -> None:
    made = plant({}, batch_records=1)
    sent = [tombstone("a"), ("a", b"broken"), ticket("poison", seconds=1), tombstone("poison"), ticket("poison")]
    send(made.topic, sent, seconds={0: 5, 1: 4, 3: 5})

    made.run()

    assert made.rows("SELECT * FROM dead_letters") == []
    assert made.rows("SELECT next_offset FROM consumer_offsets") == [(5,)]


@pytest.mark.parametrize("corrected_s", [1, 60])
def test_worker_tombstone_takes_a_correction_with_it_even_one_made_after(plant: MakePlant, corrected_s: int) -> None:
    made = plant({})
    send(made.topic, [ticket("a")])
    made.run()
    correct(made.topic, [correction("a", seconds=corrected_s, category="other")])
    made.run()
    send(made.topic, [tombstone("a")], seconds={0: 5})

    made.run()

    assert nothing_is_left_of(made, "a")


def test_worker_correction_of_an_erased_ticket_is_of_an_unknown_one(plant: MakePlant) -> None:
    made = plant({})
    send(made.topic, [ticket("a"), tombstone("a")], seconds={1: 5})
    made.run()
    correct(made.topic, [correction("a", seconds=4, queue="vip"), correction("a", seconds=60, queue="vip")])

    made.run()

    assert made.rows('SELECT topic, "offset", reason FROM dead_letters') == [(CORRECTIONS, 1, "unknown_ticket")]
    assert made.stored_ids() == []


@pytest.mark.parametrize("named", [ANN["email"], ANN["id"], " ANN@example.COM"])
def test_worker_tickets_of_an_erased_requester_are_not_stored_again_under_any_name(
    plant: MakePlant, named: str
) -> None:
    made = plant({})
    send(made.topic, [ticket("a", requester=ANN), ticket("b")])
    made.run()
    digest = requester_digest("acme", named)

    gone = made.store.erase([Erasure("acme", SuppressionKind.REQUESTER, digest, NOW)])
    made.rows("UPDATE consumer_offsets SET next_offset = 0, published_offset = 0")
    made.topic.committed.clear()
    send(made.topic, [ticket("new", requester=ANN), ticket("later", requester=ANN, seconds=1)])
    made.run()

    assert gone == [("acme", "a", TIME_US)]
    assert made.stored_ids() == ["b", "later"]


def test_worker_null_value_under_a_key_that_names_no_ticket_is_a_dead_letter(plant: MakePlant) -> None:
    made = plant({0: messages(1)})
    send(made.topic, [("", None)])

    made.run()

    assert made.rows("SELECT reason FROM dead_letters") == [("empty_message",)]
