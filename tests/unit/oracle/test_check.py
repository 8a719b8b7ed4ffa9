"""In: a run in which every promise was kept, and the same with one thing broken. Out: proof that each check can fail.

What is broken stands in `breaks`.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from load_tests.oracle.check import Evidence
from load_tests.oracle.observed import Inputs, Published
from load_tests.oracle.report import PROMISES, Trouble
from load_tests.oracle.samples import Samples
from service.store.values import Coordinates
from tests.unit.oracle.breaks import BREAKS, NOWHERE, with_row
from tests.unit.oracle.world import (
    BROKEN,
    CORRECTED_ROW,
    INPUT,
    JOURNAL,
    LATE_ROW,
    LETTERS,
    NEW_ROW,
    POISON,
    SAME_TIME,
    WORLD,
)

_ROUTED, _DEAD = WORLD.published.routed, WORLD.published.letters


def test_judge_of_a_run_in_which_every_promise_was_kept_finds_nothing() -> None:
    report = WORLD.judge()

    assert report.holds
    assert report.findings.keys() == PROMISES.keys()
    assert report.not_checked == {}


@pytest.mark.parametrize("broken", BREAKS)
def test_judge_where_one_thing_is_broken_finds_that_and_nothing_else(broken: str) -> None:
    break_world, expected = BREAKS[broken]

    report_of_broken = break_world(WORLD)

    assert report_of_broken.troubles() == expected


def test_breaks_leave_no_invariant_out() -> None:
    broken = {invariant for _, expected in BREAKS.values() for invariant in expected}

    assert broken == PROMISES.keys()


def test_breaks_leave_no_trouble_out() -> None:
    found = {trouble for _, expected in BREAKS.values() for kinds in expected.values() for trouble in kinds}

    assert found == set(Trouble)


def test_judge_without_evidence_says_what_it_did_not_check() -> None:
    report = replace(WORLD, evidence=Evidence()).judge()

    assert report.holds
    assert set(report.not_checked) == {"I7", "I9", "I10", "I11"}
    assert not set(report.not_checked) & set(report.findings)


def test_judge_with_samples_that_never_reach_the_warm_up_does_not_check_memory() -> None:
    world = replace(WORLD, evidence=replace(WORLD.evidence, warm_up_records=1_000))

    assert "I11" in world.judge().not_checked


def test_counts_of_a_good_run_are_its_records_rows_and_copies() -> None:
    counts = WORLD.judge().counts

    assert (counts.acknowledged, counts.revisions, counts.erased) == (9, 6, 1)
    assert (counts.rows, counts.dead_letters, counts.events) == (4, 2, 6)
    assert (counts.lost, counts.not_reached, counts.duplicated_rows, counts.events_missing) == (0, 0, 0, 0)
    assert (counts.duplicate_events, counts.waiting) == (1, 0)


def test_counts_of_a_bad_run_are_what_is_lost_doubled_and_missing() -> None:
    extra = replace(LATE_ROW, revision=502, event_id="id 502")
    world = WORLD.with_stored(rows=(NEW_ROW, LATE_ROW, CORRECTED_ROW, extra)).with_published(routed=_ROUTED[:3])

    counts = world.judge().counts

    assert (counts.lost, counts.duplicated_rows, counts.events_missing) == (1, 1, 2)


def test_judge_of_nothing_at_all_finds_a_lost_record() -> None:
    world = replace(WORLD.with_stored(rows=(), letters=(), current={}), published=Published())

    assert world.judge().counts.lost == 7


def test_row_of_a_record_that_was_never_acknowledged_but_is_on_the_input_topic_is_counted_only() -> None:
    unheard = replace(SAME_TIME, at=NOWHERE, content=replace(SAME_TIME.content, sha256="unheard"))
    inputs = Inputs({**WORLD.inputs.contents, unheard.at: unheard.content}, {INPUT: 0})
    world = replace(with_row(WORLD, at=NOWHERE, content_digest="other"), inputs=inputs)

    report = world.judge()

    assert report.holds
    assert report.counts.unacknowledged_rows == 1


def test_replayed_letter_that_became_a_letter_again_is_not_lost() -> None:
    again = replace(LETTERS[1], at=NOWHERE)
    letters = (LETTERS[0], replace(LETTERS[1], is_replayed=True), again)
    copy = replace(_DEAD[1], original=NOWHERE, at=Coordinates("dead", 0, 9))
    world = WORLD.with_stored(letters=letters).with_published(letters=(*_DEAD, copy))

    assert world.judge().holds


def test_letter_published_without_its_value_needs_the_digest_of_that_value() -> None:
    shortened = replace(_DEAD[0], is_shortened=True, headers_sha256="none", content=replace(BROKEN.content, key=None))
    wrong = replace(shortened, content=replace(BROKEN.content, sha256="other"))

    assert WORLD.with_published(letters=(shortened, _DEAD[1])).judge().holds
    assert WORLD.with_published(letters=(wrong, _DEAD[1])).troubles() == {"I3": {Trouble.LETTER_ALTERED}}


def test_ticket_erased_with_its_requester_may_be_nowhere() -> None:
    journal = (*JOURNAL[:4], replace(POISON, requester_digests=("d",)), *JOURNAL[5:])
    by_requester = replace(WORLD.stored.suppressions[0], kind="requester", subject="d")
    world = replace(WORLD, journal=journal).with_stored(
        letters=LETTERS[:1], suppressions=(*WORLD.stored.suppressions, by_requester)
    )

    assert world.with_published(letters=_DEAD[:1]).judge().holds


def test_samples_of_an_empty_run_are_no_samples() -> None:
    world = replace(WORLD, evidence=replace(WORLD.evidence, samples=Samples()))

    assert set(world.judge().not_checked) == {"I7", "I10", "I11"}
