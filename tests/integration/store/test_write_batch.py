"""In: batches, on PostgreSQL and on SQLite. Out: every row once, no older over a newer, and honest outcomes."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace

import pytest

from service.errors import FencedError, InputPositionError, InvalidMessageError
from service.events import routed_event
from service.store.store import Store
from service.store.values import AlreadyWritten, BatchRange, Coordinates, PartitionClaim, SeekBack, Written
from tests.integration.store.conftest import Query
from tests.unit.store.samples import TOPIC, dead_letter, decision, field, with_priority


def claimed(store: Store, *partitions: int, first_offset: int = 0) -> list[PartitionClaim]:
    return store.claim("desk", TOPIC, dict.fromkeys(partitions or (0,), first_offset), uuid.uuid4(), "id-1")


def test_claim_of_a_new_partition_starts_at_the_first_offset(store: Store) -> None:
    (claim,) = claimed(store, 3, first_offset=1_000)

    assert (claim.partition, claim.epoch, claim.next_offset, claim.published_offset) == (3, 1, 1_000, 1_000)


def test_claim_again_raises_the_epoch_and_keeps_the_watermarks(store: Store) -> None:
    (first,) = claimed(store)
    store.write_batch([BatchRange(first, 0, 10)], [], [])
    store.mark_published([(first, 8)])

    (second,) = claimed(store, first_offset=99)

    assert (second.epoch, second.next_offset, second.published_offset) == (2, 10, 8)
    assert second.owner != first.owner


def test_claim_of_a_recreated_topic_is_refused_and_changes_nothing(store: Store, query: Query) -> None:
    claimed(store)

    with pytest.raises(InputPositionError, match="recreated"):
        store.claim("desk", TOPIC, {0: 0}, uuid.uuid4(), "id-2")

    assert query("SELECT epoch, topic_id FROM consumer_offsets") == [(1, "id-1")]


def test_claim_without_a_known_topic_id_learns_it_later(store: Store) -> None:
    store.claim("desk", TOPIC, {0: 0}, uuid.uuid4(), None)

    learned = store.claim("desk", TOPIC, {0: 0}, uuid.uuid4(), "id-1")
    unasked = store.claim("desk", TOPIC, {0: 0}, uuid.uuid4(), None)

    assert [claim.topic_id for claim in learned + unasked] == ["id-1", "id-1"]


def test_write_batch_stores_results_fields_current_view_letters_and_offset(store: Store, query: Query) -> None:
    (claim,) = claimed(store)
    fields = [field("A-1001"), field("12,50 €", {"value": "12.50", "currency": "EUR"}, "amount")]

    outcome = store.write_batch([BatchRange(claim, 0, 8)], [decision("a", 5, fields, offset=3)], [dead_letter(7)])

    assert outcome == Written(new_results=1, new_dead_letters=1)
    assert query('SELECT tenant, ticket_id, revision, queue, topic, partition, "offset" FROM results') == [
        ("acme", "a", 5, "billing", TOPIC, 0, 3)
    ]
    assert query("SELECT position, type, value FROM result_fields ORDER BY position") == [
        (0, "order_id", "A-1001"),
        (1, "amount", "12,50 €"),
    ]
    assert query("SELECT type FROM result_fields WHERE normalized IS NULL") == [("order_id",)]
    assert query("SELECT ticket_id, revision, queue FROM ticket_current") == [("a", 5, "billing")]
    assert query("SELECT next_offset, published_offset FROM consumer_offsets") == [(8, 0)]
    assert store.read_dead_letters(TOPIC, 0, 7, 8) == [dead_letter(7)]
    assert store.read_dead_letters(TOPIC, 0, 0, 7) == []


def test_write_batch_with_nothing_but_gaps_moves_the_offset(store: Store, query: Query) -> None:
    (claim,) = claimed(store)

    assert store.write_batch([BatchRange(claim, 0, 4)], [], []) == Written(0, 0)

    assert query("SELECT next_offset FROM consumer_offsets") == [(4,)]


def test_write_batch_again_finds_it_already_written(store: Store, query: Query) -> None:
    (claim,) = claimed(store)
    batch = [BatchRange(claim, 0, 1)]
    store.write_batch(batch, [decision("a", queue="billing")], [])

    again = store.write_batch(batch, [decision("a", queue="sales")], [])

    assert again == AlreadyWritten()
    assert query("SELECT queue FROM results") == [("billing",)]


def test_write_batch_that_overlaps_what_is_stored_keeps_the_first_result_and_its_fields(
    store: Store, query: Query
) -> None:
    (claim,) = claimed(store)
    store.write_batch([BatchRange(claim, 0, 1)], [decision("a", fields=[field("A-1")])], [dead_letter(0)])
    redecided = decision("a", fields=[field("A-1"), field("A-2")], queue="sales")

    outcome = store.write_batch([BatchRange(claim, 0, 2)], [redecided, decision("b")], [dead_letter(0, "other")])

    assert outcome == Written(new_results=1, new_dead_letters=0)
    assert query("SELECT ticket_id, queue FROM ticket_current ORDER BY ticket_id") == [
        ("a", "billing"),
        ("b", "billing"),
    ]
    assert query("SELECT value FROM result_fields") == [("A-1",)]
    assert query("SELECT detail FROM dead_letters") == [("body: Field required",)]


def test_write_batch_with_the_same_revision_twice_stores_the_first(store: Store, query: Query) -> None:
    (claim,) = claimed(store)
    twice = [decision("a", fields=[field("A-1")]), decision("a", fields=[field("A-2"), field("A-3")])]

    assert store.write_batch([BatchRange(claim, 0, 2)], twice, []) == Written(1, 0)

    assert query("SELECT value FROM result_fields") == [("A-1",)]


def test_write_batch_with_an_older_revision_keeps_the_newer_current(store: Store, query: Query) -> None:
    (claim,) = claimed(store)
    store.write_batch([BatchRange(claim, 0, 2)], [decision("a", 7, queue="new"), decision("a", 3, queue="old")], [])

    store.write_batch([BatchRange(claim, 2, 3)], [decision("a", 5, queue="older")], [])

    assert query("SELECT revision, queue FROM ticket_current") == [(7, "new")]
    assert query("SELECT revision FROM results ORDER BY revision") == [(3,), (5,), (7,)]


def test_write_batch_with_a_newer_revision_replaces_the_current(store: Store, query: Query) -> None:
    (claim,) = claimed(store)
    store.write_batch([BatchRange(claim, 0, 1)], [decision("a", 1)], [])

    store.write_batch([BatchRange(claim, 1, 2)], [with_priority(decision("a", 2, queue="sales"), "urgent")], [])

    assert query("SELECT revision, queue, priority FROM ticket_current") == [(2, "sales", "urgent")]


def test_write_batch_of_a_zombie_is_fenced_and_writes_nothing(store: Store, query: Query) -> None:
    (zombie,) = claimed(store)
    claimed(store)

    with pytest.raises(FencedError):
        store.write_batch([BatchRange(zombie, 0, 1)], [decision()], [])
    with pytest.raises(FencedError):
        store.mark_published([(zombie, 1)])

    assert query("SELECT count(*) FROM results") == [(0,)]
    assert query("SELECT next_offset, published_offset FROM consumer_offsets") == [(0, 0)]


def test_write_batch_with_the_right_epoch_of_another_owner_is_fenced(store: Store) -> None:
    (claim,) = claimed(store)

    with pytest.raises(FencedError):
        store.write_batch([BatchRange(replace(claim, owner=uuid.uuid4()), 0, 1)], [decision()], [])


def test_write_batch_after_the_claims_row_vanished_is_fenced(store: Store, query: Query) -> None:
    (claim,) = claimed(store)
    query("DELETE FROM consumer_offsets")

    with pytest.raises(FencedError):
        store.write_batch([BatchRange(claim, 0, 1)], [decision()], [])


def test_write_batch_on_a_database_that_went_back_seeks_every_partition_back(store: Store, query: Query) -> None:
    first, second = claimed(store, 0, 1)
    store.write_batch([BatchRange(first, 0, 10), BatchRange(second, 0, 10)], [], [])
    query("UPDATE consumer_offsets SET next_offset = 4 WHERE partition = 0")

    outcome = store.write_batch([BatchRange(first, 10, 12), BatchRange(second, 9, 12)], [decision()], [])

    assert outcome == SeekBack((Coordinates(TOPIC, 0, 4), Coordinates(TOPIC, 1, 9)))
    assert store.count_results() == 0
    assert query("SELECT next_offset FROM consumer_offsets ORDER BY partition") == [(4,), (10,)]


def test_mark_published_never_goes_down(store: Store, query: Query) -> None:
    (claim,) = claimed(store)
    store.write_batch([BatchRange(claim, 0, 5)], [decision()], [])

    assert store.mark_published([(claim, 5)]) == [5]
    assert store.mark_published([(claim, 3)]) == [3]

    assert query("SELECT published_offset FROM consumer_offsets") == [(5,)]


def test_mark_published_beyond_what_is_stored_goes_no_further(store: Store, query: Query) -> None:
    (claim,) = claimed(store)
    store.write_batch([BatchRange(claim, 0, 2)], [decision()], [])

    assert store.mark_published([(claim, 5)]) == [2]

    assert query("SELECT published_offset FROM consumer_offsets") == [(2,)]


def test_write_batch_without_or_with_doubled_ranges_is_a_programming_error(store: Store) -> None:
    (claim,) = claimed(store)

    for ranges in ([], [BatchRange(claim, 0, 1), BatchRange(claim, 1, 2)]):
        with pytest.raises(ValueError, match="one range for each"):
            store.write_batch(ranges, [decision()], [])


def test_write_batch_with_a_number_no_column_holds_rolls_everything_back(store: Store, query: Query) -> None:
    (claim,) = claimed(store)
    broken = replace(decision("b").result, latency_ms=float("nan"))

    with pytest.raises(InvalidMessageError):
        store.write_batch([BatchRange(claim, 0, 2)], [decision("a"), replace(decision("b"), result=broken)], [])

    assert store.count_results() == 0
    assert query("SELECT next_offset FROM consumer_offsets") == [(0,)]


def test_write_batch_of_hostile_text_stores_it_readable_and_measured(store: Store, query: Query) -> None:
    (claim,) = claimed(store)
    values = [
        "nul\x00here",
        "lone\ud800\udfffpair\udfff",
        "😀" * 400,
        "\\u0000 '; DROP TABLE results; --",
        "é" * 100_000,
    ]
    hostile = decision("id 😀", fields=[field(value, value) for value in values])

    store.write_batch([BatchRange(claim, 0, 9)], [hostile], [dead_letter(8, "nul\x00 and \ud800")])

    (event,) = store.read_events([("acme", "id 😀", 1)])
    stored = [item["value"] for item in event.document["fields"]]
    assert stored == ["nul�here", "lone��pair�", *values[2:]]
    assert [len(value) for value in stored] == [len(value) for value in values]
    assert query("SELECT count(*) FROM result_fields") == [(5,)]
    assert store.read_dead_letters(TOPIC, 0, 8, 9)[0].detail == "nul� and �"


def test_write_batch_of_more_text_than_one_parameter_holds_is_stored_whole(store: Store) -> None:
    (claim,) = claimed(store)
    big = [decision(f"t{number}", fields=[field("ü" * 100_000) for _ in range(25)]) for number in range(5)]

    assert store.write_batch([BatchRange(claim, 0, 5)], big, []) == Written(5, 0)

    events = store.read_events([("acme", f"t{number}", 1) for number in range(5)])
    assert [len(event.document["fields"]) for event in events] == [25] * 5


def test_read_events_gives_each_stored_one_once_in_the_order_asked_for(store: Store) -> None:
    store.record_results([decision(name) for name in "abc"])
    keys = [("acme", name, 1) for name in ("c", "missing", "a", "c")]

    events = store.read_events(keys)

    assert [event.document["ticket_id"] for event in events] == ["c", "a"]
    assert [event.event_id for event in events] == [decision(name).event_id for name in "ca"]


def test_read_events_rebuild_the_same_bytes_every_time(store: Store) -> None:
    sample = decision(
        "a", fields=[field("Zoë 😀", "zoë"), field("12,50", {"value": "12.50", "currency": "EUR"}, "amount")]
    )
    store.record_results([sample])

    first, second = (routed_event(store.read_events([("acme", "a", 1)])[0].document) for _ in range(2))

    assert first == second == routed_event(sample.result.to_json())
    assert json.loads(first)["data"] == sample.result.to_json()


def test_dead_letter_keeps_bytes_and_headers_untouched(store: Store) -> None:
    (claim,) = claimed(store)
    letters = [dead_letter(0), replace(dead_letter(1), key=None, value=None, headers=())]

    store.write_batch([BatchRange(claim, 0, 2)], [], letters)

    assert store.read_dead_letters(TOPIC, 0, 0, 2) == letters
