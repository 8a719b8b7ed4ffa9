"""In: entries of a journal and samples. Out: proof that what is read is what was written, and that kills do no harm."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from load_tests.journal import JournalError, JournalWriter, content_of, read_journal, text_of
from tests.unit.oracle.world import JOURNAL, NEW


def test_journal_read_again_is_what_was_written(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"

    with JournalWriter(file) as journal:
        for entry in JOURNAL:
            journal.write(entry)

    assert read_journal(file) == list(JOURNAL)


def test_journal_whose_writer_was_killed_within_a_line_is_read_up_to_there(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    with JournalWriter(file) as journal:
        journal.write(NEW)
    file.write_bytes(file.read_bytes() + b'{"topic": "in", "part')

    assert read_journal(file) == [NEW]


@pytest.mark.parametrize("line", [b"{", b"[]", b"{}", b'{"kind": "other"}', b"\xff"])
def test_journal_with_a_line_that_is_no_entry_is_refused(tmp_path: Path, line: bytes) -> None:
    file = tmp_path / "journal.jsonl"
    file.write_bytes(line + b"\n")

    with pytest.raises(JournalError, match="line 1"):
        read_journal(file)


@given(st.binary())
def test_text_of_any_key_gives_the_bytes_back(key: bytes) -> None:
    text = text_of(key)

    assert text is not None
    assert text.encode("utf-8", "surrogateescape") == key


def test_content_of_a_null_value_is_that_of_an_empty_one() -> None:
    assert content_of(b"k", None) == content_of(b"k", b"")
    assert content_of(b"k", b"a") != content_of(b"k", b"b")
    assert content_of(None, b"a") != content_of(b"", b"a")
