"""In: for each record, whether it was invalid. Out: nothing while that is rare; else the error that stops the worker.

A stream of invalid records means a wrong producer or a wrong topic: draining it into the dead letters would hide that.
"""

from __future__ import annotations

from collections import deque

from service.broker.records import PartitionId
from service.errors import FatalError

WINDOW_RECORDS = 1_000
MAX_INVALID_SHARE = 0.05
MAX_INVALID_IN_A_ROW = 50


class DeadLetterBudgetError(FatalError):
    """Too many invalid records: the worker stops with the batch uncommitted."""


class DeadLetterBudget:
    """Counts invalid records over the last thousand, and in a row on each partition."""

    def __init__(self) -> None:
        self._window: deque[bool] = deque(maxlen=WINDOW_RECORDS)
        self._in_a_row: dict[PartitionId, int] = {}

    def spend(self, partition: PartitionId, invalid: bool) -> None:
        """Count one record; raises `DeadLetterBudgetError` where a limit is passed."""
        self._window.append(invalid)
        self._in_a_row[partition] = self._in_a_row.get(partition, 0) + 1 if invalid else 0
        if self._in_a_row[partition] >= MAX_INVALID_IN_A_ROW:
            raise DeadLetterBudgetError(
                f"{MAX_INVALID_IN_A_ROW} invalid records in a row on {partition.topic}/{partition.partition}: "
                "is this the ticket topic?"
            )
        count = sum(self._window)
        if len(self._window) == WINDOW_RECORDS and count > MAX_INVALID_SHARE * WINDOW_RECORDS:
            raise DeadLetterBudgetError(f"{count} of the last {WINDOW_RECORDS} records are invalid")
