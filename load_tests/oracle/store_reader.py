"""In: a database URL and a consumer group. Out: what the store holds, as of one moment.

Raises `StoreUnavailableError` while the database is away and `ConfigurationError` for a URL that is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, Select, select

from load_tests.journal import content_of
from load_tests.oracle.digests import document_digest, headers_digest
from load_tests.oracle.observed import Letter, Marks, Row, Stored, Suppression
from load_tests.oracle.samples import StoreMarks
from service.broker.records import PartitionId
from service.revisions import microseconds
from service.store.bulk import is_postgresql
from service.store.engine import create_store_engine
from service.store.rows import read_headers
from service.store.schema import consumer_offsets, dead_letters, results, suppressions, ticket_current
from service.store.translate import translated_errors
from service.store.values import Coordinates

_ROWS_AT_ONCE = 2_000
_RESULT_COLUMNS = (
    results.c.tenant,
    results.c.ticket_id,
    results.c.revision,
    results.c.revised_us,
    results.c.event_id,
    results.c.document,
    results.c.needs_review,
    results.c.decided_by,
    results.c.topic,
    results.c.partition,
    results.c.offset,
    results.c.content_digest,
)


class StoreReader:
    """The tables, read for one consumer group. Nothing is ever written."""

    def __init__(self, url: str, group_id: str) -> None:
        self._engine: Engine = create_store_engine(url, application_name="deskroute-oracle", statement_timeout_ms=0)
        self._group_id = group_id

    def read(self) -> Stored:
        """Every table, from one snapshot."""
        with self._snapshot() as connection:
            return Stored(
                rows=tuple(map(_row, _stream(connection, select(*_RESULT_COLUMNS)))),
                current={
                    (row["tenant"], row["ticket_id"]): row["revision"]
                    for row in _stream(connection, select(ticket_current))
                },
                letters=tuple(map(_letter, _stream(connection, select(dead_letters)))),
                suppressions=tuple(map(_suppression, _stream(connection, select(suppressions)))),
                marks={
                    at: Marks(marks.next_offset, marks.published_offset)
                    for at, marks in self._marks(connection).items()
                },
            )

    def read_marks(self) -> Mapping[PartitionId, StoreMarks]:
        """The group's watermarks, from one query."""
        with translated_errors(), self._engine.connect() as connection:
            return self._marks(connection)

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def _marks(self, connection: Connection) -> dict[PartitionId, StoreMarks]:
        query = select(consumer_offsets).where(consumer_offsets.c.group_id == self._group_id)
        return {
            PartitionId(row.topic, row.partition): StoreMarks(row.next_offset, row.published_offset, row.epoch)
            for row in connection.execute(query)
        }

    @contextmanager
    def _snapshot(self) -> Iterator[Connection]:
        with translated_errors(), self._engine.connect() as connection:
            if is_postgresql(connection):
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection


def _stream(connection: Connection, query: Select[Any]) -> Iterator[RowMapping]:
    yield from connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(query).mappings()


def _row(row: RowMapping) -> Row:
    came_from_topic = row["topic"] is not None
    return Row(
        tenant=row["tenant"],
        ticket_id=row["ticket_id"],
        revision=row["revision"],
        revised_us=row["revision"] if row["revised_us"] is None else row["revised_us"],
        event_id=str(row["event_id"]),
        document_sha256=document_digest(row["document"]),
        needs_review=row["needs_review"],
        decided_by=row["decided_by"],
        at=Coordinates(row["topic"], row["partition"], row["offset"]) if came_from_topic else None,
        content_digest=row["content_digest"],
    )


def _letter(row: RowMapping) -> Letter:
    return Letter(
        at=Coordinates(row["topic"], row["partition"], row["offset"]),
        content=content_of(row["key"], row["value"]),
        headers_sha256=headers_digest(read_headers(row["headers"])),
        is_replayed=row["replayed_at"] is not None,
    )


def _suppression(row: RowMapping) -> Suppression:
    return Suppression(row["tenant"], row["kind"], row["subject"], microseconds(row["erased_at"]))
