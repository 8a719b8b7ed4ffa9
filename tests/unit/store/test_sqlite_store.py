"""In: SQLite as the demo embeds it. Out: a file that others can read while it is written and after it is closed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from service.store.engine import create_store_engine
from service.store.migrate import upgrade
from service.store.store import Store
from tests.unit.store.samples import decision, field


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "deskroute.db"


@pytest.fixture
def store(file: Path) -> Iterator[Store]:
    upgrade(f"sqlite:///{file}")
    opened = Store(create_store_engine(f"sqlite:///{file}"))
    yield opened
    opened.close()


def test_closed_store_is_one_plain_file_that_sql_can_ask(store: Store, file: Path) -> None:
    store.record_results([decision("a", fields=[field("A-1", None), field("12.50 EUR", {"value": "12.50"}, "amount")])])

    store.close()

    with closing(sqlite3.connect(file)) as connection:
        rows = connection.execute(
            "SELECT r.queue, f.type, json_extract(f.normalized, '$.value'), datetime(r.processed_at)"
            " FROM results r JOIN result_fields f USING (tenant, ticket_id, revision) ORDER BY f.position"
        ).fetchall()
    assert rows == [
        ("billing", "order_id", None, "2026-03-03 12:30:15"),
        ("billing", "amount", "12.50", "2026-03-03 12:30:15"),
    ]
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_reader_is_not_blocked_by_a_writer(store: Store, file: Path) -> None:
    store.record_results([decision("a")])

    with closing(sqlite3.connect(file, isolation_level=None, timeout=0)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        counted = store.count_results()

    assert counted == 1


def test_record_results_thousands_at_once_and_again_counts_only_new_ones(store: Store) -> None:
    decisions = [decision(f"t{number}", fields=[field()]) for number in range(2_000)]

    first, second = store.record_results(decisions), store.record_results([*decisions, decision("new")])

    assert (first, second, store.count_results()) == (2_000, 1, 2_001)
