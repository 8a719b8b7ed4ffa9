"""In: a real PostgreSQL, several writers, and faults. Out: nothing lost or written twice, errors of the right kind."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier, Event

import pytest
from sqlalchemy import Engine, make_url
from sqlalchemy.exc import ProgrammingError

from service.errors import FencedError, InvalidMessageError, Reason, StoreUnavailableError
from service.store.engine import create_store_engine
from service.store.store import Store
from service.store.values import AlreadyWritten, BatchRange, PartitionClaim, Written
from tests.integration.store.conftest import Query
from tests.integration.store.lossy_proxy import lossy_proxy
from tests.unit.store.samples import TOPIC, decision, field

pytestmark = [pytest.mark.postgres, pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)]

OpenStore = Callable[[], Store]


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def claimed(store: Store, *partitions: int) -> list[PartitionClaim]:
    return store.claim("desk", TOPIC, dict.fromkeys(partitions or (0,), 0), uuid.uuid4(), "id-1")


def wait_for_blocked(query: Query, count: int) -> None:
    """Return once that many sessions of this database wait for a lock."""
    pause = Event()
    for _ in range(1_000):
        waiting = query(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        if waiting == [(count,)]:
            return
        pause.wait(0.01)
    pytest.fail(f"no {count} sessions came to wait for a lock")


def test_claim_during_a_write_waits_for_it_then_fences_the_writer(
    open_store: OpenStore, engine: Engine, query: Query, threads: ThreadPoolExecutor
) -> None:
    old, new = open_store(), open_store()
    (claim,) = claimed(old)
    with engine.begin() as blocker:
        blocker.exec_driver_sql("LOCK TABLE results IN EXCLUSIVE MODE")
        writing = threads.submit(old.write_batch, [BatchRange(claim, 0, 5)], [decision("a")], [])
        wait_for_blocked(query, 1)
        claiming = threads.submit(claimed, new)
        wait_for_blocked(query, 2)

    (newer,) = claiming.result(10)

    assert writing.result(10) == Written(1, 0)
    assert (newer.epoch, newer.next_offset) == (2, 5)
    with pytest.raises(FencedError):
        old.write_batch([BatchRange(claim, 5, 6)], [decision("b")], [])


def test_write_during_a_claim_waits_for_it_and_is_fenced(
    open_store: OpenStore, engine: Engine, query: Query, threads: ThreadPoolExecutor
) -> None:
    store = open_store()
    (claim,) = claimed(store)
    with engine.begin() as claimant:
        claimant.exec_driver_sql("UPDATE consumer_offsets SET epoch = epoch + 1")
        writing = threads.submit(store.write_batch, [BatchRange(claim, 0, 5)], [decision("a")], [])
        wait_for_blocked(query, 1)

    with pytest.raises(FencedError):
        writing.result(10)

    assert store.count_results() == 0


def test_claims_at_once_get_different_epochs_and_only_the_last_may_write(
    open_store: OpenStore, threads: ThreadPoolExecutor
) -> None:
    stores = [open_store() for _ in range(6)]
    together = Barrier(len(stores))

    def claim(store: Store) -> PartitionClaim:
        together.wait(10)
        return claimed(store)[0]

    claims = sorted(threads.map(claim, stores), key=lambda item: item.epoch)

    assert [item.epoch for item in claims] == [1, 2, 3, 4, 5, 6]
    for outdated in claims[:-1]:
        with pytest.raises(FencedError):
            stores[0].write_batch([BatchRange(outdated, 0, 1)], [decision()], [])
    assert stores[0].write_batch([BatchRange(claims[-1], 0, 1)], [decision()], []) == Written(1, 0)


def test_writes_of_the_same_batch_at_once_in_opposite_order_store_it_once(
    open_store: OpenStore, threads: ThreadPoolExecutor
) -> None:
    stores = [open_store() for _ in range(4)]
    claims = claimed(stores[0], 0, 1, 2)
    decisions = [decision(f"t{number}", fields=[field()]) for number in range(50)]
    together = Barrier(len(stores))

    def write(number: int) -> object:
        ranges = [BatchRange(claim, 0, 50) for claim in claims]
        together.wait(10)
        return stores[number].write_batch(ranges[:: 1 if number % 2 else -1], decisions, [])

    outcomes = list(threads.map(write, range(len(stores))))

    assert outcomes.count(Written(50, 0)) == 1
    assert outcomes.count(AlreadyWritten()) == 3


def test_revisions_written_at_once_leave_the_highest_current(
    open_store: OpenStore, query: Query, threads: ThreadPoolExecutor
) -> None:
    stores = [open_store() for _ in range(4)]
    tickets = [f"t{number}" for number in range(40)]
    together = Barrier(len(stores))

    def write(number: int) -> int:
        ordered = tickets[:: 1 if number % 2 else -1]
        together.wait(10)
        return stores[number].record_results([decision(ticket, revision=number + 1) for ticket in ordered])

    new = list(threads.map(write, range(len(stores))))

    assert new == [40] * 4
    assert query("SELECT revision, count(*) FROM ticket_current GROUP BY revision") == [(4, 40)]


def test_write_batch_whose_commit_answer_is_lost_is_found_written_when_repeated(
    open_store: OpenStore, database_url: str, query: Query
) -> None:
    address = make_url(database_url)
    (claim,) = claimed(open_store())
    ranges, decisions = [BatchRange(claim, 0, 2)], [decision("a"), decision("b")]
    with lossy_proxy(address.host or "127.0.0.1", address.port or 5432) as proxy:
        behind = address.set(host="127.0.0.1", port=proxy.port).render_as_string(hide_password=False)
        store = Store(create_store_engine(behind))
        assert store.count_results() == 0
        proxy.lose_next_commit_answer()

        with pytest.raises(StoreUnavailableError):
            store.write_batch(ranges, decisions, [])

        assert query("SELECT count(*) FROM results") == [(2,)]
        assert store.write_batch(ranges, decisions, []) == AlreadyWritten()
        store.close()


def test_write_batch_whose_session_is_killed_is_unavailable_and_rolled_back(
    open_store: OpenStore, engine: Engine, query: Query, threads: ThreadPoolExecutor
) -> None:
    store = open_store()
    (claim,) = claimed(store)
    with engine.begin() as blocker:
        blocker.exec_driver_sql("LOCK TABLE ticket_current IN EXCLUSIVE MODE")
        writing = threads.submit(store.write_batch, [BatchRange(claim, 0, 1)], [decision()], [])
        wait_for_blocked(query, 1)
        query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")

        with pytest.raises(StoreUnavailableError):
            writing.result(10)

    assert store.count_results() == 0
    assert store.write_batch([BatchRange(claim, 0, 1)], [decision()], []) == Written(1, 0)


def test_write_batch_that_takes_too_long_is_unavailable(
    open_store: OpenStore, engine: Engine, database_url: str
) -> None:
    (claim,) = claimed(open_store())
    impatient = Store(create_store_engine(database_url, statement_timeout_ms=100))
    with engine.begin() as blocker:
        blocker.exec_driver_sql("LOCK TABLE results IN EXCLUSIVE MODE")

        with pytest.raises(StoreUnavailableError, match="statement timeout"):
            impatient.write_batch([BatchRange(claim, 0, 1)], [decision()], [])

    impatient.close()


def test_store_whose_server_is_away_is_unavailable_and_names_no_password(database_url: str) -> None:
    away = make_url(database_url).set(host="127.0.0.1", port=9, password="hunter2")
    store = Store(create_store_engine(away.render_as_string(hide_password=False)))

    with pytest.raises(StoreUnavailableError) as caught:
        store.count_results()

    assert "hunter2" not in f"{caught.value} {caught.value.__cause__}"
    store.close()


def test_write_batch_with_a_row_the_database_refuses_is_an_invalid_message_without_its_text(
    open_store: OpenStore,
) -> None:
    store = open_store()
    (claim,) = claimed(store)
    sample = decision(fields=[field("SECRET")])
    broken = replace(sample.result, route=replace(sample.result.route, sla_minutes=2**40))

    with pytest.raises(InvalidMessageError) as caught:
        store.write_batch([BatchRange(claim, 0, 1)], [replace(sample, result=broken)], [])

    assert caught.value.reason is Reason.REJECTED_BY_STORE
    assert caught.value.detail.startswith("22003")
    assert caught.value.__suppress_context__
    assert store.count_results() == 0


def test_store_on_a_database_without_tables_fails_as_a_bug_does(postgres_url: str, query: Query) -> None:
    store = Store(create_store_engine(postgres_url))

    with pytest.raises(ProgrammingError, match="results"):
        store.count_results()

    store.close()


def test_transactions_are_committed_synchronously_whatever_the_session_says(database_url: str, query: Query) -> None:
    careless = make_url(database_url).update_query_dict({"options": "-c synchronous_commit=off"})
    store = Store(create_store_engine(careless.render_as_string(hide_password=False)))
    query("CREATE TABLE seen (said text)")
    query(
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN INSERT INTO seen VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$"
    )
    query("CREATE TRIGGER note AFTER INSERT ON results EXECUTE FUNCTION note()")

    store.record_results([decision()])

    assert query("SELECT said FROM seen") == [("on",)]
    store.close()
