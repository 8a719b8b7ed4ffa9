"""In: rules and facts. Out: proof of which rule decides, what others add, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.result import ExtractedField
from service.routing.engine import Outcome, RoutingFacts, explain, route
from service.routing.rules import RuleSet

DEFAULTS = '[defaults]\nqueue = "triage"\npriority = "normal"\nsla_minutes = 1440\n'
Load = Callable[[str], RuleSet]
Facts = Callable[..., RoutingFacts]
Field = Callable[..., ExtractedField]


def _rule(name: str, when: str, then: str = '{ queue = "x" }', more: str = "") -> str:
    return f'[[rule]]\nname = "{name}"\nwhen = {when}\nthen = {then}\n{more}\n'


def _reasons(load: Load, facts: RoutingFacts, when: str) -> tuple[str, ...] | None:
    """The reasons of a rule with these conditions, None where it does not match."""
    result = route(load(DEFAULTS + _rule("it", when)), facts)
    return result.reasons if result.rule == "it" else None


@pytest.mark.parametrize(
    ("when", "changes", "reason"),
    [
        ('{ category = "billing" }', {}, "category=billing"),
        ('{ category = ["refund", "billing"] }', {}, "category=billing"),
        ('{ category = "refund" }', {}, None),
        ('{ not_category = ["refund", "other"] }', {}, "category!=refund|other"),
        ('{ not_category = "billing" }', {}, None),
        ('{ secondary_category = "refund" }', {"secondary": "refund"}, "secondary_category=refund"),
        ('{ secondary_category = "refund" }', {}, None),
        ('{ not_secondary_category = "refund" }', {}, "secondary_category!=refund"),
        ('{ sentiment = "negative" }', {"sentiment": "negative"}, "sentiment=negative"),
        ('{ urgency_at_least = "high" }', {"urgency": "critical"}, "urgency>=high"),
        ('{ urgency_at_least = "high" }', {"urgency": "high"}, "urgency>=high"),
        ('{ urgency_at_least = "high" }', {"urgency": "normal"}, None),
        ("{ category_confidence_below = 0.6 }", {"category_confidence": 0.59}, "category_confidence<0.6"),
        ("{ category_confidence_below = 0.6 }", {"category_confidence": 0.6}, None),
        ("{ urgency_confidence_above = 0.5 }", {"urgency_confidence": 0.51}, "urgency_confidence>0.5"),
        ("{ sentiment_score_below = -0.5 }", {"sentiment_score": -0.9}, "sentiment_score<-0.5"),
        ('{ language = ["de", "fr"] }', {"language": "fr"}, "language=fr"),
        ('{ not_language = "en" }', {"language": "pt"}, "language!=en"),
        ('{ channel = "chat" }', {"channel": "chat"}, "channel=chat"),
        ('{ tenant = "acme" }', {}, "tenant=acme"),
        ('{ requester_tier = "VIP" }', {"requester_tier": "Vip"}, "requester_tier=vip"),
        ('{ requester_tier = "vip" }', {}, None),
        ('{ not_requester_tier = "vip" }', {}, "requester_tier!=vip"),
        ('{ tags_any = ["press", "Legal"] }', {"tags": ("LEGAL", "x")}, "tag=legal"),
        ('{ tags_any = ["press"] }', {"tags": ("x",)}, None),
        ('{ tags_all = ["a", "b"] }', {"tags": ("b", "a", "c")}, "tag=a|b"),
        ('{ tags_all = ["a", "b"] }', {"tags": ("a",)}, None),
        ('{ tags_none = ["spam"] }', {"tags": ("a",)}, "tag!=spam"),
        ('{ tags_none = ["spam"] }', {"tags": ("Spam",)}, None),
        ("{ truncated = true }", {"truncated": True}, "truncated=true"),
        ("{ truncated = false }", {"truncated": True}, None),
    ],
)
def test_route_condition_matches_and_gives_its_reason(
    load: Load, facts: Facts, when: str, changes: dict[str, object], reason: str | None
) -> None:
    reasons = _reasons(load, facts(**changes), when)

    assert reasons == (None if reason is None else (reason,))


@pytest.mark.parametrize(
    ("wanted", "amount", "reason"),
    [
        ("500", "500 JPY", "amount>=500"),
        ("500", "499.99 EUR", None),
        ("500", "-1200.50 EUR", "amount>=500"),
        ('"500 EUR"', "500.00 EUR", "amount>=500 EUR"),
        ('"500 EUR"', "9000 USD", None),
        ('["500 EUR", "80000 JPY"]', "90000 JPY", "amount>=80000 JPY"),
        ("99.5", "1E+999999999 EUR", "amount>=99.5"),
        ("1", "NaN EUR", None),
        ("1", "sNaN EUR", None),
        ("1", "Infinity EUR", None),
        ("1", " EUR", None),
    ],
)
def test_route_amount_at_least_compares_value_and_currency(
    load: Load, facts: Facts, field: Field, wanted: str, amount: str, reason: str | None
) -> None:
    value, _, currency = amount.partition(" ")
    fields = (field("amount"), field("amount", {"value": value, "currency": currency}))

    reasons = _reasons(load, facts(fields=fields), f"{{ amount_at_least = {wanted} }}")

    assert reasons == (None if reason is None else (reason,))


def test_route_fields_conditions_look_at_the_types_found(load: Load, facts: Facts, field: Field) -> None:
    found = facts(fields=(field("iban"), field("date")))

    assert _reasons(load, found, '{ fields_any = ["card_number", "iban"] }') == ("field=iban",)
    assert _reasons(load, found, '{ fields_all = ["iban", "order_id"] }') is None
    assert _reasons(load, found, '{ fields_none = ["order_id"] }') == ("field!=order_id",)


def test_route_two_rules_match_first_decides(load: Load, facts: Facts) -> None:
    rules = load(
        DEFAULTS
        + _rule("first", '{ category = "billing" }', '{ queue = "money", priority = "high", sla_minutes = 90 }')
        + _rule("second", '{ language = "en" }')
    )

    result = route(rules, facts())

    assert (result.queue, result.priority, result.sla_minutes, result.rule) == ("money", "high", 90, "first")
    assert not result.needs_review


def test_route_no_rule_matches_defaults_apply(load: Load, facts: Facts) -> None:
    rules = load(DEFAULTS + _rule("a", '{ category = "refund" }'))

    result = route(rules, facts())

    assert (result.queue, result.priority, result.sla_minutes, result.rule) == ("triage", "normal", 1440, "defaults")
    assert result.reasons == ("no_rule_matched",)


def test_route_rule_that_continues_adds_tags_and_reasons_to_the_deciding_one(load: Load, facts: Facts) -> None:
    rules = load(
        DEFAULTS
        + 'tags = "seen"\n'
        + _rule("adds", '{ not_language = "en" }', '{ tags = ["lang:{language}", "seen"] }', "continue = true")
        + _rule("decides", '{ category = "billing" }', '{ tags = ["{category}-{urgency}"], reason = "money first" }')
        + _rule("late", "{}", '{ tags = "late" }', "continue = true")
    )

    result = route(rules, facts(language="de"))

    assert result.rule == "decides"
    assert result.tags == ("seen", "lang:de", "billing-normal")
    assert result.reasons == ("language!=en", "category=billing", "money first")


@pytest.mark.parametrize(
    ("review", "model_reasons", "needs_review", "said"),
    [
        ("", (), False, ()),
        ("", ("category_confidence_below_cut",), True, ("category_confidence_below_cut",)),
        (", review = false", ("category_confidence_below_cut",), False, ()),
        (", review = true", (), True, ("review=it",)),
        (", review = true", ("unsure",), True, ("unsure", "review=it")),
    ],
)
def test_route_review_follows_the_rule_then_the_model(
    load: Load, facts: Facts, review: str, model_reasons: tuple[str, ...], needs_review: bool, said: tuple[str, ...]
) -> None:
    rules = load(DEFAULTS + _rule("it", "{}", f'{{ queue = "x"{review} }}'))

    result = route(rules, facts(review_reasons=model_reasons))

    assert result.needs_review is needs_review
    assert result.reasons == said


def test_route_last_matching_rule_has_the_last_word_on_review(load: Load, facts: Facts) -> None:
    rules = load(
        DEFAULTS
        + "review = true\n"
        + _rule("adds", '{ language = "de" }', "{ review = true }", "continue = true")
        + _rule("decides", '{ category = "billing" }', "{ review = false }")
    )

    assert not route(rules, facts(language="de")).needs_review
    assert route(rules, facts(category="refund")).reasons == ("no_rule_matched", "review=defaults")
    assert route(rules, facts(category="refund", language="de")).reasons[-1] == "review=adds"


def test_explain_names_the_first_condition_that_failed_and_what_was_seen(load: Load, facts: Facts) -> None:
    rules = load(
        DEFAULTS
        + _rule("narrow", '{ category = "billing", urgency_at_least = "high" }')
        + _rule("adds", "{}", '{ tags = "a" }', "continue = true")
        + _rule("wide", '{ category = "billing" }')
        + _rule("late", '{ language = "en" }')
    )

    narrow, adds, wide, late = explain(rules, facts())

    assert (narrow.outcome, narrow.failed, narrow.wanted, narrow.seen) == (
        Outcome.NO_MATCH,
        "urgency_at_least",
        "high",
        "normal",
    )
    assert narrow.line == 5
    assert (adds.outcome, wide.outcome, late.outcome) == (Outcome.ADDS, Outcome.DECIDES, Outcome.TOO_LATE)
    assert wide.reasons == ("category=billing",)


def test_explain_hostile_tags_and_amounts_are_shown_short_and_printable(load: Load, facts: Facts, field: Field) -> None:
    rules = load(
        DEFAULTS
        + _rule("tags", '{ tags_any = "x" }')
        + _rule("money", '{ amount_at_least = "5 EUR", language = "de" }')
    )
    hostile = facts(
        tags=("\x1b[31m", "\ud800", "\x00", *("y" * 1_000 for _ in range(1_000))),
        fields=(field("amount", {"value": "1E+999999999", "currency": "USD"}),),
    )

    tags, money = explain(rules, hostile)

    assert tags.seen is not None
    assert tags.seen.isprintable()
    assert len(tags.seen) < 100
    assert money.seen == "1E+999999999 USD"


_WORDS = st.text(max_size=4) | st.sampled_from(["billing", "high", "vip", "\ud800", "\x00"])
_AMOUNTS = st.fixed_dictionaries({"value": _WORDS | st.decimals().map(str), "currency": _WORDS})
_CHANGES = st.fixed_dictionaries(
    {
        "category": _WORDS,
        "category_confidence": st.floats(),
        "language": _WORDS,
        "tags": st.lists(_WORDS, max_size=3).map(tuple),
    }
)


@given(changes=_CHANGES, amount=_AMOUNTS)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_route_any_facts_agrees_with_explain(
    load: Load, facts: Facts, field: Field, changes: dict[str, object], amount: dict[str, str]
) -> None:
    rules = load(
        DEFAULTS
        + _rule("tags", '{ tags_any = ["vip", "high"] }')
        + _rule("money", '{ amount_at_least = ["5 EUR", "1 XXX", 7] }')
        + _rule("sure", '{ category = "billing", category_confidence_above = 0.5 }', '{ tags = "{language}" }')
    )
    some = facts(**changes, fields=(field("amount", amount),))

    result = route(rules, some)
    decided = [trace.rule for trace in explain(rules, some) if trace.outcome is Outcome.DECIDES]

    assert decided == ([] if result.rule == "defaults" else [result.rule])
