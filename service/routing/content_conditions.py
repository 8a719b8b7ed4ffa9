"""In: a value of `when` about tags, fields or amounts. Out: its `Condition`; each function is or makes a `Builder`.

Raises `RuleValueError` where the value does not fit the key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

from service.routing.condition import Builder, Condition, Reader, Wanted, shown_text
from service.routing.facts import RoutingFacts, RuleVocabulary
from service.routing.values import Money, read_labels, read_money

AMOUNT_TYPE: Final = "amount"

Names = frozenset[str]


def _any(wanted: Wanted, present: Names) -> Wanted:
    return tuple(name for name in wanted if name in present)[:1]


def _all(wanted: Wanted, present: Names) -> Wanted:
    return wanted if present.issuperset(wanted) else ()


def _none(wanted: Wanted, present: Names) -> Wanted:
    return wanted if present.isdisjoint(wanted) else ()


QUANTIFIERS: Final = {"any": _any, "all": _all, "none": _none}


def present(subject: str, quantifier: str, read: Reader, names_of: Callable[[RoutingFacts], Names]) -> Builder:
    """Any, all or none of some names are among those that ``names_of`` finds."""
    select = QUANTIFIERS[quantifier]
    sign = "!=" if quantifier == "none" else "="

    def build(key: str, value: object, vocabulary: RuleVocabulary) -> Condition:
        wanted = read(value, vocabulary)
        return Condition(
            key=key,
            written=value,
            wanted=f"{quantifier} of {', '.join(wanted)}",
            holds=lambda facts: bool(select(wanted, names_of(facts))),
            seen=lambda facts: shown_text(", ".join(sorted(names_of(facts)))),
            reason=lambda facts: f"{subject}{sign}{'|'.join(select(wanted, names_of(facts)))}",
            subject=subject,
        )

    return build


def tags_of(facts: RoutingFacts) -> Names:
    """The tags that the help desk gave, without regard to case."""
    return frozenset(tag.casefold() for tag in facts.tags)


def types_of(facts: RoutingFacts) -> Names:
    """The types of the fields found."""
    return frozenset(field.type for field in facts.fields)


def amount_at_least(key: str, value: object, vocabulary: RuleVocabulary) -> Condition:
    """An amount in the text reaches one of the wanted ones; without a currency, in whatever currency."""
    read_labels(AMOUNT_TYPE, vocabulary.field_types, "field type")
    bounds = read_money(value)

    def reached(facts: RoutingFacts) -> Money | None:
        amounts = _amounts(facts)
        for bound in bounds:
            for amount in amounts:
                if amount.value >= bound.value and bound.currency in (None, amount.currency):
                    return bound
        return None

    return Condition(
        key=key,
        written=value,
        wanted=" or ".join(map(str, bounds)),
        holds=lambda facts: reached(facts) is not None,
        seen=lambda facts: shown_text(", ".join(map(str, _amounts(facts)))),
        reason=lambda facts: f"amount>={reached(facts)}",
        subject=AMOUNT_TYPE,
    )


def _amounts(facts: RoutingFacts) -> list[Money]:
    """The amounts of a ticket without their sign, which says who owes whom and not how much is at stake."""
    amounts = []
    for field in facts.fields:
        if field.type == AMOUNT_TYPE and isinstance(field.normalized, Mapping):
            try:
                value = Decimal(field.normalized.get("value", "")).copy_abs()
            except InvalidOperation:
                continue
            if value.is_finite():
                amounts.append(Money(value, field.normalized.get("currency")))
    return amounts
