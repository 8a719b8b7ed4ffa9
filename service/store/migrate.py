"""In: a database URL. Out: a database whose schema is the newest, or what its schema is.

Raises `StoreUnavailableError` while the database is away and `ConfigurationError` for a URL that is none or a schema
that this version does not know. Alembic is imported where it is used: it takes a sixth of the start of a command that
touches no database.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from service.bundled import migrations_folder
from service.errors import ConfigurationError
from service.store.bulk import is_postgresql
from service.store.engine import create_store_engine, writing
from service.store.translate import translated_errors

if TYPE_CHECKING:
    from alembic.config import Config

# Any number will do, as long as every deskroute that migrates the database takes the same.
_MIGRATION_LOCK = 7_216_034_911


@dataclass(frozen=True, slots=True)
class Revision:
    """A step of the schema's history."""

    name: str
    description: str


def upgrade(url: str) -> str:
    """Bring the schema to the newest revision, in one transaction, and return that revision's name.

    Where several processes start this at once, one works and the others wait and then find nothing left to do.
    """
    from alembic import command
    from alembic.util import CommandError

    engine = create_store_engine(url, application_name="deskroute-migrate", statement_timeout_ms=0)
    try:
        with translated_errors(), writing(engine).begin() as connection:
            if is_postgresql(connection):
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
            config = _config()
            config.attributes["connection"] = connection
            try:
                command.upgrade(config, "head")
            except CommandError as error:
                raise ConfigurationError(f"the database's schema is of another version: {error}") from error
            return _revision(connection) or ""
    finally:
        engine.dispose()


def current(url: str) -> str | None:
    """The name of the database's revision; None where it was never migrated."""
    engine = create_store_engine(url, application_name="deskroute-migrate")
    try:
        with translated_errors(), engine.connect() as connection:
            return _revision(connection)
    finally:
        engine.dispose()


def history() -> list[Revision]:
    """Every revision this version knows, newest first."""
    from alembic.script import ScriptDirectory

    revisions = ScriptDirectory.from_config(_config()).walk_revisions()
    return [Revision(item.revision, item.doc) for item in revisions]


def require_newest(url: str) -> None:
    """Raise `ConfigurationError`, saying what to do, unless the schema is the newest: for whoever starts work on it."""
    has, needs = current(url), history()[0].name
    if has != needs:
        state = f"at revision {has}" if has else "empty"
        raise ConfigurationError(f"the database is {state}, this version needs {needs}: run `deskroute db upgrade`")


def _revision(connection: Connection) -> str | None:
    from alembic.migration import MigrationContext

    return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    return config
