"""In: a database URL. Out: an engine that gives up in time and never shows a password or a row's values.

Raises `ConfigurationError` for a URL that is none, or that names neither PostgreSQL nor SQLite. Opens nothing: the
first statement connects.
"""

from __future__ import annotations

import json
import sqlite3
import time
from functools import partial
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from service.errors import ConfigurationError

_POSTGRESQL = ("postgresql+psycopg", "postgresql", "postgres")
_SQLITE = ("sqlite", "sqlite+pysqlite")
_WAL_RETRY_S = 0.02
_BEGIN_OPTION = "deskroute_begin"

encode_json = partial(json.dumps, ensure_ascii=False, separators=(",", ":"))


def create_store_engine(
    url: str,
    *,
    application_name: str = "deskroute",
    pool_size: int = 2,
    connect_timeout_s: int = 5,
    statement_timeout_ms: int = 30_000,
) -> Engine:
    """Make an engine; what the URL's own query says about the connection wins over these defaults.

    A `statement_timeout_ms` of 0 means none.
    """
    parsed = _parse(url)
    if parsed.drivername in _SQLITE:
        return _sqlite_engine(parsed, connect_timeout_s)
    defaults: dict[str, Any] = {
        "application_name": application_name,
        "connect_timeout": connect_timeout_s,
        # Without it, a statement sent into a dead network waits for the kernel: about a quarter of an hour.
        "tcp_user_timeout": 30_000,
        "options": f"-c statement_timeout={statement_timeout_ms} -c idle_in_transaction_session_timeout=60000",
    }
    return create_engine(
        parsed.set(drivername=_POSTGRESQL[0]),
        connect_args={name: value for name, value in defaults.items() if name not in parsed.query},
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=connect_timeout_s,
        pool_pre_ping=True,
        isolation_level="READ COMMITTED",
        hide_parameters=True,
        json_serializer=encode_json,
    )


def writing(engine: Engine) -> Engine:
    """The same engine for transactions that read before they write: SQLite must take its lock at `BEGIN`."""
    return engine.execution_options(**{_BEGIN_OPTION: "BEGIN IMMEDIATE"})


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # The words of the error may hold the URL, and with it a password.
        raise ConfigurationError(
            "the database URL cannot be read: write postgresql://user:password@host:port/database or sqlite:///file"
        ) from None
    if parsed.drivername not in _POSTGRESQL + _SQLITE:
        raise ConfigurationError(f"database {parsed.drivername!r} is not supported: use postgresql:// or sqlite:///")
    return parsed


def _sqlite_engine(url: URL, busy_timeout_s: int) -> Engine:
    engine = create_engine(
        url, connect_args={"timeout": busy_timeout_s}, hide_parameters=True, json_serializer=encode_json
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _entry: ConnectionPoolEntry) -> None:
        # Python's own transaction handling begins only at the first write, after the reads that the write rests on.
        connection.isolation_level = None
        _switch_to_wal(connection, busy_timeout_s)
        for pragma in ("synchronous = NORMAL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN_OPTION, "BEGIN"))

    return engine


def _switch_to_wal(connection: sqlite3.Connection, busy_timeout_s: int) -> None:
    """SQLite does not wait by itself where two connections to a new file switch at once."""
    deadline_s = time.monotonic() + busy_timeout_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline_s:
                raise
            time.sleep(_WAL_RETRY_S)
        else:
            return
