"""In: files that the bench reads. Out: what is in them, or one clear error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.bench.peers import PeerFigures, read_peers, write_peers
from service.bench.texts import read_ticket_sets, spread
from service.errors import ConfigurationError

HEADER = "Date received,Consumer complaint narrative\n"
PEER = PeerFigures(
    name="sklearn_svm",
    answers="category",
    way="batches of 256",
    tickets_per_s={"sample": 900.5},
    cpu_ms_per_ticket={"sample": 1.1},
    category_macro_f1=0.7,
    fields_f1=None,
    field_types=(),
    held_out_rows=170,
    train_rows=1_700,
    train_s=4.2,
    threads=1,
    machine="a machine",
    load_average=0.1,
    measured_at="2026-11-24T12:00:00+00:00",
    versions={"scikit-learn": "1.9.1"},
)


def complaints(folder: Path, rows: str) -> Path:
    (folder / "cfpb").mkdir()
    (folder / "cfpb" / "complaints_sample.csv").write_text(HEADER + rows, encoding="utf-8")
    return folder


def test_ticket_sets_with_a_data_folder_are_sample_and_complaints_that_have_a_text(tmp_path: Path) -> None:
    data = complaints(tmp_path, '1,"They, er, charged\nme twice"\n2,\n3,Second\n4,Third\n')

    sample, cfpb = read_ticket_sets(data, most_tickets=5, most_complaints=2)

    assert (sample.name, len(sample.tickets), len(sample.messages)) == ("sample", 5, 5)
    assert [ticket.body for ticket in cfpb.tickets] == ["They, er, charged\nme twice", "Second"]


def test_ticket_sets_without_complaints_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"complaints_sample\.csv"):
        read_ticket_sets(tmp_path, 5, 5)
    with pytest.raises(ConfigurationError, match="no complaints in"):
        read_ticket_sets(complaints(tmp_path, "1,\n"), 5, 5)


@given(st.integers(1, 50), st.integers(1, 60))
def test_spread_keeps_order_and_takes_no_message_twice(count: int, most: int) -> None:
    messages = [str(number).encode() for number in range(count)]

    taken = spread(messages, most)

    assert len(taken) == min(count, most)
    assert taken == [message for message in messages if message in set(taken)]


def test_peers_written_are_read_again(tmp_path: Path) -> None:
    write_peers(tmp_path / "peers.json", [PEER])

    assert read_peers(tmp_path / "peers.json") == [PEER]


@pytest.mark.parametrize("content", ["", "{}", "[1]", json.dumps([{"name": "x"}])])
def test_peers_file_of_another_form_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "peers.json"
    file.write_text(content, encoding="utf-8")

    with pytest.raises(ConfigurationError, match=r"is no file of load_tests\.peers"):
        read_peers(file)


def test_peers_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no peers at"):
        read_peers(tmp_path / "none.json")


def test_peers_file_with_an_unknown_key_is_refused(tmp_path: Path) -> None:
    plain: dict[str, Any] = PEER.to_json() | {"speed": 1}
    (tmp_path / "peers.json").write_text(json.dumps([plain]), encoding="utf-8")

    with pytest.raises(ConfigurationError, match="speed"):
        read_peers(tmp_path / "peers.json")
