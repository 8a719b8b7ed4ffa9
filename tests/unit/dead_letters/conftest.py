"""In: nothing. Out: a migrated, empty database file, and the letters in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.store.engine import create_store_engine
from service.store.letters import DeadLetterStore


@pytest.fixture
def database(tmp_path: Path, empty_database: Path) -> Path:
    """A database of this test's own."""
    return Path(shutil.copyfile(empty_database, tmp_path / "deskroute.db"))


@pytest.fixture
def letters(database: Path) -> Iterator[DeadLetterStore]:
    """The letters of that database."""
    opened = DeadLetterStore(create_store_engine(f"sqlite:///{database}"))
    yield opened
    opened.close()
