"""In: a file. Out: the real store on SQLite, whose tables can be taken and put back as those of `MemoryStore` can.

Raises what the store raises.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Table, select

from service.store.engine import create_store_engine
from service.store.rows import dead_letter_row
from service.store.schema import (
    consumer_offsets,
    dead_letters,
    metadata,
    record_attempts,
    results,
    suppressions,
    ticket_current,
)
from service.store.store import Store
from service.store.values import Coordinates, PartitionClaim
from tests.simulation.tables import Tables

_WHOLE_PARTITION = (0, 2**62)


class SqliteStore(Store):
    """A migrated database; nothing else may use the file."""

    def __init__(self, file: Path) -> None:
        self._beside = create_store_engine(f"sqlite:///{file}")
        super().__init__(create_store_engine(f"sqlite:///{file}"))

    @property
    def state(self) -> Tables:
        """The tables as they are now."""
        found = self._rows(results)
        state = Tables(
            results={(row["tenant"], row["ticket_id"], row["revision"]): row for row in found},
            current={(row["tenant"], row["ticket_id"]): row for row in self._rows(ticket_current)},
            attempts={_coordinates(row): row["attempts"] for row in self._rows(record_attempts)},
            suppressions={
                (row["tenant"], row["kind"], row["subject"]): row["erased_at"] for row in self._rows(suppressions)
            },
        )
        for row in self._rows(consumer_offsets):
            state.offsets[row["group_id"], row["topic"], row["partition"]] = PartitionClaim(**row)
            for letter in self.read_dead_letters(row["topic"], row["partition"], *_WHOLE_PARTITION):
                state.letters[Coordinates(letter.topic, letter.partition, letter.offset)] = letter
        return state

    def snapshot(self) -> Tables:
        """The tables as they are now, to `restore` later."""
        return self.state

    def restore(self, state: Tables) -> None:
        """Go back in time."""
        claims = (
            {column.name: getattr(claim, column.name) for column in consumer_offsets.columns}
            for claim in state.offsets.values()
        )
        rows: dict[Table, list[dict[str, Any]]] = {
            consumer_offsets: list(claims),
            results: list(state.results.values()),
            ticket_current: list(state.current.values()),
            dead_letters: [dead_letter_row(letter) for letter in state.letters.values()],
            record_attempts: [
                {"topic": at.topic, "partition": at.partition, "offset": at.offset, "attempts": count}
                for at, count in state.attempts.items()
            ],
            suppressions: [
                dict(zip(("tenant", "kind", "subject"), subject, strict=True)) | {"erased_at": erased_at}
                for subject, erased_at in state.suppressions.items()
            ],
        }
        with self._beside.begin() as connection:
            for table in reversed(metadata.sorted_tables):
                connection.execute(table.delete())
            for table, put_back in rows.items():
                if put_back:
                    connection.execute(table.insert(), put_back)

    def close(self) -> None:
        """Close all connections."""
        self._beside.dispose()
        super().close()

    def _rows(self, table: Table) -> list[dict[str, Any]]:
        with self._beside.connect() as connection:
            return [dict(row) for row in connection.execute(select(table)).mappings()]


def _coordinates(row: Mapping[str, Any]) -> Coordinates:
    return Coordinates(row["topic"], row["partition"], row["offset"])
