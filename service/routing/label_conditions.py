"""In: a value of `when` about a label, a number or a flag. Out: its `Condition`; each function is or makes a `Builder`.

Raises `RuleValueError` where the value does not fit the key.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter, gt, lt

from service.routing.condition import Builder, Condition, Reader, shown_text
from service.routing.facts import RoutingFacts, RuleVocabulary
from service.routing.values import read_flag, read_label, read_number


def one_of(subject: str, attribute: str, read: Reader) -> Builder:
    """The label is one of some."""

    def build(key: str, value: object, vocabulary: RuleVocabulary) -> Condition:
        names = read(value, vocabulary)
        accepted, get = frozenset(names), _getter(attribute)
        return Condition(
            key=key,
            written=value,
            wanted=" or ".join(names),
            holds=lambda facts: get(facts) in accepted,
            seen=lambda facts: shown_text(get(facts)),
            reason=lambda facts: f"{subject}={get(facts)}",
            subject=subject,
            accepted=accepted,
        )

    return build


def none_of(subject: str, attribute: str, read: Reader) -> Builder:
    """The label is none of some; a label that is absent is none of them."""

    def build(key: str, value: object, vocabulary: RuleVocabulary) -> Condition:
        names = read(value, vocabulary)
        refused, get = frozenset(names), _getter(attribute)
        reason = f"{subject}!={'|'.join(names)}"
        return Condition(
            key=key,
            written=value,
            wanted=f"not {' or '.join(names)}",
            holds=lambda facts: get(facts) not in refused,
            seen=lambda facts: shown_text(get(facts)),
            reason=lambda _: reason,
            subject=subject,
        )

    return build


def urgency_at_least(key: str, value: object, vocabulary: RuleVocabulary) -> Condition:
    """The urgency is the wanted one or a higher one."""
    lowest = read_label(value, vocabulary.urgencies, "urgency")
    accepted = frozenset(vocabulary.urgencies[vocabulary.urgencies.index(lowest) :])
    return Condition(
        key=key,
        written=value,
        wanted=lowest,
        holds=lambda facts: facts.urgency in accepted,
        seen=lambda facts: facts.urgency,
        reason=lambda _: f"urgency>={lowest}",
        subject="urgency",
        accepted=accepted,
    )


def compared(attribute: str, sign: str, low: float) -> Builder:
    """The number is below (``<``) or above (``>``) a bound from ``low`` to 1."""
    get: Callable[[RoutingFacts], float] = attrgetter(attribute)
    compare = lt if sign == "<" else gt

    def build(key: str, value: object, _: RuleVocabulary) -> Condition:
        bound = read_number(value, low, 1.0)
        return Condition(
            key=key,
            written=value,
            wanted=f"{sign} {bound:g}",
            holds=lambda facts: compare(get(facts), bound),
            seen=lambda facts: f"{get(facts):g}",
            reason=lambda _: f"{attribute}{sign}{bound:g}",
            subject=attribute,
        )

    return build


def truncated(key: str, value: object, _: RuleVocabulary) -> Condition:
    """The ticket was, or was not, too long to be read whole."""
    wanted = read_flag(value)
    word = str(wanted).lower()
    return Condition(
        key=key,
        written=value,
        wanted=word,
        holds=lambda facts: facts.truncated is wanted,
        seen=lambda facts: str(facts.truncated).lower(),
        reason=lambda _: f"truncated={word}",
        subject="truncated",
        accepted=frozenset((word,)),
    )


def _getter(attribute: str) -> Callable[[RoutingFacts], str | None]:
    if attribute == "requester_tier":
        return lambda facts: facts.requester_tier.casefold() if facts.requester_tier else None
    return attrgetter(attribute)
