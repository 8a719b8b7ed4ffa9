"""In: a `RuleSet` and the facts of one ticket. Out: the ticket's `Route`, or for each rule why it matched or not.

The first rule whose conditions all hold decides; those with ``continue = true`` above it add tags, review or a reason.
Pure; raises nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from service.result import Route
from service.routing.actions import fill_placeholders
from service.routing.facts import RoutingFacts
from service.routing.rules import DEFAULTS_NAME, Rule, RuleSet

__all__ = ["Outcome", "RoutingFacts", "RuleTrace", "explain", "route"]

NO_RULE_MATCHED = "no_rule_matched"


class Outcome(StrEnum):
    """What became of a rule for one ticket."""

    DECIDES = "decides"
    ADDS = "adds"
    TOO_LATE = "too late"
    NO_MATCH = "no match"


@dataclass(frozen=True, slots=True)
class RuleTrace:
    """What one rule did with a ticket.

    ``reasons`` are those of a rule that matched; ``failed``, ``wanted`` and ``seen`` tell of the first condition that
    did not hold. A rule below the deciding one is `TOO_LATE` where it would have matched.
    """

    rule: str
    line: int
    outcome: Outcome
    reasons: tuple[str, ...] = ()
    failed: str | None = None
    wanted: str | None = None
    seen: str | None = field(default=None, repr=False)


def route(rules: RuleSet, facts: RoutingFacts) -> Route:
    """Decide where a ticket goes.

    The last of the matching rules that says something about review is obeyed; where none does, the defaults and the
    model stage's own reasons stand.
    """
    defaults = rules.defaults
    tags = list(defaults.tags)
    reasons: list[str] = []
    asked = True if defaults.review else None
    asked_by = DEFAULTS_NAME
    decided: Rule | None = None
    for rule in rules.rules:
        if not _matches(rule, facts):
            continue
        action = rule.action
        tags += action.tags
        reasons += _reasons(rule, facts)
        if action.review is not None:
            asked, asked_by = action.review, rule.name
        if rule.decides:
            decided = rule
            break
    if decided is None:
        reasons.append(NO_RULE_MATCHED)
    needs_review = asked if asked is not None else bool(facts.review_reasons)
    if needs_review:
        reasons += facts.review_reasons
        if asked:
            reasons.append(f"review={asked_by}")
    return Route(
        queue=decided.action.queue if decided else defaults.queue,
        priority=decided.action.priority if decided else defaults.priority,
        sla_minutes=decided.action.sla_minutes if decided else defaults.sla_minutes[defaults.priority],
        rule=decided.name if decided else DEFAULTS_NAME,
        needs_review=needs_review,
        reasons=tuple(dict.fromkeys(reasons)),
        tags=tuple(dict.fromkeys(fill_placeholders(tag, facts) if "{" in tag else tag for tag in tags)),
    )


def explain(rules: RuleSet, facts: RoutingFacts) -> list[RuleTrace]:
    """Say of every rule, in order, whether it matched, and if not which condition failed first."""
    traces = []
    decided = False
    for rule in rules.rules:
        failed = next((condition for condition in rule.conditions if not condition.holds(facts)), None)
        if failed:
            traces.append(
                RuleTrace(
                    rule=rule.name,
                    line=rule.line,
                    outcome=Outcome.NO_MATCH,
                    failed=failed.key,
                    wanted=failed.wanted,
                    seen=failed.seen(facts),
                )
            )
            continue
        outcome = Outcome.TOO_LATE if decided else Outcome.DECIDES if rule.decides else Outcome.ADDS
        traces.append(RuleTrace(rule.name, rule.line, outcome, tuple(_reasons(rule, facts))))
        decided = decided or rule.decides
    return traces


def _matches(rule: Rule, facts: RoutingFacts) -> bool:
    for condition in rule.conditions:  # noqa: SIM110  (a generator in all() costs twice as much)
        if not condition.holds(facts):
            return False
    return True


def _reasons(rule: Rule, facts: RoutingFacts) -> list[str]:
    reasons = [condition.reason(facts) for condition in rule.conditions]
    if rule.action.reason:
        reasons.append(rule.action.reason)
    return reasons
