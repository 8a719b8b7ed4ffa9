"""In: command lines of `deskroute erase` on a SQLite file. Out: what they delete, print and exit with."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from service.cli.app import app
from service.record import stored_decision
from service.revisions import version_of
from service.store.engine import create_store_engine
from service.store.store import Store
from service.store.values import BatchRange, DeadLetter, StoredDecision
from service.ticket import Requester, Ticket
from tests.unit.dead_letters.letters import letter
from tests.unit.store.samples import NOW, TOPIC, result

ADDRESS = "ann@example.com"
NOTHING = "deleted 0 revisions of 0 tickets\n"
RETENTION = "until their retention ends"


@pytest.fixture
def store(tmp_path: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A database of this test's own, the only setting that there is; Ann has the tickets a (twice) and c."""
    for name in [name for name in os.environ if name.startswith("DESKROUTE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    url = f"sqlite:///{shutil.copyfile(empty_database, tmp_path / 'deskroute.db')}"
    monkeypatch.setenv("DESKROUTE_DATABASE_URL", url)
    opened = Store(create_store_engine(url))
    opened.record_results([decided("a", 1), decided("a", 2), decided("b", 1, ""), decided("c", 1)])
    yield opened
    opened.close()


def decided(ticket_id: str, revision: int, address: str = ADDRESS, person: str | None = None) -> StoredDecision:
    requester = Requester(email=address or None, id=person)
    ticket = Ticket(ticket_id=ticket_id, tenant="acme", body=f"change {revision}", updated_at=NOW, requester=requester)
    return stored_decision(ticket, version_of(ticket), result(ticket_id, revision), NOW)


def add_letters(store: Store, letters: list[DeadLetter]) -> None:
    (claim,) = store.claim("group", TOPIC, {0: 0}, uuid.uuid4(), None)
    store.write_batch([BatchRange(claim, 0, 99)], [], letters)


def erase(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["erase", *arguments])


def test_erase_tickets_deletes_them_and_says_so(store: Store) -> None:
    outcome = erase("--tenant", "acme", "--ticket", "a", "--ticket", "b", "--yes")

    assert outcome.exit_code == 0
    assert outcome.stdout.startswith("deleted 3 revisions of 2 tickets\n")
    assert RETENTION in outcome.stdout
    assert store.count_results() == 1


def test_erase_one_revision_is_told_in_the_singular(store: Store) -> None:
    assert erase("--tenant", "acme", "--ticket", "b", "--yes").stdout.startswith("deleted 1 revision of 1 ticket\n")
    assert store.count_results() == 3


@pytest.mark.parametrize("named", [ADDRESS, " Ann@Example.COM "])
def test_erase_requester_deletes_all_their_tickets_and_never_prints_them(store: Store, named: str) -> None:
    outcome = erase("--tenant", "acme", "--requester", named, "--yes")

    assert outcome.exit_code == 0
    assert outcome.stdout.startswith("deleted 3 revisions of 2 tickets\n")
    assert "example" not in outcome.output.lower()
    assert store.count_results() == 1


def test_erase_requester_by_id_finds_tickets_that_have_an_address_too(store: Store) -> None:
    store.record_results([decided("d", 1, ADDRESS, "4711")])

    assert erase("--tenant", "acme", "--requester", "4711", "--yes").stdout.startswith(
        "deleted 1 revision of 1 ticket\n"
    )


def test_erase_is_for_good(store: Store) -> None:
    erase("--tenant", "acme", "--requester", ADDRESS, "--yes")

    assert store.record_results([decided("a", 1), decided("new", 1)]) == 0


def test_erase_of_what_is_not_there_succeeds_and_is_for_good(store: Store) -> None:
    outcome = erase("--tenant", "acme", "--ticket", "z", "--yes")

    assert (outcome.exit_code, outcome.stdout.startswith(NOTHING)) == (0, True)
    assert store.record_results([decided("z", 1, "")]) == 0


def test_erase_of_another_tenant_deletes_nothing(store: Store) -> None:
    assert erase("--tenant", "umbrella", "--requester", ADDRESS, "--yes").stdout.startswith(NOTHING)
    assert store.count_results() == 4


def test_erase_dry_run_counts_and_changes_nothing(store: Store) -> None:
    outcome = erase("--tenant", "acme", "--requester", ADDRESS, "--dry-run")

    assert (outcome.exit_code, outcome.stdout) == (0, "would delete 3 revisions of 2 tickets; nothing was changed\n")
    assert store.count_results() == 4
    assert store.record_results([decided("new", 1)]) == 1


def test_erase_requester_finds_dead_letters_of_tickets_that_have_no_row(store: Store) -> None:
    said = b'{"ticket_id": "%s", "tenant": "acme", "body": "x", "requester": {"email": "%s"}}'
    theirs = letter(0, said % (b"e", ADDRESS.encode()))
    others = letter(1, said % (b"f", b"bob@example.com"))
    add_letters(store, [replace(theirs, key=b"acme/e"), replace(others, key=b"acme/f"), letter(2, b"broken")])

    erase("--tenant", "acme", "--requester", ADDRESS, "--yes")

    assert [one.offset for one in store.read_dead_letters(TOPIC, 0, 0, 99)] == [1, 2]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--tenant", "acme"], "whose?"),
        (["--tenant", "acme", "--ticket", "a", "--requester", ADDRESS, "--yes"], "whose?"),
        (["--tenant", "acme", "--requester", " ", "--yes"], "--requester"),
        (["--tenant", "ACME", "--ticket", "a", "--yes"], "--tenant 'ACME'"),
        (["--tenant", "acme", "--ticket", "", "--yes"], "--ticket ''"),
        (["--tenant", "acme", "--ticket", "a"], "no terminal to ask on"),
    ],
)
def test_erase_with_wrong_usage_or_nobody_to_ask_exits_2_and_changes_nothing(
    store: Store, arguments: list[str], says: str
) -> None:
    outcome = erase(*arguments)

    assert outcome.exit_code == 2
    assert outcome.stderr.startswith("error: ")
    assert outcome.stderr.count("\n") == 1
    assert says in outcome.stderr
    assert store.count_results() == 4


def test_erase_without_a_tenant_exits_2(store: Store) -> None:
    assert erase("--ticket", "a", "--yes").exit_code == 2
    assert store.count_results() == 4


def test_erase_on_a_database_that_was_never_migrated_says_what_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESKROUTE_DATABASE_URL", f"sqlite:///{tmp_path}/other.db")

    outcome = erase("--tenant", "acme", "--ticket", "a", "--yes")

    assert outcome.exit_code == 2
    assert "deskroute db upgrade" in outcome.stderr


@pytest.mark.parametrize(("answer", "status", "left"), [(b"y\n", 0, 2), (b"n\n", 1, 4), (b"\n", 1, 4)])
def test_erase_on_a_terminal_asks_first(store: Store, answer: bytes, status: int, left: int) -> None:
    person, terminal = pty.openpty()
    command = [sys.executable, "-m", "service.cli", "erase", "--tenant", "acme", "--ticket", "a"]
    os.write(person, answer)

    done = subprocess.run(command, stdin=terminal, capture_output=True, text=True, check=False, timeout=100)

    os.close(person)
    os.close(terminal)
    assert done.returncode == status
    assert "Delete 2 revisions of 1 ticket, and never store their messages again?" in done.stdout
    assert store.count_results() == left
