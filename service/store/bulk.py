"""In: a connection, a table and many rows or keys. Out: the rows inserted or updated, or the rows of those keys.

PostgreSQL takes all rows of a table as one jsonb parameter (2 to 10 times as fast as a parameter per value), SQLite
as `executemany`. Raises what SQLAlchemy raises.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Column, Connection, FromClause, Table, Text, and_, bindparam, cast, column, func, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB

from service.store.rows import Row

MAX_PARAMETER_CHARS = 8_000_000
"""PostgreSQL refuses a jsonb over 256 MiB; far less than that keeps memory flat when every ticket is huge."""

# Three parameters a key; older builds of SQLite take 999 a statement.
_SQLITE_KEYS = 300

Insert = postgresql.Insert | sqlite.Insert


def is_postgresql(connection: Connection) -> bool:
    """Whether the connection leads to PostgreSQL (SQLite is the other choice)."""
    return connection.dialect.name == "postgresql"


def insert(connection: Connection, table: Table) -> Insert:
    """An insert that knows `ON CONFLICT` in the connection's dialect."""
    return postgresql.insert(table) if is_postgresql(connection) else sqlite.insert(table)


def insert_new(connection: Connection, table: Table, rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    """Insert the rows whose primary key is not there yet; returns the primary keys of those."""
    statement = _bulk_insert(connection, table).on_conflict_do_nothing().returning(*table.primary_key.columns)
    return [tuple(key) for chunk in parameters(connection, rows) for key in connection.execute(statement, chunk)]


def upsert_newer(connection: Connection, table: Table, rows: Sequence[Row], version: str) -> None:
    """Insert the rows, or replace those whose `version` column is lower. A key may occur once in `rows`."""
    statement = _bulk_insert(connection, table)
    keys = table.primary_key.columns
    statement = statement.on_conflict_do_update(
        index_elements=list(keys),
        set_={item.name: statement.excluded[item.name] for item in table.columns if item.name not in keys},
        where=statement.excluded[version] > table.c[version],
    )
    for chunk in parameters(connection, rows):
        connection.execute(statement, chunk)


def select_by_key(
    connection: Connection, table: Table, columns: Sequence[Column[Any]], keys: Sequence[Row]
) -> Iterator[tuple[Any, ...]]:
    """Yield the wanted columns of the rows with these primary keys, in no order. A key may occur once in `keys`."""
    primary_key = tuple(table.primary_key.columns)
    if is_postgresql(connection):
        wanted = recordset(*primary_key)
        joined = and_(*(item == wanted.c[item.name] for item in primary_key))
        query = select(*columns).join_from(wanted, table, joined)
        for chunk in parameters(connection, keys):
            yield from map(tuple, connection.execute(query, chunk))
        return
    for start in range(0, len(keys), _SQLITE_KEYS):
        some = [tuple(key[item.name] for item in primary_key) for key in keys[start : start + _SQLITE_KEYS]]
        yield from map(tuple, connection.execute(select(*columns).where(tuple_(*primary_key).in_(some))))


def _bulk_insert(connection: Connection, table: Table) -> Insert:
    if not is_postgresql(connection):
        return sqlite.insert(table)
    rows = recordset(*table.columns)
    names = [item.name for item in table.columns]
    return postgresql.insert(table).from_select(names, select(*rows.c), include_defaults=False)


@cache
def recordset(*columns: Column[Any]) -> FromClause:
    """`jsonb_to_recordset(CAST(:rows AS jsonb)) AS x(column type, …)`, which must spell the columns' types."""
    rows = cast(bindparam("rows", type_=Text), JSONB)
    typed = [column(item.name, item.type) for item in columns]
    return func.jsonb_to_recordset(rows).table_valued(*typed).render_derived(name="x", with_types=True)


def parameters(connection: Connection, rows: Sequence[Row]) -> Iterator[Any]:
    """What to execute a bulk statement with, in as many pieces as the rows need."""
    if not rows:
        return
    if not is_postgresql(connection):
        yield list(rows)
        return
    chunk: list[str] = []
    size_chars = 0
    for row in rows:
        encoded = _encode(row)
        if chunk and size_chars + len(encoded) > MAX_PARAMETER_CHARS:
            yield {"rows": f"[{','.join(chunk)}]"}
            chunk, size_chars = [], 0
        chunk.append(encoded)
        size_chars += len(encoded)
    yield {"rows": f"[{','.join(chunk)}]"}


def _text_of(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_text_of).encode
