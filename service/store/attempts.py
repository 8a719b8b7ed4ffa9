"""In: a connection in a transaction, and offsets that are about to be tried. Out: how often each was tried before."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from service.store.bulk import insert
from service.store.schema import record_attempts
from service.store.values import Coordinates

_KEY = (record_attempts.c.topic, record_attempts.c.partition, record_attempts.c.offset)


def begin_attempt(connection: Connection, at: Coordinates, at_least: int) -> int:
    """Count one more attempt at this record, or set the count to `at_least`; returns the count before."""
    where = (_KEY[0] == at.topic, _KEY[1] == at.partition, _KEY[2] == at.offset)
    before = connection.execute(select(record_attempts.c.attempts).where(*where)).scalar_one_or_none() or 0
    statement = insert(connection, record_attempts).values(
        topic=at.topic, partition=at.partition, offset=at.offset, attempts=max(before + 1, at_least)
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=list(record_attempts.primary_key.columns),
            set_={"attempts": statement.excluded.attempts},
        )
    )
    return before


def forget_attempts(connection: Connection, topic: str, partition: int, below_offset: int) -> None:
    """Drop the counts of records that are stored."""
    connection.execute(delete(record_attempts).where(_KEY[0] == topic, _KEY[1] == partition, _KEY[2] < below_offset))
