"""In: nothing. Out: the value that one condition of a rule becomes. Raises nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from service.routing.facts import RoutingFacts, RuleVocabulary
from service.routing.values import printable

Wanted = tuple[str, ...]
Ask = Callable[[RoutingFacts], bool]
Tell = Callable[[RoutingFacts], str]


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a rule: what it wants, as written and in words, whether it holds, and how to say so.

    ``seen`` is for the person who asks; ``reason`` goes into results and events, so it holds nothing that the rules
    file does not. ``accepted`` are the values of ``subject`` that hold, where they can be counted.
    """

    key: str
    written: object
    wanted: str
    holds: Ask
    seen: Tell
    reason: Tell
    subject: str
    accepted: frozenset[str] | None = None

    def covers(self, other: Condition) -> bool:
        """Whether this holds for every ticket for which ``other`` holds."""
        if self.accepted is not None and other.accepted is not None:
            return self.subject == other.subject and other.accepted <= self.accepted
        return self.key == other.key and self.written == other.written


Builder = Callable[[str, object, RuleVocabulary], Condition]
Reader = Callable[[object, RuleVocabulary], Wanted]


def shown_text(seen: str | None) -> str:
    """What was seen, fit to be shown; ``none`` where there was nothing."""
    return printable(seen) if seen else "none"
