"""In: versions of tickets in the order of a log. Out: revisions that are the same however often the log is read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.revisions import (
    NEIGHBOURS_US,
    KnownRevision,
    TicketKey,
    Version,
    assign_revisions,
    microseconds,
    version_of,
)
from service.ticket import Requester, Ticket

NOW = datetime(2026, 3, 3, 12, 30, 15, 123456, tzinfo=UTC)
TIME_US = 1_000_000

_versions = st.lists(
    st.builds(
        # The sequence is part of the content that a digest is of: where it differs, so does the digest.
        lambda ticket_id, revised_us, sequence, text: Version(
            "acme", ticket_id, revised_us, sequence, f"{text}/{sequence}"
        ),
        ticket_id=st.sampled_from("ab"),
        revised_us=st.integers(TIME_US, TIME_US + 3),
        sequence=st.none() | st.integers(0, 3),
        text=st.sampled_from("pqrst"),
    ),
    max_size=30,
)


def version(digest: str, sequence: int | None = None, revised_us: int = TIME_US) -> Version:
    return Version("acme", "t1", revised_us, sequence, digest)


def stored(
    versions: list[Version], known: dict[TicketKey, list[KnownRevision]]
) -> dict[TicketKey, list[KnownRevision]]:
    """What a store holds after these versions were written, too."""
    held = {key: list(revisions) for key, revisions in known.items()}
    for one, (revision, is_stored) in zip(versions, assign_revisions(versions, known), strict=True):
        found = KnownRevision(revision or 0, one.revised_us, one.sequence, one.digest)
        if not is_stored and found not in held.get(one.key, []):
            held.setdefault(one.key, []).append(found)
    return held


@given(_versions, st.data())
def test_assign_revisions_any_prefix_stored_then_the_whole_log_again_gives_the_same(
    log: list[Version], data: st.DataObject
) -> None:
    at_once = [revision for revision, _ in assign_revisions(log, {})]
    prefix = data.draw(st.integers(0, len(log)))

    again = assign_revisions(log, stored(log[:prefix], {}))

    assert [revision for revision, _ in again] == at_once
    assert all(is_stored for _, is_stored in again[:prefix])


@given(_versions, st.data())
def test_assign_revisions_any_cut_into_batches_gives_the_same(log: list[Version], data: st.DataObject) -> None:
    at_once = [revision for revision, _ in assign_revisions(log, {})]
    known: dict[TicketKey, list[KnownRevision]] = {}
    in_batches: list[int | None] = []
    rest = log

    while rest:
        size = data.draw(st.integers(1, len(rest)))
        in_batches += [revision for revision, _ in assign_revisions(rest[:size], known)]
        known = stored(rest[:size], known)
        rest = rest[size:]

    assert in_batches == at_once


@given(_versions)
def test_assign_revisions_different_versions_of_a_ticket_never_share_one(log: list[Version]) -> None:
    assigned = assign_revisions(log, {})

    states = {(one.key, one.revised_us, one.digest) for one in log}
    assert len({(one.key, revision) for one, (revision, _) in zip(log, assigned, strict=True)}) == len(states)


def test_assign_revisions_lone_version_is_its_time() -> None:
    assert assign_revisions([version("a")], {}) == [(TIME_US, False)]


def test_assign_revisions_same_time_other_content_comes_after_in_the_order_of_the_log() -> None:
    assigned = assign_revisions([version("a"), version("b"), version("a"), version("c")], {})

    assert [revision for revision, _ in assigned] == [TIME_US, TIME_US + 1, TIME_US, TIME_US + 2]


def test_assign_revisions_lower_sequence_that_comes_late_never_becomes_the_newest() -> None:
    assigned = assign_revisions([version("new", 7), version("old", 6), version("newest", 8)], {})

    assert [revision for revision, _ in assigned] == [TIME_US, TIME_US - 1, TIME_US + 1]


def test_assign_revisions_number_taken_by_another_time_is_passed_over() -> None:
    log = [version("a"), version("b"), version("c", revised_us=TIME_US + 1)]

    assert [revision for revision, _ in assign_revisions(log, {})] == [TIME_US, TIME_US + 1, TIME_US + 2]


def test_assign_revisions_row_of_an_earlier_release_is_the_same_content() -> None:
    known = {("acme", "t1"): [KnownRevision(TIME_US, TIME_US, None, None)]}

    assert assign_revisions([version("a")], known) == [(TIME_US, True)]


def test_assign_revisions_more_changes_in_one_instant_than_have_room_are_not_placed() -> None:
    log = [version(str(number)) for number in range(NEIGHBOURS_US + 3)]

    assigned = [revision for revision, _ in assign_revisions(log, {})]

    assert assigned[: NEIGHBOURS_US + 1] == list(range(TIME_US, TIME_US + NEIGHBOURS_US + 1))
    assert assigned[NEIGHBOURS_US + 1 :] == [None, None]


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (None, 0),
        (datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC), 1),
        (datetime(1970, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))), 0),
        (datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC), -1_000_000),
        (datetime(1, 1, 1, tzinfo=UTC), -62_135_596_800_000_000),
        (datetime.max.replace(tzinfo=UTC), 253_402_300_799_999_999),
    ],
)
def test_microseconds_of_any_time_are_exact(moment: datetime | None, expected: int) -> None:
    assert microseconds(moment) == expected


def test_version_takes_the_time_of_the_update_and_else_of_the_creation() -> None:
    created = Ticket(ticket_id="t1", body="x", created_at=NOW)
    updated = Ticket(ticket_id="t1", body="x", created_at=NOW, updated_at=NOW + timedelta(seconds=1))

    assert version_of(updated).revised_us - version_of(created).revised_us == 1_000_000
    assert version_of(updated).digest == version_of(created).digest


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "other"},
        {"body": "other"},
        {"channel": "email"},
        {"tags": ("vip",)},
        {"source": "jira"},
        {"sequence": 4},
        {"requester": Requester(tier="gold")},
    ],
)
def test_version_of_another_content_is_another(change: dict[str, object]) -> None:
    ticket = Ticket(ticket_id="t1", body="x")

    assert version_of(ticket.model_copy(update=change)).digest != version_of(ticket).digest


def test_version_does_not_depend_on_what_nothing_rests_on() -> None:
    ticket = Ticket(ticket_id="t1", body="x")

    assert version_of(ticket.model_copy(update={"extra": {"seen": 3}})).digest == version_of(ticket).digest


def test_digest_never_changes_between_versions_of_the_service() -> None:
    least = Ticket(ticket_id="t1", body="Where is my invoice?")
    most = Ticket(
        ticket_id="t1",
        subject="Invoice",
        body="Où est ma facture ?",
        channel="email",
        source="zendesk",
        tags=("vip",),
        sequence=3,
        requester=Requester(id="4711", email="ann@example.com", tier="gold"),
    )

    assert version_of(least).digest == "9022d56b7fc0320d4f1a9d3470c25ccc"
    assert version_of(most).digest == "360689c2fe0c448d8bd8e16c570f91e2"
