"""In: starts and tries that end in a death, on PostgreSQL and on SQLite. Out: counts that only progress forgets."""

from __future__ import annotations

import uuid

from service.store.store import Store
from service.store.values import BatchRange, Coordinates
from tests.integration.store.conftest import Query
from tests.unit.store.samples import TOPIC


def at(offset: int, partition: int = 0) -> Coordinates:
    return Coordinates(TOPIC, partition, offset)


def test_begin_attempts_returns_how_many_there_were_before(store: Store) -> None:
    assert [store.begin_attempts([at(5)]) for _ in range(3)] == [[0], [1], [2]]


def test_begin_attempts_counts_each_record_by_itself(store: Store) -> None:
    store.begin_attempts([at(5), at(5, partition=1)])

    assert store.begin_attempts([at(5), at(6), at(5, partition=1)]) == [1, 0, 1]


def test_begin_attempts_with_a_floor_never_counts_below_it(store: Store) -> None:
    assert [store.begin_attempts([at(5)], 3) for _ in range(3)] == [[0], [3], [4]]


def test_write_batch_forgets_what_it_has_passed_and_nothing_else(store: Store, query: Query) -> None:
    (claim,) = store.claim("desk", TOPIC, {0: 0}, uuid.uuid4(), None)
    store.begin_attempts([at(-1), at(4), at(5), at(-1, partition=1)])

    store.write_batch([BatchRange(claim, 0, 5)], [], [])

    assert query('SELECT partition, "offset" FROM record_attempts ORDER BY partition') == [(0, 5), (1, -1)]


def test_forget_attempts_takes_what_is_below_of_these_partitions(store: Store, query: Query) -> None:
    store.begin_attempts([at(-1), at(4), at(-1, partition=1), at(-1, partition=2)])

    store.forget_attempts([(TOPIC, 0), (TOPIC, 1)], 0)

    assert query('SELECT partition, "offset" FROM record_attempts ORDER BY partition') == [(0, 4), (2, -1)]
