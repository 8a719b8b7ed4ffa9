"""In: erasures and batches at the same moment, on a real PostgreSQL. Out: whoever is first, nothing erased is left."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from sqlalchemy import Engine

from service.errors import StoreUnavailableError
from service.store.store import Store
from service.store.values import BatchRange, PartitionClaim, Written
from tests.integration.store.conftest import Query
from tests.integration.store.subjects import ANN, NOW_US, of, requester, ticket
from tests.integration.store.test_postgres_faults import wait_for_blocked
from tests.unit.store.samples import TOPIC

pytestmark = [pytest.mark.postgres, pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)]

OpenStore = Callable[[], Store]


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def claimed(store: Store, partition: int = 0) -> PartitionClaim:
    return store.claim("desk", TOPIC, {partition: 0}, uuid.uuid4(), "id-1")[0]


def test_erase_while_a_batch_is_being_stored_waits_for_it_and_erases_it_too(
    open_store: OpenStore, engine: Engine, query: Query, threads: ThreadPoolExecutor
) -> None:
    worker, operator = open_store(), open_store()
    claim = claimed(worker)
    with engine.begin() as blocker:
        blocker.exec_driver_sql("LOCK TABLE ticket_current IN EXCLUSIVE MODE")
        writing = threads.submit(worker.write_batch, [BatchRange(claim, 0, 2)], [of("a", 0, ANN), of("b")], [])
        wait_for_blocked(query, 1)
        erasing = threads.submit(operator.erase, [requester(ANN, 1)])
        wait_for_blocked(query, 2)

    assert writing.result(10) == Written(2, 0)
    assert erasing.result(10) == [("acme", "a", NOW_US)]
    assert query("SELECT ticket_id FROM results") == query("SELECT ticket_id FROM ticket_current") == [("b",)]


@pytest.mark.parametrize("new_partition", [False, True])
def test_batch_decided_before_an_erasure_and_stored_after_it_leaves_out_what_is_erased(
    open_store: OpenStore, engine: Engine, query: Query, threads: ThreadPoolExecutor, new_partition: bool
) -> None:
    worker, operator = open_store(), open_store()
    claim = None if new_partition else claimed(worker)

    def store_batch() -> object:
        return worker.write_batch([BatchRange(claim or claimed(worker), 0, 2)], [of("a"), of("b")], [])

    with engine.begin() as blocker:
        blocker.exec_driver_sql("LOCK TABLE dead_letters IN EXCLUSIVE MODE")
        erasing = threads.submit(operator.erase, [ticket("a", 1)])
        wait_for_blocked(query, 1)
        writing = threads.submit(store_batch)
        wait_for_blocked(query, 2)

    assert erasing.result(10) == []
    assert writing.result(10) == Written(1, 0)
    assert query("SELECT ticket_id FROM results") == [("b",)]


def test_backfill_at_the_moment_of_an_erasure_waits_for_it_too(
    open_store: OpenStore, engine: Engine, query: Query, threads: ThreadPoolExecutor
) -> None:
    with engine.begin() as blocker:
        blocker.exec_driver_sql("LOCK TABLE dead_letters IN EXCLUSIVE MODE")
        erasing = threads.submit(open_store().erase, [ticket("a", 1)])
        wait_for_blocked(query, 1)
        writing = threads.submit(open_store().record_results, [of("a")])
        wait_for_blocked(query, 2)

    erasing.result(10)
    assert writing.result(10) == 0


def test_batches_do_not_wait_for_each_other(
    open_store: OpenStore, engine: Engine, query: Query, threads: ThreadPoolExecutor
) -> None:
    one, other = open_store(), open_store()
    first, second = claimed(one, 0), claimed(other, 1)
    one.record_results([of("a", -1)])
    with engine.begin() as blocker:
        blocker.exec_driver_sql("SELECT 1 FROM ticket_current WHERE ticket_id = 'a' FOR UPDATE")
        held = threads.submit(one.write_batch, [BatchRange(first, 0, 1)], [of("a")], [])
        wait_for_blocked(query, 1)

        assert other.write_batch([BatchRange(second, 0, 1)], [of("b")], []) == Written(1, 0)

    assert held.result(10) == Written(1, 0)


def test_tombstones_batches_and_erasures_at_once_end_without_a_deadlock_and_with_nothing_erased_left(
    open_store: OpenStore, query: Query, threads: ThreadPoolExecutor
) -> None:
    stores = [open_store() for _ in range(6)]
    claims = [claimed(store, number) for number, store in enumerate(stores)]
    together = Barrier(len(stores))

    def work(number: int) -> None:
        store, claim = stores[number], claims[number]
        for step in range(10):
            together.wait(20)
            if number == 0:
                store.erase([ticket(f"t{step}", 1), requester(ANN, 1)])
                continue
            tombstones = [ticket(f"t{step}", 1)] if number in (1, 2) else []
            decisions = [of(f"t{step}", 0), of(f"{number}-{step}", 0, *([ANN] if number == 3 else []))]
            store.write_batch([BatchRange(claim, step, step + 1)], decisions, [], tombstones)

    list(threads.map(work, range(len(stores))))

    left = {row[0] for row in query("SELECT ticket_id FROM results")}
    assert left == {f"{number}-{step}" for number in (1, 2, 4, 5) for step in range(10)}
    assert {row[0] for row in query("SELECT ticket_id FROM ticket_current")} == left


def test_write_batch_of_a_revision_that_another_worker_has_just_stored_is_to_be_decided_again(
    open_store: OpenStore, engine: Engine, query: Query, threads: ThreadPoolExecutor
) -> None:
    one, other = open_store(), open_store()
    first, second = claimed(one, 0), claimed(other, 1)
    mine = of("a")
    theirs = replace(mine, facts=replace(mine.facts, content_digest="other content"))
    with engine.begin() as blocker:
        blocker.exec_driver_sql("LOCK TABLE ticket_current IN EXCLUSIVE MODE")
        faster = threads.submit(one.write_batch, [BatchRange(first, 0, 1)], [mine], [])
        wait_for_blocked(query, 1)
        slower = threads.submit(other.write_batch, [BatchRange(second, 0, 1)], [theirs, of("b")], [])
        wait_for_blocked(query, 2)

    assert faster.result(10) == Written(1, 0)
    with pytest.raises(StoreUnavailableError, match="deciding again"):
        slower.result(10)
    assert query("SELECT next_offset FROM consumer_offsets ORDER BY partition") == [(1,), (0,)]
    assert other.write_batch([BatchRange(second, 0, 1)], [mine, of("b")], []) == Written(1, 0)
