"""In: records, some invalid. Out: nothing while they are rare, the error that stops the worker when they are not."""

from __future__ import annotations

import pytest

from service.broker.records import PartitionId
from service.budget import MAX_INVALID_IN_A_ROW, WINDOW_RECORDS, DeadLetterBudget, DeadLetterBudgetError
from service.errors import FatalError

FIRST, SECOND = PartitionId("in", 0), PartitionId("in", 1)


def test_budget_fiftieth_invalid_record_in_a_row_raises() -> None:
    budget = DeadLetterBudget()
    for _ in range(MAX_INVALID_IN_A_ROW - 1):
        budget.spend(FIRST, True)

    with pytest.raises(DeadLetterBudgetError, match="in/0"):
        budget.spend(FIRST, True)


def test_budget_one_valid_record_begins_the_row_again() -> None:
    budget = DeadLetterBudget()
    for _ in range(MAX_INVALID_IN_A_ROW - 1):
        budget.spend(FIRST, True)

    budget.spend(FIRST, False)

    for _ in range(MAX_INVALID_IN_A_ROW - 1):
        budget.spend(FIRST, True)


def test_budget_rows_are_counted_a_partition_each() -> None:
    budget = DeadLetterBudget()
    for _ in range(MAX_INVALID_IN_A_ROW - 1):
        budget.spend(FIRST, True)

    budget.spend(SECOND, True)

    with pytest.raises(DeadLetterBudgetError):
        budget.spend(FIRST, True)


def test_budget_five_percent_of_a_thousand_is_allowed_and_one_more_is_not() -> None:
    budget = DeadLetterBudget()
    for number in range(WINDOW_RECORDS):
        budget.spend(FIRST, number % 20 == 0)

    budget.spend(FIRST, True)  # pushes an invalid one out of the window: still 50

    with pytest.raises(DeadLetterBudgetError, match="51 of the last 1000"):
        budget.spend(FIRST, True)


def test_budget_many_invalid_records_before_the_window_is_full_are_allowed() -> None:
    budget = DeadLetterBudget()

    for number in range(WINDOW_RECORDS - 1):
        budget.spend(FIRST, number < MAX_INVALID_IN_A_ROW - 1 or number % 10 == 0)

    assert issubclass(DeadLetterBudgetError, FatalError)
