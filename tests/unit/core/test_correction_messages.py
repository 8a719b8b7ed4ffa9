"""In: messages of the topic of corrections. Out: corrections, or the reason; and results with what a person said."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.corrections import (
    CORRECTED,
    Correction,
    check_labels,
    corrected_result,
    try_decode_correction,
    version_of_correction,
)
from service.errors import InvalidMessageError, Reason
from service.revisions import microseconds
from service.routing.actions import Action, Defaults
from service.routing.rules import Rule, RuleSet
from service.store.values import StoredTicket, TicketFacts
from tests.unit.store.samples import NOW, field, result

LABELS = {
    "category": ("billing", "refund", "other"),
    "sentiment": ("negative", "neutral", "positive"),
    "urgency": ("low", "normal", "high"),
}
SLA = {"low": 2_880, "normal": 480, "high": 60, "urgent": 15}
RULES = RuleSet(Path("rules.toml"), Defaults("triage", "normal", SLA), ())
LATER = NOW + timedelta(hours=1)


def raw(**changes: object) -> bytes:
    said = {"ticket_id": "t1", "tenant": "acme", "corrected_at": "2026-03-03T12:00:00Z", "corrected_by": "kim"}
    return json.dumps({name: value for name, value in (said | changes).items() if value is not None}).encode()


def correction(**changes: object) -> Correction:
    decoded = try_decode_correction(raw(**changes))
    assert isinstance(decoded, Correction)
    return decoded


def base(facts: TicketFacts | None = None) -> StoredTicket:
    return StoredTicket(result("t1", 5, [field()]), "email", "zendesk", NOW, facts or TicketFacts())


def test_decode_correction_reads_what_was_corrected_and_by_whom() -> None:
    read = correction(category="refund", sla_minutes=30)

    assert (read.key, read.category, read.sla_minutes) == ("acme/t1", "refund", 30)
    assert "kim" not in repr(read)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"category": "refund", "corrected_by": None},
        {"category": "refund", "corrected_by": ""},
        {"category": "refund", "corrected_at": None},
        {"category": "refund", "corrected_at": "2026-03-03T12:00:00"},
        {"category": "refund", "ticket_id": None},
        {"category": "refund", "tenant": "ACME"},
        {"category": "refund", "of_revision": -1},
        {"category": "refund", "of_revision": 253_402_300_799_999_999},
        {"sla_minutes": 0},
        {"categroy": "refund", "urgency": "high"},
    ],
)
def test_decode_correction_that_is_incomplete_or_wrong_is_invalid(changes: dict[str, object]) -> None:
    decoded = try_decode_correction(raw(**changes))

    assert isinstance(decoded, InvalidMessageError)
    assert decoded.reason is Reason.SCHEMA


def test_decode_correction_with_an_endless_unknown_key_says_so_in_few_words() -> None:
    decoded = try_decode_correction(raw(category="refund", **{"k" * 500_000: 1}))

    assert isinstance(decoded, InvalidMessageError)
    assert len(decoded.detail) < 500


@given(st.binary(max_size=200))
def test_decode_correction_of_any_bytes_does_not_raise(value: bytes) -> None:
    assert isinstance(try_decode_correction(value), Correction | InvalidMessageError)


def test_version_of_a_correction_is_its_time() -> None:
    read = correction(category="refund")

    assert version_of_correction(read).revised_us == microseconds(read.corrected_at)


def test_version_of_a_correction_comes_after_the_revision_that_was_looked_at() -> None:
    ahead_us = microseconds(NOW + timedelta(days=1))

    assert version_of_correction(correction(category="refund", of_revision=ahead_us)).revised_us == ahead_us + 1


def test_version_of_the_same_correction_sent_again_is_the_same_and_of_another_is_not() -> None:
    first, again = correction(category="refund"), correction(category="refund")

    assert version_of_correction(first) == version_of_correction(again)
    assert version_of_correction(correction(category="other")).digest != version_of_correction(first).digest


def test_digest_of_a_correction_never_changes_between_versions_of_the_service() -> None:
    assert version_of_correction(correction(category="refund")).digest == "1e973d09965a82dd28e34e8837e01ab3"


@pytest.mark.parametrize(
    "changes",
    [
        {"category": "unknown"},
        {"secondary_category": "unknown"},
        {"sentiment": "angry"},
        {"urgency": "now"},
        {"priority": "asap"},
    ],
)
def test_check_labels_that_nobody_knows_are_invalid_and_the_known_ones_are_named(changes: dict[str, object]) -> None:
    with pytest.raises(InvalidMessageError, match=rf"{next(iter(changes))}: should be one of"):
        check_labels(correction(**changes), LABELS)


def test_check_labels_free_names_of_queues_are_fine() -> None:
    check_labels(correction(queue="vip", priority="urgent"), LABELS)


def test_corrected_result_is_by_a_human_and_needs_no_review() -> None:
    stored = replace(base(), result=replace(base().result, route=replace(base().result.route, needs_review=True)))

    corrected = corrected_result(stored, correction(category="refund"), 9, RULES, LATER)

    assert (corrected.revision, corrected.decided_by, corrected.processed_at) == (9, "human", LATER)
    assert (corrected.category.label, corrected.category.confidence, corrected.category.secondary) == (
        "refund",
        1.0,
        None,
    )
    assert (corrected.route.needs_review, corrected.route.reasons) == (False, (CORRECTED,))
    assert corrected.category.scores == stored.result.category.scores
    assert corrected.fields == stored.result.fields
    assert corrected.model == stored.result.model


def test_corrected_result_with_another_label_is_routed_by_the_rules() -> None:
    gold = Rule("gold", 1, (), Action("gold", "high", 60), decides=True)
    rules = replace(RULES, rules=(gold,))

    corrected = corrected_result(base(), correction(urgency="low"), 9, rules, LATER)

    assert (corrected.route.queue, corrected.route.rule, corrected.route.sla_minutes) == ("gold", "gold", 60)


def test_corrected_result_where_only_the_queue_is_named_keeps_the_rest_of_the_route() -> None:
    corrected = corrected_result(base(), correction(queue="vip"), 9, RULES, LATER)

    before = base().result.route
    assert corrected.route == replace(before, queue="vip", needs_review=False, reasons=(CORRECTED,))
    assert corrected.category == base().result.category


def test_corrected_result_with_a_priority_takes_its_sla_unless_one_is_named() -> None:
    alone = corrected_result(base(), correction(priority="urgent"), 9, RULES, LATER)
    both = corrected_result(base(), correction(priority="urgent", sla_minutes=5), 9, RULES, LATER)

    assert (alone.route.priority, alone.route.sla_minutes) == ("urgent", 15)
    assert (both.route.priority, both.route.sla_minutes) == ("urgent", 5)


@pytest.mark.parametrize(("sentiment", "score"), [("negative", -1.0), ("neutral", 0.0), ("positive", 1.0)])
def test_corrected_result_with_a_sentiment_has_its_score(sentiment: str, score: float) -> None:
    corrected = corrected_result(base(), correction(sentiment=sentiment), 9, RULES, LATER)

    assert (corrected.sentiment.label, corrected.sentiment.confidence, corrected.sentiment.score) == (
        sentiment,
        1.0,
        score,
    )


def test_corrected_result_never_has_the_same_category_twice() -> None:
    corrected = corrected_result(base(), correction(secondary_category="billing"), 9, RULES, LATER)

    assert (corrected.category.label, corrected.category.secondary) == ("billing", None)
