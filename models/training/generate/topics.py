"""In: the phrase files of the categories. Out: `Topic`s: what tickets are about and which labels they allow.

Raises KeyError where a phrase file lacks its ``facts``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from models.training.generate.words import read_phrases

CATEGORIES: Final = (
    "billing",
    "technical",
    "cancellation",
    "refund",
    "account_access",
    "shipping",
    "product_question",
    "feedback",
    "other",
)
_ANY_SENTIMENT: Final = ("negative", "neutral", "positive")
_ANY_URGENCY: Final = ("low", "normal", "high", "critical")


@dataclass(frozen=True, slots=True)
class Topic:
    """Phrases that fit together, and the labels that tickets made of them may have."""

    name: str
    facts: tuple[str, ...]
    asks: tuple[str, ...]
    critical: tuple[str, ...]
    critical_asks: tuple[str, ...]
    sentiments: tuple[str, ...]
    urgencies: tuple[str, ...]
    stands_alone: bool
    """Whether its labels are fixed by the phrases: no line of feeling or pressure may be added."""


def lines(text: str) -> tuple[str, ...]:
    """The phrases of a TOML string, one a line."""
    return tuple(line for line in text.splitlines() if line.strip())


@cache
def topics(category: str) -> tuple[Topic, ...]:
    """The topics of a category, as many times as their number of phrases deserves."""
    return tuple(_topic(name, raw) for name, raw in read_phrases(category).items())


@cache
def general(section: str, key: str = "lines") -> tuple[str, ...]:
    """A list of ``general.toml``."""
    return lines(read_phrases("general")[section][key])


def _topic(name: str, raw: dict[str, Any]) -> Topic:
    critical = lines(raw.get("critical", ""))
    urgencies = tuple(raw.get("urgencies", _ANY_URGENCY))
    return Topic(
        name=name,
        facts=lines(raw["facts"]),
        asks=lines(raw.get("asks", "")),
        critical=critical,
        critical_asks=lines(raw.get("critical_asks", "")),
        sentiments=tuple(raw.get("sentiments", _ANY_SENTIMENT)),
        urgencies=urgencies if critical else tuple(label for label in urgencies if label != "critical"),
        stands_alone="sentiments" in raw,
    )
