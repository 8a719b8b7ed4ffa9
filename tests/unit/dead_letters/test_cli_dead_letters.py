"""In: command lines of `deskroute dead-letters` on a SQLite file. Out: what they print, change and exit with."""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from service.cli.dead_letters import dead_letters_app, since_time
from service.cli.letter_views import escaped
from service.errors import Reason, Stage
from service.store.letters import DeadLetterStore, LetterFilter, LetterState
from tests.unit.dead_letters.letters import INVALID, SECRET, letter, store_letters
from tests.unit.store.samples import NOW

_DOCUMENT = Path(__file__).parents[3] / "docs" / "dead-letters.md"


@pytest.fixture(autouse=True)
def surroundings(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings but the database, and no broker: sockets are blocked."""
    for name in [name for name in os.environ if name.startswith("DESKROUTE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(database.parent)
    monkeypatch.setenv("DESKROUTE_DATABASE_URL", f"sqlite:///{database}")


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(dead_letters_app, arguments)


def _states(letters: DeadLetterStore) -> dict[int, LetterState]:
    return {one.offset: one.state for one in letters.list(LetterFilter(state=None), 99)[0]}


def test_list_shows_ids_and_reasons_and_no_message(database: Path) -> None:
    stored = [letter(0), letter(1, reason=Reason.INFERENCE, stage=Stage.INFER)]
    store_letters(database, stored)

    outcome = _run("list")

    assert outcome.exit_code == 0
    assert all(str(one.id)[:8] in outcome.stdout for one in stored)
    assert "inference_failed" in outcome.stdout
    assert "tickets.incoming/0/1" in outcome.stdout
    assert outcome.stdout.endswith("2 dead letters\n")
    assert SECRET not in outcome.output
    assert "acme" not in outcome.output


def test_list_beyond_the_limit_says_how_many_more_there_are(database: Path) -> None:
    store_letters(database, [letter(offset) for offset in range(5)])

    outcome = _run("list", "--limit", "2")

    assert outcome.stdout.endswith("… and 3 more (raise --limit, or filter)\n")


def test_list_as_json_prints_one_object_a_line_and_says_the_rest_on_stderr(database: Path) -> None:
    stored = [letter(offset) for offset in range(3)]
    store_letters(database, stored)

    outcome = _run("list", "--json", "--limit", "2")

    rows = [json.loads(line) for line in outcome.stdout.splitlines()]
    assert [row["id"] for row in rows] == [str(stored[2].id), str(stored[1].id)]
    assert rows[0] | {"reason": "schema_violation", "stage": "decode", "offset": 2, "state": "open"} == rows[0]
    assert datetime.fromisoformat(rows[0]["failed_at"]) == stored[2].failed_at
    assert "1 more" in outcome.stderr
    assert SECRET not in outcome.output


def test_list_of_nothing_says_so() -> None:
    outcome = _run("list")

    assert (outcome.exit_code, outcome.output) == (0, "0 dead letters\n")


def test_list_given_a_detail_with_terminal_escapes_prints_none(database: Path) -> None:
    store_letters(database, [letter(0, detail="\x1b[2Jfield\x9b1m\nmissing")])

    table, row = _run("list").stdout, _run("list", "--json").stdout

    assert not re.search(r"[\x1b\x9b]", table + row)
    assert json.loads(row)["detail"] == "\x1b[2Jfield\x9b1m\nmissing"


def test_list_given_since_and_state_filters(database: Path, letters: DeadLetterStore) -> None:
    now = datetime.now(UTC)
    stored = [letter(0, failed_at=now - timedelta(hours=5)), letter(1, failed_at=now), letter(2, failed_at=now)]
    store_letters(database, stored)
    letters.mark_dropped(stored[2].id, NOW)

    recent = _run("list", "--json", "--since", "2h")
    dropped = _run("list", "--json", "--state", "dropped", "--since", (now - timedelta(hours=9)).isoformat())

    assert [json.loads(line)["offset"] for line in recent.stdout.splitlines()] == [1]
    assert [json.loads(line)["offset"] for line in dropped.stdout.splitlines()] == [2]


@pytest.mark.parametrize(
    "arguments",
    [
        ("list", "--since", "yesterday"),
        ("list", "--since", "2026-03-03T12:00:00"),
        ("list", "--since", "999999w"),
        ("list", "--reason", "no_such_reason"),
        ("list", "--state", "lost"),
        ("list", "--limit", "0"),
        ("show", "not-an-id!"),
        ("replay",),
        ("replay", "--state", "all"),
        ("replay", "abcd", "--reason", "not_json"),
        ("replay", "abcd", "--all"),
        ("replay", "--all", "--policy", "pray"),
        ("replay", "--all", "--rate", "0"),
    ],
)
def test_wrong_usage_exits_2_and_says_why_on_stderr(arguments: tuple[str, ...]) -> None:
    outcome = _run(*arguments)

    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert outcome.stderr


def test_list_on_a_database_that_was_not_migrated_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESKROUTE_DATABASE_URL", f"sqlite:///{tmp_path}/new.db")

    outcome = _run("list")

    assert outcome.exit_code == 2
    assert "deskroute db upgrade" in outcome.stderr
    assert outcome.stderr.count("\n") == 1


def test_show_prints_everything_but_the_message(database: Path) -> None:
    stored = letter(0, INVALID)
    store_letters(database, [stored])

    outcome = _run("show", str(stored.id)[:12])

    assert outcome.exit_code == 0
    for shown in (
        str(stored.id),
        "partition 0, offset 0",
        r"acme/\xff",
        "traceparent: 00-ab-cd-01",
        "x: null",
        f"{len(INVALID)} bytes, sha256 {sha256(INVALID).hexdigest()}",
        "still schema_violation: body: Field required",
    ):
        assert shown in outcome.stdout
    assert SECRET not in outcome.output


def test_show_value_writes_the_bytes_and_nothing_else(database: Path) -> None:
    raw = bytes(range(256))
    stored = letter(0, raw)
    store_letters(database, [stored])

    outcome = _run("show", str(stored.id), "--value")

    assert (outcome.exit_code, outcome.stdout_bytes) == (0, raw)


def test_show_of_an_unknown_letter_exits_1_with_one_line() -> None:
    outcome = _run("show", "abcd")

    assert (outcome.exit_code, outcome.stdout, outcome.stderr) == (1, "", "error: there is no dead letter abcd\n")


def test_replay_of_a_letter_still_invalid_stops_with_1(database: Path, letters: DeadLetterStore) -> None:
    stored = letter(0, INVALID)
    store_letters(database, [stored, letter(1, INVALID)])

    outcome = _run("replay", "--all")

    assert (outcome.exit_code, outcome.stdout) == (1, "0 replayed, 1 still invalid (left), 0 dropped\n")
    assert outcome.stderr.startswith(f"error: stopped at letter {str(stored.id)[:8]}, which is still invalid: schema")
    assert outcome.stderr.count("\n") == 1
    assert set(_states(letters).values()) == {LetterState.OPEN}


def test_replay_with_the_policy_drop_closes_what_is_still_invalid(database: Path, letters: DeadLetterStore) -> None:
    store_letters(database, [letter(0, INVALID), letter(1, INVALID), letter(2, INVALID, reason=Reason.NOT_JSON)])

    outcome = _run("replay", "--reason", "schema_violation", "--policy", "drop")

    assert (outcome.exit_code, outcome.output) == (0, "0 replayed, 0 still invalid (left), 2 dropped\n")
    assert _states(letters) == {0: LetterState.DROPPED, 1: LetterState.DROPPED, 2: LetterState.OPEN}


def test_replay_with_a_maximum_says_that_there_may_be_more(database: Path, letters: DeadLetterStore) -> None:
    store_letters(database, [letter(0, INVALID), letter(1, INVALID)])

    outcome = _run("replay", "--all", "--policy", "drop", "--max", "1")

    assert outcome.stdout.startswith("--max 1 is reached; run it again for what is left\n")
    assert _states(letters) == {0: LetterState.DROPPED, 1: LetterState.OPEN}


def test_replay_dry_run_says_what_would_be_done_and_changes_nothing(database: Path, letters: DeadLetterStore) -> None:
    stored = letter(0, INVALID)
    store_letters(database, [stored])

    outcome = _run("replay", "--all", "--policy", "drop", "--dry-run")

    lines = outcome.stdout.splitlines()
    assert outcome.exit_code == 0
    assert lines[0].startswith(f"would drop {str(stored.id)[:8]} (tickets.incoming/0/0): still schema_violation")
    assert lines[1] == "0 would be replayed, 0 still invalid (would be left), 1 would be dropped"
    assert _states(letters) == {0: LetterState.OPEN}


def test_replay_of_an_id_that_is_not_open_does_nothing(database: Path, letters: DeadLetterStore) -> None:
    stored = [letter(0, INVALID), letter(1, INVALID)]
    store_letters(database, stored)
    letters.mark_replayed(stored[1].id, NOW)

    outcome = _run("replay", *(str(one.id) for one in stored), "--policy", "drop")

    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert "is replayed: give --state replayed" in outcome.stderr
    assert _states(letters)[0] is LetterState.OPEN


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", timedelta(seconds=90)),
        ("30m", timedelta(minutes=30)),
        ("2h", timedelta(hours=2)),
        ("3d", timedelta(days=3)),
        ("1w", timedelta(weeks=1)),
    ],
)
def test_since_time_given_a_duration_counts_back_from_now(text: str, expected: timedelta) -> None:
    assert since_time(text, NOW) == NOW - expected


def test_since_time_given_rfc_3339_keeps_its_offset() -> None:
    assert since_time("2026-03-03T13:00:00+01:00", NOW) == datetime(2026, 3, 3, 12, tzinfo=UTC)
    assert since_time("2026-03-03T12:00:00Z", NOW) == datetime(2026, 3, 3, 12, tzinfo=UTC)


@given(st.text(max_size=30))
def test_since_time_given_any_text_answers_or_refuses(text: str) -> None:
    try:
        since = since_time(text, NOW)
    except typer.BadParameter:
        return

    assert since.tzinfo is not None


@given(st.binary(max_size=300))
def test_escaped_given_any_bytes_is_printable_and_tells_them_apart(data: bytes) -> None:
    shown = escaped(data)

    assert shown.isprintable()
    assert _unescaped(shown) == data


def test_escaped_given_many_bytes_is_cut() -> None:
    assert escaped(b"a" * 1_000) == "a" * 300 + "… and 700 bytes more"


def test_document_explains_every_reason() -> None:
    table = _DOCUMENT.read_text(encoding="utf-8").split("## Reasons")[1].split("\n## ")[0]

    first_cells = re.findall(r"^\|([^|]+)\|", table, re.MULTILINE)
    explained = {name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)}

    assert explained == {str(reason) for reason in Reason}


def _unescaped(shown: str) -> bytes:
    parts = re.findall(r"\\\\|\\x[0-9a-f]{2}|[^\\]", shown)
    return b"".join(
        b"\\" if part == "\\\\" else bytes.fromhex(part[2:]) if part.startswith("\\x") else part.encode()
        for part in parts
    )
