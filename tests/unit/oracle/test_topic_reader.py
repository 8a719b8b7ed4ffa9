"""In: records as the service publishes them, and others. Out: proof that they are read as what they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from load_tests.journal import content_of
from load_tests.oracle.digests import document_digest, headers_digest
from load_tests.oracle.privacy import Plants
from load_tests.oracle.topic_reader import event_copy, letter_copy
from service.broker.records import OutputRecord
from service.errors import Reason, Stage
from service.events import routed_event_id
from service.publish import MAX_LETTER_BYTES, OutputTopics, output_records
from service.store.values import Coordinates, DeadLetter, StoredEvent

_TOPICS = OutputTopics("routed", "review", "dead")
_PLANTS = Plants(("Erika Mustermann",))
_DOCUMENT: dict[str, Any] = {
    "tenant": "default",
    "ticket_id": "t-1",
    "revision": 7,
    "processed_at": "2026-01-01T00:00:00.000+00:00",
    "fields": [{"type": "person_name", "value": "Erika Mustermann", "normalized": None}],
    "route": {"needs_review": True},
}
_LETTER = DeadLetter(
    topic="in",
    partition=3,
    offset=17,
    key=b"default/t-1",
    value=b"{",
    headers=(("trace", b"\x00\xff"), ("deskroute-id", b"an earlier letter")),
    reason=Reason.NOT_JSON,
    stage=Stage.DECODE,
    detail="line 1",
    service_version="1",
    model_version="1",
    failed_at=datetime(2026, 1, 1, tzinfo=UTC),
)


@dataclass(frozen=True, slots=True)
class Read:
    """A record as kafka-python gives it."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    partition: int = 0
    offset: int = 5


def _read(record: OutputRecord) -> Read:
    return Read(record.topic, record.key, record.value, record.headers)


def _published(document: dict[str, Any]) -> list[OutputRecord]:
    event_id = routed_event_id(document["tenant"], document["ticket_id"], document["revision"])
    return output_records(_TOPICS, [StoredEvent(event_id, document)], [])


def test_event_copy_of_a_published_event_says_what_the_row_says() -> None:
    routed, review = (event_copy(_read(record), _PLANTS) for record in _published(_DOCUMENT))

    assert routed.at == Coordinates("routed", 0, 5)
    assert (routed.record_key, routed.subject) == ("default/t-1", "default/t-1")
    assert (routed.ticket, routed.event_id) == (("default", "t-1", 7), str(routed_event_id("default", "t-1", 7)))
    assert routed.data_sha256 == document_digest(_DOCUMENT)
    assert routed.value_sha256 == review.value_sha256
    assert routed.plants == ()


def test_event_copy_with_a_plant_outside_the_fields_says_so() -> None:
    [routed, _] = _published({**_DOCUMENT, "route": {"needs_review": True, "reasons": ["erika mustermann wrote"]}})

    assert event_copy(_read(routed), _PLANTS).plants == (1,)


@pytest.mark.parametrize("value", [None, b"", b"[]", b"{}", b'"text"', b'{"data": 1, "id": "x", "subject": "y"}'])
def test_event_copy_of_what_is_no_event_raises_what_the_reader_catches(value: bytes | None) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        event_copy(Read("routed", b"k", value, ()), _PLANTS)


def test_letter_copy_of_a_published_letter_has_the_message_untouched() -> None:
    [record] = output_records(_TOPICS, [], [_LETTER])

    copy = letter_copy(_read(record), _PLANTS)

    assert copy.original == Coordinates("in", 3, 17)
    assert copy.content == content_of(_LETTER.key, _LETTER.value)
    assert copy.headers_sha256 == headers_digest(_LETTER.headers)
    assert copy.plants == ()


def test_letter_copy_of_a_message_too_large_for_a_record_has_the_digest_of_its_value() -> None:
    letter = replace(_LETTER, value=b"x" * MAX_LETTER_BYTES)
    [record] = output_records(_TOPICS, [], [letter])

    copy = letter_copy(_read(record), _PLANTS)

    assert copy.is_shortened
    assert copy.content == content_of(letter.key, letter.value)


def test_letter_copy_with_a_plant_in_what_is_said_of_it_says_so() -> None:
    [record] = output_records(_TOPICS, [], [replace(_LETTER, detail="body of Erika Mustermann")])

    assert letter_copy(_read(record), _PLANTS).plants == (1,)


def test_letter_copy_of_a_record_without_the_service_s_headers_raises_what_the_reader_catches() -> None:
    with pytest.raises(ValueError, match="deskroute-id"):
        letter_copy(Read("dead", b"k", b"v", (("trace", b"1"),)), _PLANTS)


def test_digests_do_not_depend_on_the_order_of_keys_but_on_that_of_headers() -> None:
    assert document_digest({"a": 1, "b": [1.5]}) == document_digest({"b": [1.5], "a": 1})
    assert headers_digest([("a", b"1"), ("b", b"2")]) != headers_digest([("b", b"2"), ("a", b"1")])
    assert headers_digest([("a", b"bc")]) != headers_digest([("ab", b"c")])
