"""In: command lines of `deskroute db`. Out: its words, exit codes and an upgraded SQLite file."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from service.cli.db import db_app
from service.store.migrate import current

_runner = CliRunner()


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DESKROUTE_DATABASE_URL", raising=False)
    return f"sqlite:///{tmp_path}/deskroute.db"


def test_upgrade_an_empty_database_brings_it_to_the_newest_revision(url: str) -> None:
    outcome = _runner.invoke(db_app, ["upgrade", "--database-url", url])

    assert (outcome.exit_code, outcome.stdout) == (0, "empty -> 0002\n")
    assert current(url) == "0002"


def test_upgrade_twice_says_that_nothing_was_left_to_do(url: str) -> None:
    _runner.invoke(db_app, ["upgrade", "--database-url", url])

    outcome = _runner.invoke(db_app, ["upgrade", "--database-url", url])

    assert (outcome.exit_code, outcome.stdout) == (0, "0002 (was there already)\n")


def test_current_takes_the_url_from_the_environment(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESKROUTE_DATABASE_URL", url)

    outcome = _runner.invoke(db_app, ["current"])

    assert (outcome.exit_code, outcome.stdout) == (0, "empty (newest is 0002)\n")


def test_history_lists_every_revision(url: str) -> None:
    outcome = _runner.invoke(db_app, ["history"])

    assert outcome.exit_code == 0
    assert outcome.stdout.startswith("0002  Order of revisions")


def test_upgrade_with_an_unreadable_url_exits_2_with_one_line(url: str) -> None:
    outcome = _runner.invoke(db_app, ["upgrade", "--database-url", "mysql://u:hunter2@h/d"])

    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert outcome.stderr.startswith("error: ")
    assert outcome.stderr.count("\n") == 1
    assert "hunter2" not in outcome.stderr


def test_upgrade_with_a_database_that_is_away_exits_1(url: str, tmp_path: Path) -> None:
    outcome = _runner.invoke(db_app, ["upgrade", "--database-url", f"sqlite:///{tmp_path}/missing/x.db"])

    assert outcome.exit_code == 1
    assert outcome.stderr.startswith("error: database unavailable")
