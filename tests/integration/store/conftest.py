"""In: nothing. Out: an empty store on each back end, and a way to ask the tables behind the store's back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from service.store.engine import create_store_engine
from service.store.migrate import upgrade
from service.store.store import Store

Query = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A migrated, empty database of the back end under test."""
    url = f"sqlite:///{tmp_path}/deskroute.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_database")
    upgrade(url)
    return url


@pytest.fixture
def open_store(database_url: str) -> Iterator[Callable[[], Store]]:
    """Opens stores on the database under test, each with connections of its own as another process would have."""
    with ExitStack() as opened:

        def open_one() -> Store:
            store = Store(create_store_engine(database_url))
            opened.callback(store.close)
            return store

        yield open_one


@pytest.fixture
def store(open_store: Callable[[], Store]) -> Store:
    """A store on the database under test."""
    return open_store()


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """Connections beside the store's."""
    engine = create_store_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def query(engine: Engine) -> Query:
    """Runs a statement in a transaction of its own and returns its rows."""

    def run(statement: str, **parameters: object) -> list[tuple[Any, ...]]:
        with engine.begin() as connection:
            outcome = connection.execute(text(statement), parameters)
            return [tuple(row) for row in outcome] if outcome.returns_rows else []

    return run
