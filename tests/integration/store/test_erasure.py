"""In: erasures, on PostgreSQL and on SQLite. Out: rows gone, and a record that keeps them gone."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest

from service.store.store import Store
from service.store.values import BatchRange, Coordinates, PartitionClaim, Written
from tests.integration.store.conftest import Query
from tests.integration.store.subjects import ANN, ANN_ID, NOW_US, letter_of, of, requester, ticket
from tests.unit.store.samples import NOW, TOPIC

TABLES = ("results", "result_fields", "ticket_current")


@pytest.fixture
def claim(store: Store) -> PartitionClaim:
    return store.claim("desk", TOPIC, {0: 0}, uuid.uuid4(), None)[0]


def ids_in(query: Query, table: str) -> list[str]:
    return sorted({row[0] for row in query(f"SELECT ticket_id FROM {table}")})  # noqa: S608


def test_erase_ticket_deletes_all_its_rows_and_letters_and_no_others(
    store: Store, claim: PartitionClaim, query: Query
) -> None:
    letters = [letter_of("a", 0), letter_of("b", 1)]
    store.write_batch([BatchRange(claim, 0, 9)], [of("a", -9), of("a", -1), of("b", -1)], letters)

    erased = store.erase([ticket("a")])

    assert sorted(erased) == [("acme", "a", NOW_US - 9_000_000), ("acme", "a", NOW_US - 1_000_000)]
    assert [ids_in(query, table) for table in TABLES] == [["b"]] * 3
    assert query("SELECT key FROM dead_letters") == [(b"acme/b",)]
    assert query("SELECT tenant, kind, subject FROM suppressions") == [("acme", "ticket", "a")]


def test_erase_of_another_tenants_ticket_of_the_same_id_leaves_this_one(store: Store) -> None:
    store.record_results([of("a")])

    assert store.erase([replace(ticket("a"), tenant="umbrella")]) == []
    assert store.count_results() == 1


@pytest.mark.parametrize("digest", [ANN, ANN_ID])
def test_erase_requester_by_address_or_id_deletes_their_tickets_whole(store: Store, query: Query, digest: str) -> None:
    store.record_results([of("a", -9, ANN, ANN_ID), of("a", -1), of("b", -1), of("c", -1, ANN, ANN_ID)])

    erased = store.erase([requester(digest)])

    assert len(erased) == 3
    assert [ids_in(query, table) for table in TABLES] == [["b"]] * 3
    assert query("SELECT kind, subject FROM suppressions ORDER BY kind, subject") == [
        ("requester", digest),
        ("ticket", "a"),
        ("ticket", "c"),
    ]


def test_erase_by_an_operator_deletes_what_has_a_time_in_the_future_and_keeps_it_gone(store: Store) -> None:
    ahead = of("a", 3_600, ANN)
    store.record_results([ahead])

    store.erase([requester(ANN)])
    again = store.record_results([ahead, of("b", 3_600, ANN)])

    assert again == 1


def test_erase_dry_run_says_the_same_and_changes_nothing(store: Store, query: Query) -> None:
    store.record_results([of("a", 0, ANN)])

    would_go = store.erase([requester(ANN)], dry_run=True)

    assert query("SELECT count(*) FROM suppressions") == [(0,)]
    assert store.count_results() == 1
    assert would_go == store.erase([requester(ANN)]) != []


def test_erase_of_what_is_not_there_is_noted_all_the_same(store: Store) -> None:
    assert store.erase([ticket("a"), requester(ANN)]) == []

    assert store.record_results([of("a", 0), of("b", 0, ANN), of("c", 0), of("a", 1)]) == 2


def test_write_batch_leaves_out_what_was_erased_and_takes_what_is_newer(store: Store, claim: PartitionClaim) -> None:
    store.erase([ticket("a"), requester(ANN_ID)])

    batch = [of("a", -1), of("a", 0), of("a", 0.000001), of("b", 0, ANN, ANN_ID), of("b", 1, ANN, ANN_ID), of("c")]

    assert store.write_batch([BatchRange(claim, 0, 6)], batch, []) == Written(3, 0)


def test_write_batch_leaves_out_letters_of_erased_tickets_by_the_time_of_their_change(
    store: Store, claim: PartitionClaim, query: Query
) -> None:
    store.erase([ticket("a")])
    later = NOW + timedelta(microseconds=1)
    letters = [letter_of("a", 0, NOW), letter_of("a", 1, later), letter_of("a", 2), letter_of("b", 3, NOW)]
    letters += [replace(letter_of("a", 4 + index, NOW), key=key) for index, key in enumerate((None, b"a", b"\xff/a"))]

    store.write_batch([BatchRange(claim, 0, 7)], [], letters)

    assert query('SELECT "offset" FROM dead_letters ORDER BY "offset"') == [(1,), (2,), (3,), (4,), (5,), (6,)]


def test_write_batch_with_a_tombstone_erases_what_is_older_in_the_same_transaction(
    store: Store, claim: PartitionClaim, query: Query
) -> None:
    store.record_results([of("a", -9), of("b", -9)])
    tombstone = replace(ticket("a"), coordinates=Coordinates(TOPIC, 0, 1))

    store.write_batch(
        [BatchRange(claim, 0, 3)], [of("a", -1), of("a", 5)], [letter_of("a", 0), letter_of("a", 2)], [tombstone]
    )

    assert query("SELECT ticket_id, revision FROM results ORDER BY ticket_id") == [
        ("a", NOW_US + 5_000_000),
        ("b", NOW_US - 9_000_000),
    ]
    assert query("SELECT revision FROM ticket_current WHERE ticket_id = 'a'") == [(NOW_US + 5_000_000,)]
    assert query('SELECT "offset" FROM dead_letters') == [(2,)]


def test_tombstone_takes_corrections_that_repeat_what_is_erased_and_no_newer_change(
    store: Store, claim: PartitionClaim, query: Query
) -> None:
    store.record_results([of("a", -1), of("a", 1, decided_by="human")])
    store.record_results([of("b", -1), of("b", 1, decided_by="human"), of("b", 2)])

    store.write_batch([BatchRange(claim, 0, 2)], [], [], [ticket("a"), ticket("b")])

    assert query("SELECT ticket_id, revision FROM results") == [("b", NOW_US + 2_000_000)]
    assert ids_in(query, "ticket_current") == ["b"]


def test_tombstone_with_a_later_correction_suppresses_no_change_that_is_newer_than_itself(
    store: Store, claim: PartitionClaim
) -> None:
    store.record_results([of("a", -1), of("a", 9, decided_by="human")])

    store.write_batch([BatchRange(claim, 0, 1)], [], [], [ticket("a")])

    assert store.record_results([of("a", 5)]) == 1


def test_tombstone_in_the_batch_of_a_letter_of_a_later_record_about_an_older_change_takes_it(
    store: Store, claim: PartitionClaim, query: Query
) -> None:
    tombstone = replace(ticket("a"), coordinates=Coordinates(TOPIC, 0, 1))

    store.write_batch([BatchRange(claim, 0, 3)], [], [letter_of("a", 2, NOW - timedelta(seconds=1))], [tombstone])

    assert query("SELECT count(*) FROM dead_letters") == [(0,)]


def test_suppression_never_gets_older(store: Store, claim: PartitionClaim) -> None:
    store.erase([ticket("a", 10)])

    store.write_batch([BatchRange(claim, 0, 1)], [], [], [ticket("a", 5)])

    assert store.record_results([of("a", 7), of("a", 11)]) == 1


def test_erase_that_leaves_a_revision_makes_the_newest_left_current(
    store: Store, claim: PartitionClaim, query: Query
) -> None:
    # The revision is one above its time, as where two changes shared a time, and so above that of a later time.
    shared = of("a", 0)
    above = replace(shared, result=replace(shared.result, revision=NOW_US + 2), event_id=uuid.uuid4())
    store.record_results([above, of("a", 0.000001)])

    store.write_batch([BatchRange(claim, 0, 1)], [], [], [ticket("a")])

    assert query("SELECT revision FROM results") == [(NOW_US + 1,)]
    assert query("SELECT revision FROM ticket_current") == [(NOW_US + 1,)]
