"""In: labelled files, good and bad. Out: labelled tickets with offsets in plain text, or an error with the place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from service.evaluation.data import LabelledDataError, LabelledTicket, Span, read_labelled

Read = Callable[[str, str | bytes], list[LabelledTicket]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Write a file and read it back as labelled data."""

    def write_and_read(name: str, content: str | bytes) -> list[LabelledTicket]:
        file = tmp_path / name
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return list(read_labelled(file))

    return write_and_read


def test_read_labelled_marks_become_spans_of_the_plain_text(read: Read) -> None:
    row = {
        "subject": "Order [[order_id|A-1]]",
        "body": "from [[date|3 March]], [[person_name|Ann]]",
        "category": "shipping",
    }

    (ticket,) = read("aster.jsonl", json.dumps(row))

    assert ticket.text == "Order A-1\n\nfrom 3 March, Ann"
    assert ticket.spans is not None
    assert [(span.type, ticket.text[span.start : span.end]) for span in ticket.spans] == [
        ("order_id", "A-1"),
        ("date", "3 March"),
        ("person_name", "Ann"),
    ]
    assert (ticket.source, ticket.category, ticket.urgency) == ("aster", "shipping", None)


@pytest.mark.parametrize(
    "body", ["a [[date|3 March", "a [[date| 3 March]]", "a [[3 March]]", "[[date|x [[amount|1]] ]]", None, 5]
)
def test_read_labelled_wrong_mark_or_body_is_refused_with_its_line(read: Read, body: object) -> None:
    lines = [json.dumps({"body": "fine"}), json.dumps({"body": body})]

    with pytest.raises(LabelledDataError, match=r"x\.jsonl:2: "):
        read("x.jsonl", "\n".join(lines))


@pytest.mark.parametrize("line", ["", "{", "[]", "7"])
def test_read_labelled_line_that_is_no_object_is_refused_with_its_line(read: Read, line: str) -> None:
    with pytest.raises(LabelledDataError, match=r"x\.jsonl:1: "):
        read("x.jsonl", f"{line}\n")


def test_read_labelled_csv_with_subject_body_and_fields(read: Read) -> None:
    fields = json.dumps([{"type": "date", "start": 4, "end": 9}]).replace('"', '""')

    (ticket,) = read("desk.csv", f'\ufeffsubject,body,category,urgency,fields\nHi,"a\nb, c",billing,,"{fields}"\n')

    assert (ticket.subject, ticket.body, ticket.category, ticket.urgency) == ("Hi", "a\nb, c", "billing", None)
    assert ticket.spans == (Span(4, 9, "date"),)


def test_read_labelled_csv_with_text_alone_has_unknown_fields(read: Read) -> None:
    (ticket,) = read("desk.csv", "text,category\nhello,other\n")

    assert (ticket.subject, ticket.text, ticket.spans) == (None, "hello", None)


def test_read_labelled_csv_without_a_text_column_is_refused(read: Read) -> None:
    with pytest.raises(LabelledDataError, match="no column is named text or body"):
        read("desk.csv", "message,category\nhello,other\n")


@pytest.mark.parametrize("fields", ["{", "[1]", '[{""type"": ""date""}]'])
def test_read_labelled_csv_wrong_fields_are_refused_with_their_line(read: Read, fields: str) -> None:
    with pytest.raises(LabelledDataError, match=r"desk\.csv:2: "):
        read("desk.csv", f'text,fields\nhello,"{fields}"\n')


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl"])
def test_read_labelled_file_that_is_not_utf8_is_refused(read: Read, name: str) -> None:
    with pytest.raises(LabelledDataError, match="not UTF-8"):
        read(name, b"text\n\xff\n")


def test_read_labelled_folder_reads_its_jsonl_files_in_name_order(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / f"{name}.jsonl").write_text('{"body": "x"}\n', encoding="utf-8")
    (tmp_path / "GUIDE.md").write_text("no data", encoding="utf-8")

    assert [ticket.source for ticket in read_labelled(tmp_path)] == ["a", "b"]


def test_read_labelled_missing_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabelledDataError, match="no such file"):
        list(read_labelled(tmp_path / "absent.csv"))


def test_read_labelled_csv_cell_beyond_the_limit_is_refused(read: Read) -> None:
    with pytest.raises(LabelledDataError):
        read("desk.csv", "text\n" + "x" * 10_000_001)


def test_read_labelled_row_that_is_not_marked_has_unknown_fields(read: Read) -> None:
    (ticket,) = read("x.jsonl", json.dumps({"subject": "a", "body": "b", "category": "other", "marked": False}))

    assert (ticket.spans, ticket.category) == (None, "other")


def test_read_labelled_row_without_marks_has_no_fields_rather_than_unknown_ones(read: Read) -> None:
    (bare,) = read("x.jsonl", json.dumps({"body": "b"}))
    (marked,) = read("x.jsonl", json.dumps({"body": "b", "marked": True}))

    assert bare.spans == marked.spans == ()


@pytest.mark.parametrize("row", [{"body": "[[amount|5 EUR]]", "marked": False}, {"body": "b", "marked": "no"}])
def test_read_labelled_row_that_contradicts_its_marks_is_refused_with_its_line(
    read: Read, row: dict[str, object]
) -> None:
    with pytest.raises(LabelledDataError, match=r"x\.jsonl:1: "):
        read("x.jsonl", json.dumps(row))
