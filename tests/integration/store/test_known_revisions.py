"""In: versions, on PostgreSQL and on SQLite. Out: what is stored near them, and what a correction builds on."""

from __future__ import annotations

from dataclasses import replace

from service.revisions import NEIGHBOURS_US, KnownRevision, Version
from service.store.store import Store
from service.store.values import TicketFacts
from tests.integration.store.subjects import NOW_US, of
from tests.unit.store.samples import decision


def version(ticket_id: str = "a", revised_us: int = NOW_US) -> Version:
    return Version("acme", ticket_id, revised_us, None, "d")


def test_known_revisions_are_those_within_the_neighbourhood(store: Store) -> None:
    edge_s = NEIGHBOURS_US / 1_000_000
    store.record_results([of("a", at) for at in (-1, -edge_s, 0, edge_s, 1)])

    known = store.known_revisions([version()])

    assert sorted(one.revision - NOW_US for one in known["acme", "a"]) == [-NEIGHBOURS_US, 0, NEIGHBOURS_US]


def test_known_revisions_say_time_sequence_and_content(store: Store) -> None:
    facts = TicketFacts(revised_us=NOW_US, sequence=4, content_digest="c")
    store.record_results([replace(decision("a", NOW_US + 2), facts=facts)])

    assert store.known_revisions([version()]) == {("acme", "a"): [KnownRevision(NOW_US + 2, NOW_US, 4, "c")]}


def test_known_revisions_of_an_earlier_releases_row_have_its_revision_for_a_time(store: Store) -> None:
    store.record_results([decision("a", NOW_US)])

    assert store.known_revisions([version()]) == {("acme", "a"): [KnownRevision(NOW_US, NOW_US, None, None)]}


def test_known_revisions_of_many_tickets_and_times_are_told_apart(store: Store) -> None:
    store.record_results([of("a"), of("a", 60), of("b", 60), of("é 😀")])

    known = store.known_revisions([version("a"), version("a", NOW_US + 60_000_000), version("é 😀"), version("c")])

    assert {key: len(found) for key, found in known.items()} == {("acme", "a"): 2, ("acme", "é 😀"): 1}


def test_known_revisions_of_nothing_are_none(store: Store) -> None:
    assert store.known_revisions([]) == {}


def test_read_base_is_the_newest_below_and_else_the_oldest_above(store: Store) -> None:
    store.record_results([of("a", seconds) for seconds in (1, 2, 3)])

    below, above = (store.read_base("acme", "a", NOW_US + at) for at in (2_500_000, 500_000))

    assert below is not None
    assert above is not None
    assert (below.result.revision - NOW_US, above.result.revision - NOW_US) == (2_000_000, 1_000_000)


def test_read_base_gives_back_what_was_stored(store: Store) -> None:
    stored = replace(of("a", 0, "d1", "d2"), channel="chat", source="jira")
    facts = replace(stored.facts, requester_tier="gold", tags=("x", "y"), corrected_by="kim", sequence=3)
    store.record_results([replace(stored, facts=facts)])

    base = store.read_base("acme", "a", NOW_US + 1)

    assert base is not None
    assert base.facts == facts
    assert (base.channel, base.source, base.received_at) == ("chat", "jira", stored.received_at)
    assert base.result.to_json() == stored.result.to_json()


def test_read_base_of_an_unknown_ticket_or_tenant_is_none(store: Store) -> None:
    store.record_results([of("a")])

    assert store.read_base("acme", "b", NOW_US + 1) is None
    assert store.read_base("umbrella", "a", NOW_US + 1) is None
