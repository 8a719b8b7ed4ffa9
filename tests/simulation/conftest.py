"""In: nothing. Out: empty stores on SQLite; and silence, since thousands of schedules would log without end."""

from __future__ import annotations

import logging
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import structlog

from tests.simulation.sqlite_store import SqliteStore


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


@pytest.fixture
def open_sqlite(empty_database: Path, tmp_path: Path) -> Iterator[Callable[[], SqliteStore]]:
    """Opens empty stores."""
    with ExitStack() as opened:

        def open_one() -> SqliteStore:
            file = tmp_path / f"{uuid.uuid4()}.db"
            shutil.copyfile(empty_database, file)
            store = SqliteStore(file)
            opened.callback(store.close)
            return store

        yield open_one
