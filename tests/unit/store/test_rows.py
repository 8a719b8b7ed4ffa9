"""In: hypothesis' strings, bytes and numbers. Out: rows that every back end can hold."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import InvalidMessageError, Reason, Stage
from service.store.rows import (
    MAX_FIELD_VALUE_CHARS,
    current_rows,
    dead_letter_row,
    field_rows,
    read_headers,
    result_row,
    storable,
)
from service.store.schema import dead_letters, result_fields, results, ticket_current
from tests.unit.store.samples import dead_letter, decision, field

_anything = st.text(st.characters(exclude_categories=()))


@given(_anything)
def test_storable_any_text_is_utf8_without_nul_and_as_long(text: str) -> None:
    stored = storable(text)

    stored.encode()
    assert "\x00" not in stored
    assert len(stored) == len(text)


@given(st.text(st.characters(exclude_characters="\x00", codec="utf-8")))
def test_storable_ordinary_text_is_left_alone(text: str) -> None:
    assert storable(text) == text


@given(st.lists(st.tuples(_anything, st.none() | st.binary())))
def test_headers_of_any_bytes_come_back_untouched(headers: list[tuple[str, bytes | None]]) -> None:
    row = dead_letter_row(replace(dead_letter(), headers=tuple(headers)))

    stored = json.loads(json.dumps(row["headers"]))

    assert read_headers(stored) == tuple(headers)


def test_headers_of_plain_text_stay_readable() -> None:
    row = dead_letter_row(replace(dead_letter(), headers=(("content-type", b"application/json; charset=UTF-8"),)))

    assert row["headers"] == [["content-type", "application/json; charset=UTF-8"]]


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf"), 2**63])
def test_result_row_with_an_unstorable_number_is_an_invalid_message(number: float) -> None:
    sample = decision()
    broken = replace(sample, result=replace(sample.result, latency_ms=number))

    with pytest.raises(InvalidMessageError) as caught:
        result_row(broken)

    assert (caught.value.reason, caught.value.stage) == (Reason.REJECTED_BY_STORE, Stage.STORE)


def test_rows_name_exactly_the_columns_of_their_tables() -> None:
    row = result_row(decision(fields=[field()]))

    assert set(row) == set(results.columns.keys())
    assert set(field_rows(row)[0]) == set(result_fields.columns.keys())
    assert set(current_rows([row])[0]) == set(ticket_current.columns.keys())
    assert set(dead_letter_row(dead_letter())) == set(dead_letters.columns.keys()) - {"replayed_at", "dropped_at"}


def test_field_rows_of_a_long_value_cut_the_column_and_not_the_document() -> None:
    value = "é" * 5_000

    row = result_row(decision(fields=[field(value)]))

    assert field_rows(row)[0]["value"] == "é" * MAX_FIELD_VALUE_CHARS
    assert row["document"]["fields"][0]["value"] == value


def test_current_rows_of_several_revisions_keep_the_highest_in_key_order() -> None:
    rows = [result_row(decision(name, revision)) for name, revision in [("b", 2), ("a", 1), ("b", 3), ("b", 1)]]

    current = current_rows(rows)

    assert [(row["ticket_id"], row["revision"]) for row in current] == [("a", 1), ("b", 3)]
