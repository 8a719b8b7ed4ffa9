"""In: `deskroute db upgrade`, `current` and `history`. Out: a migrated database, or what its schema is, on stdout.

Exits 0 on success, 1 with one line on stderr where the database is away, 2 where a setting or the usage is wrong.
"""

from __future__ import annotations

from typing import Annotated

import typer

from service.cli.errors import errors_reported
from service.settings import load_settings
from service.store import migrate

db_app = typer.Typer(no_args_is_help=True, help="Migrate the database's schema, or say what it is.")

DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        show_default="DESKROUTE_DATABASE_URL, then deskroute.toml",
        help="postgresql://user:password@host:port/database or sqlite:///file",
    ),
]


@db_app.command()
def upgrade(database_url: DatabaseUrl = None) -> None:
    """Bring the schema to the newest revision."""
    with errors_reported():
        url = _configured(database_url)
        before = migrate.current(url)
        after = migrate.upgrade(url)
        typer.echo(f"{after} (was there already)" if before == after else f"{before or 'empty'} -> {after}")


@db_app.command()
def current(database_url: DatabaseUrl = None) -> None:
    """Print the database's revision."""
    with errors_reported():
        revision = migrate.current(_configured(database_url))
        newest = migrate.history()[0].name
        typer.echo(f"{revision or 'empty'} ({'newest' if revision == newest else f'newest is {newest}'})")


@db_app.command()
def history() -> None:
    """Print every revision, newest first."""
    with errors_reported():
        for revision in migrate.history():
            typer.echo(f"{revision.name}  {revision.description}")


def _configured(database_url: str | None) -> str:
    return load_settings({"database_url": database_url}).database_url.get_secret_value()
