"""In: the SQLAlchemy URL of a PostgreSQL server's maintenance database. Out: databases made and dropped on that server.

Raises `LocalPartsError` when the server does not answer, is too old or refuses.
"""

from __future__ import annotations

from typing import Final

import psycopg
from psycopg import sql

from deploy.local.errors import LocalPartsError
from deploy.local.host import MIN_POSTGRES

_CONNECT_LIMIT_S: Final = 10


def check_server(url: str) -> None:
    """Ask the server for its version."""
    try:
        with _connect(url) as connection:
            version = connection.info.server_version // 10_000
            connection.execute("select 1")
    except psycopg.Error as error:
        raise LocalPartsError(f"PostgreSQL does not answer: {_first_line(error)}") from error
    if version < MIN_POSTGRES:
        raise LocalPartsError(f"PostgreSQL {version} is too old: {MIN_POSTGRES} or later is needed")


def create_database(url: str, name: str) -> bool:
    """Create an empty database; False if there is one of that name."""
    try:
        with _connect(url) as connection:
            if connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
                return False
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    except psycopg.Error as error:
        raise LocalPartsError(f"database {name} cannot be created: {_first_line(error)}") from error
    return True


def drop_database(url: str, name: str) -> None:
    """Drop a database, whoever is still connected to it."""
    try:
        with _connect(url) as connection:
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
    except psycopg.Error as error:
        raise LocalPartsError(f"database {name} cannot be dropped: {_first_line(error)}") from error


def _connect(url: str) -> psycopg.Connection:
    """Without a transaction, which `create database` does not run in."""
    return psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True, connect_timeout=_CONNECT_LIMIT_S)


def _first_line(error: psycopg.Error) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
