"""In: raw records. Out: a ticket or a reason each, and dead letters that keep the record as it was."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from service.broker.records import InputRecord, PartitionId
from service.errors import InvalidMessageError, Reason, Stage
from service.intake import dead_letter, decode_records
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

    letter = dead_letter(raw, InvalidMessageError(Reason.NOT_JSON, Stage.DECODE, "expected value"), "3", NOW)

    assert (letter.topic, letter.partition, letter.offset) == ("in", 2, 9)
    assert (letter.key, letter.value, letter.headers) == (raw.key, raw.value, raw.headers)
    assert (letter.reason, letter.stage, letter.model_version) == (Reason.NOT_JSON, Stage.DECODE, "3")
    assert "secret" not in repr(letter)
