"""In: the migrations, on PostgreSQL and on SQLite. Out: replayed, they lead to exactly `schema.metadata`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from service.errors import ConfigurationError
from service.store.engine import create_store_engine
from service.store.migrate import current, history, require_newest, upgrade
from service.store.schema import metadata


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "postgresql":
        postgres: str = request.getfixturevalue("postgres_database")
        return postgres
    return f"sqlite:///{tmp_path}/deskroute.db"


def test_upgrade_from_nothing_equals_the_schema(url: str) -> None:
    upgrade(url)

    engine = create_store_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        differences = compare_metadata(context, metadata)
    engine.dispose()
    assert differences == []


def test_constraint_names_of_the_migrations_equal_the_schemas(url: str) -> None:
    upgrade(url)

    engine = create_store_engine(url)
    replayed = type(metadata)()
    with engine.connect() as connection:
        replayed.reflect(connection)
    engine.dispose()
    for table in metadata.sorted_tables:
        found = replayed.tables[table.name]
        assert {str(item.name) for item in found.constraints} == {str(item.name) for item in table.constraints}
        assert {item.name for item in found.indexes} == {item.name for item in table.indexes}


def test_upgrade_again_changes_nothing(url: str) -> None:
    assert current(url) is None

    assert upgrade(url) == upgrade(url) == current(url) == history()[0].name


def test_upgrade_from_several_processes_at_once_succeeds_in_all(url: str) -> None:
    with ThreadPoolExecutor(3) as threads:
        revisions = list(threads.map(upgrade, [url] * 3))

    assert revisions == [history()[0].name] * 3


def test_require_newest_says_what_to_run_until_it_is_done(url: str) -> None:
    with pytest.raises(ConfigurationError, match="deskroute db upgrade"):
        require_newest(url)

    upgrade(url)

    require_newest(url)


def test_upgrade_of_a_database_from_a_later_version_is_refused(url: str) -> None:
    upgrade(url)
    engine = create_store_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(ConfigurationError, match="9999"):
        upgrade(url)

    engine.dispose()
