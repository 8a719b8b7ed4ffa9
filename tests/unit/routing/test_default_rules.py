"""In: the rules that ship. Out: proof that they are valid and send typical tickets where a help desk wants them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest

from service.result import ExtractedField
from service.routing.actions import PRIORITIES
from service.routing.engine import RoutingFacts, route
from service.routing.facts import RuleVocabulary
from service.routing.rules import DEFAULT_RULES_FILE, RuleSet, load_rules

Facts = Callable[..., RoutingFacts]


@pytest.fixture(scope="module")
def rules(vocabulary: RuleVocabulary) -> RuleSet:
    return load_rules(DEFAULT_RULES_FILE, vocabulary)


@pytest.mark.parametrize(
    ("changes", "queue", "priority"),
    [
        ({"category": "account_access", "urgency": "critical"}, "security", "urgent"),
        ({"category": "account_access", "urgency": "critical", "requester_tier": "vip"}, "security", "urgent"),
        ({"category": "billing", "urgency": "critical"}, "payments", "urgent"),
        ({"category": "technical", "urgency": "critical"}, "incidents", "urgent"),
        ({"category": "shipping", "urgency": "critical"}, "duty_manager", "urgent"),
        ({"category": "billing", "tags": ("Legal",)}, "legal_and_press", "high"),
        ({"category": "other", "urgency": "high"}, "legal_and_press", "high"),
        ({"category": "billing", "requester_tier": "Enterprise"}, "vip", "high"),
        ({"category": "shipping", "urgency": "high", "requester_tier": "vip"}, "vip", "urgent"),
        ({"category": "cancellation", "sentiment": "negative"}, "retention", "high"),
        ({"category": "cancellation"}, "retention", "normal"),
        ({"category": "refund"}, "refunds", "normal"),
        ({"category": "billing", "urgency": "high"}, "billing", "high"),
        ({"category": "technical", "urgency": "high"}, "technical_second_line", "high"),
        ({"category": "technical"}, "technical", "normal"),
        ({"category": "technical", "urgency": "low"}, "technical", "low"),
        ({"category": "account_access"}, "accounts", "normal"),
        ({"category": "shipping"}, "shipping", "normal"),
        ({"category": "product_question"}, "sales", "normal"),
        ({"category": "feedback", "sentiment": "positive"}, "kudos", "low"),
        ({"category": "feedback", "sentiment": "negative"}, "quality", "normal"),
        ({"category": "other", "urgency": "low"}, "triage", "low"),
    ],
)
def test_default_rules_typical_ticket_goes_to_its_queue(
    rules: RuleSet, facts: Facts, changes: dict[str, object], queue: str, priority: str
) -> None:
    result = route(rules, facts(**changes))

    assert (result.queue, result.priority) == (queue, priority)


def test_default_rules_large_refund_waits_for_approval(
    rules: RuleSet, facts: Facts, field: Callable[..., ExtractedField]
) -> None:
    large = facts(category="refund", fields=(field("amount", {"value": "612.50", "currency": "GBP"}),))

    result = route(rules, large)

    assert result.queue == "finance_approval"
    assert result.needs_review
    assert "amount>=500" in result.reasons


@pytest.mark.parametrize(("language", "tags"), [("de", ("lang:de",)), ("en", ()), ("und", ())])
def test_default_rules_language_other_than_english_is_tagged(
    rules: RuleSet, facts: Facts, language: str, tags: tuple[str, ...]
) -> None:
    result = route(rules, facts(language=language))

    assert result.tags == tags


def test_default_rules_every_combination_of_labels_is_decided_by_a_rule(
    rules: RuleSet, facts: Facts, vocabulary: RuleVocabulary
) -> None:
    combinations = product(vocabulary.categories, vocabulary.sentiments, vocabulary.urgencies)

    routes = [route(rules, facts(category=c, sentiment=s, urgency=u)) for c, s, u in combinations]

    assert "defaults" not in {result.rule for result in routes}
    assert {result.priority for result in routes} == set(PRIORITIES)
    assert all(result.reasons for result in routes)
