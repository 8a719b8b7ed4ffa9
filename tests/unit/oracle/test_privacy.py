"""In: planted strings, in events in log lines. Out: proof that each is found where it may not be, and only there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from load_tests.oracle.privacy import Plants, check_logs, read_plants

_PLANT = 'Jörg "Joe" Müller'
_PLANTS = Plants(("someone@example.org", _PLANT))


def _event(**data: Any) -> dict[str, Any]:
    return {"id": "1", "subject": "default/1", "data": {"ticket_id": "1", "fields": [], **data}}


@pytest.mark.parametrize(
    "line",
    [
        f"holding: {_PLANT}",
        _PLANT.upper(),
        json.dumps({"detail": _PLANT}),
        json.dumps({"detail": _PLANT}, ensure_ascii=False),
        json.dumps({"inner": json.dumps({"detail": _PLANT})}),
        repr({"value": _PLANT.encode()}),
        f"/tickets?name={quote(_PLANT)}",
    ],
    ids=["plain", "upper case", "JSON", "JSON in UTF-8", "JSON in JSON", "bytes", "address"],
)
def test_find_in_a_line_finds_the_plant_however_it_is_escaped(line: str) -> None:
    assert _PLANTS.find(line) == (2,)


def test_find_in_a_line_without_plants_finds_nothing() -> None:
    assert _PLANTS.find('{"event": "batch_published", "records": 12}') == ()


@given(st.text(min_size=1).filter(str.strip), st.text(), st.text())
def test_find_of_any_plant_in_json_finds_it(planted: str, before: str, after: str) -> None:
    line = json.dumps({"event": before + planted + after})

    assert Plants((planted,)).find(line) == (1,)


def test_find_in_event_passes_over_what_the_fields_quote() -> None:
    quoting = {"type": "person_name", "value": _PLANT, "normalized": {"value": _PLANT}}

    assert _PLANTS.find_in_event(_event(fields=[quoting])) == ()


@pytest.mark.parametrize(
    "event",
    [
        _event(route={"reasons": [_PLANT]}),
        _event(fields=[{"type": _PLANT, "value": "x"}]),
        _event(fields=_PLANT),
        {**_event(), "extra": {"value": _PLANT}},
        {"data": _PLANT},
    ],
)
def test_find_in_event_finds_a_plant_anywhere_else(event: dict[str, Any]) -> None:
    assert _PLANTS.find_in_event(event) == (2,)


def test_check_logs_names_file_line_and_number_and_never_the_plant(tmp_path: Path) -> None:
    clean, leaking = tmp_path / "clean.log", tmp_path / "leaking.log"
    clean.write_bytes(b"nothing here\n\xff\xfe\n")
    leaking.write_text("first\nmail to someone@example.org\n", encoding="utf-8")

    findings = check_logs(_PLANTS, [clean, leaking])

    assert [one.what for one in findings] == ["plant 1 in leaking.log, line 2"]


def test_read_plants_takes_one_a_line_without_empty_ones(tmp_path: Path) -> None:
    file = tmp_path / "plants.txt"
    file.write_text("one\n\n  \ntwo words\n", encoding="utf-8")

    assert read_plants(file) == ("one", "two words")
