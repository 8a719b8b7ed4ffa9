"""In: calls of the store. Out: the same answers from `MemoryStore` and from the real store on SQLite."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from service.errors import FencedError, InputPositionError, InvalidMessageError, StoreUnavailableError
from service.revisions import NEIGHBOURS_US, Version, microseconds
from service.store.values import (
    AlreadyWritten,
    BatchRange,
    Coordinates,
    Erasure,
    PartitionClaim,
    SeekBack,
    StoredDecision,
    SuppressionKind,
    TicketFacts,
    Written,
)
from tests.simulation.memory_store import MemoryStore
from tests.simulation.sqlite_store import SqliteStore
from tests.unit.store.samples import NOW, TOPIC, dead_letter, decision

AnyStore = MemoryStore | SqliteStore


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, open_sqlite: Callable[[], SqliteStore]) -> AnyStore:
    """An empty store of either kind."""
    return MemoryStore() if request.param == "memory" else open_sqlite()


def claimed(store: AnyStore, partition: int = 0, first_offset: int = 0, topic_id: str | None = None) -> PartitionClaim:
    return store.claim("group", TOPIC, {partition: first_offset}, uuid.uuid4(), topic_id)[0]


def at(moment_us: int, stored: StoredDecision, digest: str = "d", decided_by: str = "full") -> StoredDecision:
    """The decision about a version of that time."""
    facts = TicketFacts(revised_us=moment_us, content_digest=digest)
    return replace(stored, facts=facts, result=replace(stored.result, decided_by=decided_by))  # type: ignore[arg-type]


def erasure(until_us: int, ticket_id: str = "t1", offset: int | None = None) -> Erasure:
    erased_at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=until_us)
    where = None if offset is None else Coordinates(TOPIC, 0, offset)
    return Erasure("acme", SuppressionKind.TICKET, ticket_id, erased_at, where)


def test_claim_first_starts_where_told_and_again_keeps_the_watermarks(store: AnyStore) -> None:
    first = claimed(store, first_offset=7)
    store.write_batch([BatchRange(first, 7, 9)], [], [])
    store.mark_published([(first, 8)])

    second = claimed(store, first_offset=3)

    assert (first.next_offset, first.published_offset, first.epoch) == (7, 7, 1)
    assert (second.next_offset, second.published_offset, second.epoch) == (9, 8, 2)


def test_claim_of_a_topic_of_another_id_is_refused_and_changes_nothing(store: AnyStore) -> None:
    first = claimed(store, topic_id="a")

    with pytest.raises(InputPositionError):
        claimed(store, topic_id="b")

    assert claimed(store).topic_id == "a"
    assert store.state.offsets["group", TOPIC, 0].epoch == first.epoch + 1


def test_outdated_claim_writes_and_marks_nothing(store: AnyStore) -> None:
    old, other = claimed(store), claimed(store, 1)
    claimed(store)

    for call in (
        lambda: store.write_batch([BatchRange(other, 0, 1), BatchRange(old, 0, 1)], [decision()], []),
        lambda: store.mark_published([(other, 1), (old, 1)]),
    ):
        with pytest.raises(FencedError):
            call()

    assert store.state.results == {}
    assert {one.published_offset for one in store.state.offsets.values()} == {0}


def test_write_batch_behind_its_range_says_where_to_read_again(store: AnyStore) -> None:
    behind, replayed = claimed(store), claimed(store, 1)
    store.write_batch([BatchRange(behind, 0, 3), BatchRange(replayed, 0, 9)], [], [])

    outcome = store.write_batch([BatchRange(behind, 5, 8), BatchRange(replayed, 4, 12)], [decision()], [])

    assert outcome == SeekBack((Coordinates(TOPIC, 0, 3), Coordinates(TOPIC, 1, 4)))
    assert store.state.results == {}


def test_write_batch_again_says_so_and_in_part_inserts_what_is_new(store: AnyStore) -> None:
    claim = claimed(store)
    first = store.write_batch([BatchRange(claim, 0, 2)], [decision("a")], [dead_letter(1)])

    again = store.write_batch([BatchRange(claim, 0, 2)], [decision("b")], [])
    more = store.write_batch([BatchRange(claim, 0, 3)], [decision("a"), decision("c")], [dead_letter(1)])

    assert (first, again, more) == (Written(1, 1), AlreadyWritten(), Written(1, 0))
    assert {key[1] for key in store.state.results} == {"a", "c"}


def test_write_batch_revisions_in_any_order_leave_the_highest_current(store: AnyStore) -> None:
    claim = claimed(store)

    store.write_batch([BatchRange(claim, 0, 2)], [decision(revision=5), decision(revision=9)], [])
    store.write_batch([BatchRange(claim, 2, 3)], [decision(revision=7)], [])

    assert store.state.current["acme", "t1"]["revision"] == 9


def test_write_batch_number_that_no_column_holds_stores_nothing(store: AnyStore) -> None:
    claim, bad = claimed(store), decision("bad")
    bad = replace(bad, result=replace(bad.result, latency_ms=float("nan")))

    with pytest.raises(InvalidMessageError):
        store.write_batch([BatchRange(claim, 0, 2)], [decision(), bad], [dead_letter(1)])

    assert (store.state.results, store.state.letters) == ({}, {})
    assert store.state.offsets["group", TOPIC, 0].next_offset == 0


def test_write_batch_other_content_under_the_same_revision_stores_nothing(store: AnyStore) -> None:
    claim = claimed(store)
    store.write_batch([BatchRange(claim, 0, 1)], [at(1, decision(), "one")], [])

    with pytest.raises(StoreUnavailableError):
        store.write_batch([BatchRange(claim, 1, 2)], [decision("b"), at(1, decision(), "other")], [])

    assert len(store.state.results) == 1
    assert store.state.offsets["group", TOPIC, 0].next_offset == 1


def test_mark_published_beyond_what_is_stored_holds_what_is_stored(store: AnyStore) -> None:
    claim, other = claimed(store), claimed(store, 1)
    store.write_batch([BatchRange(claim, 0, 3), BatchRange(other, 0, 9)], [], [])

    held = store.mark_published([(other, 4), (claim, 5)])

    assert held == [4, 3]
    assert store.next_offsets([other, claim]) == [9, 3]
    assert [one.published_offset for one in (claimed(store), claimed(store, 1))] == [3, 4]


def test_write_batch_that_left_out_what_the_store_has_lost_is_refused(store: AnyStore) -> None:
    claim = claimed(store)
    store.write_batch([BatchRange(claim, 0, 3)], [], [])

    outcome = store.write_batch([BatchRange(claim, 2, 6, decided_below=5)], [decision()], [])

    assert outcome == SeekBack((Coordinates(TOPIC, 0, 2),))
    assert store.state.results == {}


def test_reading_gives_what_is_asked_for_in_order_and_once(store: AnyStore) -> None:
    claim = claimed(store)
    letters = [dead_letter(5), dead_letter(2), dead_letter(9)]
    store.write_batch([BatchRange(claim, 0, 10)], [decision("a"), decision("b")], letters)

    events = store.read_events([("acme", "b", 1), ("acme", "x", 1), ("acme", "a", 1), ("acme", "b", 1)])

    assert [event.document["ticket_id"] for event in events] == ["b", "a"]
    assert events[0].document == decision("b").result.to_json()
    assert store.read_dead_letters(TOPIC, 0, 2, 9) == [letters[1], letters[0]]
    assert store.read_dead_letters(TOPIC, 1, 0, 99) == []


def test_known_revisions_and_base_are_those_near_the_version(store: AnyStore) -> None:
    claim, far = claimed(store), 10 * NEIGHBOURS_US
    stored = [at(us, decision(revision=us), f"digest {us}") for us in (far, far + NEIGHBOURS_US, 3 * far)]
    store.write_batch([BatchRange(claim, 0, 1)], stored, [])
    versions = [Version("acme", "t1", far, None, ""), Version("acme", "t2", far, None, "")]

    known = store.known_revisions(versions)

    assert {key: sorted(one.revision for one in found) for key, found in known.items()} == {
        ("acme", "t1"): [far, far + NEIGHBOURS_US]
    }
    bases = [store.read_base("acme", "t1", below) for below in (far + 1, 3 * far, 1)]
    assert [base and base.result.revision for base in bases] == [far, far + NEIGHBOURS_US, far]
    assert store.read_base("acme", "t2", far) is None


def test_attempts_are_counted_until_the_record_is_stored(store: AnyStore) -> None:
    claim = claimed(store)
    low, high = Coordinates(TOPIC, 0, -1), Coordinates(TOPIC, 0, 7)

    counts = [store.begin_attempts([low, high]), store.begin_attempts([high], 5), store.begin_attempts([high])]
    store.write_batch([BatchRange(claim, 0, 7)], [], [])
    after = store.begin_attempts([low, high])
    store.forget_attempts([(TOPIC, 0)], 7)

    assert (counts, after) == ([[0, 0], [1], [5]], [0, 6])
    assert store.state.attempts == {high: 7}


def test_erased_ticket_is_gone_and_stays_out_but_for_what_came_later(store: AnyStore) -> None:
    claim = claimed(store)
    key = b"acme/t1"
    letters = [replace(dead_letter(offset), key=key, revised_at=NOW) for offset in (1, 6)]
    old, new = at(10, decision(revision=10)), at(30, decision(revision=30))

    store.write_batch([BatchRange(claim, 0, 7)], [old, new, decision("t2")], letters, [erasure(20, offset=4)])
    late = replace(dead_letter(8), key=key, revised_at=datetime(1970, 1, 1, tzinfo=UTC))
    outcome = store.write_batch([BatchRange(claim, 7, 9)], [at(20, decision(revision=20))], [late])

    assert set(store.state.results) == {("acme", "t1", 30), ("acme", "t2", 1)}
    assert store.state.current["acme", "t1"]["revision"] == 30
    assert {where.offset for where in store.state.letters} == {6}
    assert outcome == Written(0, 0)


def test_erased_ticket_of_which_only_corrections_came_later_is_gone_whole(store: AnyStore) -> None:
    claim = claimed(store)
    corrected = at(30, decision(revision=30), "c", "human")

    store.write_batch([BatchRange(claim, 0, 2)], [at(10, decision(revision=10)), corrected], [], [erasure(20)])

    assert (store.state.results, store.state.current) == ({}, {})


def test_erased_requester_stays_out(store: AnyStore) -> None:
    claim = claimed(store)
    gone = Erasure("acme", SuppressionKind.REQUESTER, "digest", NOW)
    theirs = replace(decision(), facts=TicketFacts(revised_us=microseconds(NOW), requester_digests=("x", "digest")))

    store.write_batch([BatchRange(claim, 0, 1)], [], [], [gone])
    outcome = store.write_batch([BatchRange(claim, 1, 2)], [theirs, decision("t2")], [])

    assert outcome == Written(1, 0)
    assert set(store.state.suppressions) == {("acme", "requester", "digest")}
