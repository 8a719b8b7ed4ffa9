"""In: raw records. Out: a ticket or a reason each, and dead letters that keep the record as it was."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.broker.records import InputRecord, PartitionId
from service.corrections import Correction
from service.errors import InvalidMessageError, Reason, Stage
from service.intake import Decoded, dead_letter, decode_records
from service.store.values import Coordinates, Erasure, SuppressionKind
from service.ticket import Ticket

CORRECTIONS = "tickets.corrections"
NOW = datetime(2026, 3, 3, tzinfo=UTC)


def record(value: bytes, offset: int = 0, timestamp_ms: int = 1_700_000_000_000) -> InputRecord:
    return InputRecord(PartitionId("in", 2), offset, b"k\xff", value, (("h", b"\x00"), ("n", None)), timestamp_ms)


def test_decode_records_bad_one_does_not_stop_its_neighbours() -> None:
    good = b'{"ticket_id": "a", "body": "hello"}'

    outcomes = [item.outcome for item in decode_records([record(good), record(b"{"), record(good)], CORRECTIONS)]

    assert [type(outcome) for outcome in outcomes] == [Ticket, InvalidMessageError, Ticket]


def test_decode_records_ticket_without_a_time_takes_that_of_the_record() -> None:
    (item,) = decode_records([record(b'{"ticket_id": "a", "body": "hello"}')], CORRECTIONS)

    assert isinstance(item.outcome, Ticket)
    assert item.outcome.created_at == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


def test_decode_records_record_without_a_timestamp_is_of_1970() -> None:
    (item,) = decode_records([record(b'{"ticket_id": "a", "body": "hello"}', timestamp_ms=-1)], CORRECTIONS)

    assert isinstance(item.outcome, Ticket)
    assert item.outcome.created_at == datetime(1970, 1, 1, tzinfo=UTC)


@given(st.lists(st.binary(max_size=200), max_size=10))
def test_decode_records_any_bytes_give_one_outcome_each(values: list[bytes]) -> None:
    decoded = decode_records([record(value, offset) for offset, value in enumerate(values)], CORRECTIONS)

    assert [item.record.offset for item in decoded] == list(range(len(values)))
    assert all(isinstance(item.outcome, Ticket | InvalidMessageError) for item in decoded)


def test_dead_letter_keeps_the_record_untouched_and_shows_nothing_of_it() -> None:
    raw = record(b"secret words", 9)

    error = InvalidMessageError(Reason.NOT_JSON, Stage.DECODE, "expected value")

    letter = dead_letter(Decoded(raw, error), error, "3", NOW)

    assert (letter.topic, letter.partition, letter.offset) == ("in", 2, 9)
    assert (letter.key, letter.value, letter.headers) == (raw.key, raw.value, raw.headers)
    assert (letter.reason, letter.stage, letter.model_version) == (Reason.NOT_JSON, Stage.DECODE, "3")
    assert "secret" not in repr(letter)


def test_decode_records_timestamp_beyond_every_calendar_is_the_last_there_is() -> None:
    (item,) = decode_records([record(b'{"ticket_id": "a", "body": "hello"}', timestamp_ms=2**62)], CORRECTIONS)

    assert isinstance(item.outcome, Ticket)
    assert item.outcome.created_at == datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_decode_records_topic_of_corrections_holds_corrections_and_no_tickets() -> None:
    said = {"ticket_id": "a", "corrected_at": "2026-03-03T12:00:00Z", "corrected_by": "kim", "urgency": "high"}
    values = [json.dumps(said).encode(), b'{"ticket_id": "a", "body": "hello"}']
    records = [replace(record(value), source=PartitionId(CORRECTIONS, 0)) for value in values]

    outcomes = [item.outcome for item in decode_records(records, CORRECTIONS)]

    assert [type(outcome) for outcome in outcomes] == [Correction, InvalidMessageError]


@pytest.mark.parametrize("ticket_id", ["t1", "a/b", "é 😀"])
def test_decode_records_without_a_value_erases_the_ticket_of_the_key_as_of_the_record(ticket_id: str) -> None:
    tombstone = replace(record(b"", 9), key=f"acme/{ticket_id}".encode(), value=None)

    (item,) = decode_records([tombstone], CORRECTIONS)

    at = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert item.outcome == Erasure("acme", SuppressionKind.TICKET, ticket_id, at, Coordinates("in", 2, 9))


@pytest.mark.parametrize("key", [None, b"", b"t1", b"acme/", b"/t1", b"ACME/t1", b"acme/t\xff", b"acme/" + b"x" * 129])
def test_decode_records_without_a_value_under_a_key_that_names_no_ticket_is_invalid(key: bytes | None) -> None:
    (item,) = decode_records([replace(record(b""), key=key, value=None)], CORRECTIONS)

    assert isinstance(item.outcome, InvalidMessageError)
    assert item.outcome.reason is Reason.EMPTY


def test_dead_letter_is_of_the_time_of_the_change_where_that_could_be_read_and_else_of_the_record() -> None:
    ticket = b'{"ticket_id": "a", "body": "x", "updated_at": "2026-01-02T03:04:05Z"}'
    said = b'{"ticket_id": "a", "corrected_at": "2026-01-02T03:04:06Z", "corrected_by": "kim", "queue": "vip"}'
    records = [record(ticket), replace(record(said), source=PartitionId(CORRECTIONS, 0)), record(b"{")]
    error = InvalidMessageError(Reason.INFERENCE, Stage.INFER, "no")

    letters = [dead_letter(item, error, "3", NOW) for item in decode_records(records, CORRECTIONS)]

    assert [letter.revised_at for letter in letters] == [
        datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC),
        records[2].received_at,
    ]
