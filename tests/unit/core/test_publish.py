"""In: stored events and dead letters. Out: CloudEvents and dead-letter records, the same bytes each time."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.events import ROUTED_TYPE, routed_event, routed_event_id
from service.publish import MAX_KEY_BYTES, MAX_LETTER_BYTES, OutputTopics, output_records
from service.store.values import DeadLetter, StoredEvent
from tests.unit.store.samples import dead_letter, decision, result

TOPICS = OutputTopics("routed", "review", "dead-letter")


def stored(ticket_id: str = "t1", revision: int = 1) -> StoredEvent:
    made = decision(ticket_id, revision)
    return StoredEvent(made.event_id, made.result.to_json())


def test_routed_event_is_a_cloud_event_about_the_ticket() -> None:
    document = result("t1", 5).to_json()

    event = json.loads(routed_event(document))

    assert event["specversion"] == "1.0"
    assert event["type"] == ROUTED_TYPE == "io.deskroute.ticket.routed.v1"
    assert event["subject"] == "acme/t1"
    assert event["id"] == str(routed_event_id("acme", "t1", 5))
    assert event["time"] == document["processed_at"]
    assert event["data"] == document


def test_routed_event_document_with_its_keys_in_another_order_has_the_same_bytes() -> None:
    document = result().to_json()

    shuffled = dict(reversed(list(json.loads(json.dumps(document)).items())))

    assert routed_event(shuffled) == routed_event(document)


@given(st.text(min_size=1), st.text(min_size=1), st.integers(), st.integers())
def test_routed_event_id_two_revisions_differ_unless_they_are_one(
    first_ticket: str, second_ticket: str, first_revision: int, second_revision: int
) -> None:
    first = routed_event_id("acme", first_ticket, first_revision)
    second = routed_event_id("acme", second_ticket, second_revision)

    assert (first == second) == ((first_ticket, first_revision) == (second_ticket, second_revision))


def test_routed_event_id_never_changes_between_versions() -> None:
    assert str(routed_event_id("acme", "t1", 1)) == "8d375f4d-49a4-5bec-9ec2-3a58fd312737"


def test_output_records_event_goes_to_the_routed_topic_under_the_ticket_key() -> None:
    (record,) = output_records(TOPICS, [stored()], [])

    assert (record.topic, record.key) == ("routed", b"acme/t1")
    assert dict(record.headers)["content-type"] == b"application/cloudevents+json; charset=UTF-8"


def test_output_records_ticket_for_a_person_goes_to_both_topics_as_the_same_bytes() -> None:
    reviewed = replace(result(), route=replace(result().route, needs_review=True))
    event = StoredEvent(decision().event_id, reviewed.to_json())

    routed, review = output_records(TOPICS, [event], [])

    assert (routed.topic, review.topic) == ("routed", "review")
    assert (routed.key, routed.value) == (review.key, review.value)


def test_output_records_order_is_that_of_the_events_then_the_letters() -> None:
    records = output_records(TOPICS, [stored("b"), stored("a")], [dead_letter()])

    assert [record.topic for record in records] == ["routed", "routed", "dead-letter"]
    assert [record.key for record in records[:2]] == [b"acme/b", b"acme/a"]


def test_output_records_dead_letter_keeps_key_bytes_and_headers_and_adds_what_failed() -> None:
    letter = dead_letter(offset=7)

    (record,) = output_records(TOPICS, [], [letter])

    assert (record.key, record.value) == (letter.key, letter.value)
    assert record.headers[: len(letter.headers)] == letter.headers
    said = dict(record.headers[len(letter.headers) :])
    assert said["deskroute-reason"] == b"not_utf8"
    assert said["deskroute-stage"] == b"decode"
    assert (said["deskroute-topic"], said["deskroute-offset"]) == (b"tickets.incoming", b"7")
    assert said["deskroute-id"] == str(letter.id).encode()
    assert all(name.startswith("deskroute-") for name in said)


def test_output_records_dead_letter_that_fits_has_a_smaller_one_to_fall_back_on() -> None:
    letter = dead_letter()

    (record,) = output_records(TOPICS, [], [letter])

    assert record.smaller is not None
    assert (record.smaller.topic, record.smaller.key, record.smaller.value) == ("dead-letter", letter.key, b"")
    assert record.smaller.smaller is None
    digest = sha256(letter.value or b"").hexdigest()
    assert dict(record.smaller.headers)["deskroute-value-omitted"] == (
        f"{len(letter.value or b'')} bytes, sha256 {digest}".encode()
    )


@pytest.mark.parametrize(
    "large",
    [
        replace(dead_letter(), value=b"x" * MAX_LETTER_BYTES),
        replace(dead_letter(), key=b"x" * MAX_LETTER_BYTES),
        replace(dead_letter(), headers=(("x", b"x" * MAX_LETTER_BYTES),)),
        replace(dead_letter(), headers=tuple((f"name{number}", None) for number in range(MAX_LETTER_BYTES // 9))),
    ],
    ids=["value", "key", "header", "many headers"],
)
def test_output_records_dead_letter_over_what_brokers_take_says_what_failed_and_nothing_else(large: DeadLetter) -> None:
    (record,) = output_records(TOPICS, [], [large])

    assert record.value == b""
    assert record.key == (large.key or b"")[:MAX_KEY_BYTES]
    assert record.size_bytes < 10_000
    assert dict(record.headers)["deskroute-id"] == str(large.id).encode()
    assert all(name.startswith("deskroute-") for name, _ in record.headers)


def test_output_records_dead_letter_just_below_the_limit_is_whole() -> None:
    (small,) = output_records(TOPICS, [], [replace(dead_letter(), value=b"")])
    letter = replace(dead_letter(), value=b"x" * (MAX_LETTER_BYTES - small.size_bytes))

    (record,) = output_records(TOPICS, [], [letter])

    assert (record.size_bytes, record.value) == (MAX_LETTER_BYTES, letter.value)
