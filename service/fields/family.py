"""In: nothing. Out: the pattern families with what each is worth, and the two values that finders take and give.

A family's ``confidence`` is the share of its finds that agree with the written training tickets, rounded down and kept
under 1 since those tickets were also what the patterns were made on; a family too rare there takes that of its nearest
kin. Where two finds overlap, the lower ``rank`` stands.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Final

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Family:
    """Patterns of one field type that rest on the same kind of evidence."""

    field_type: str
    confidence: float
    rank: int


EMAIL: Final = Family("email", 0.99, 0)
URL: Final = Family("url", 0.99, 1)
IBAN_CHECKED: Final = Family("iban", 0.99, 2)
CARD_CHECKED: Final = Family("card_number", 0.99, 3)
IBAN_UNCHECKED: Final = Family("iban", 0.95, 4)
TRACKING_CHECKED: Final = Family("tracking_number", 0.99, 5)
PHONE_INTERNATIONAL: Final = Family("phone", 0.98, 6)
CARD_MASKED: Final = Family("card_number", 0.97, 7)
CARD_NAMED: Final = Family("card_number", 0.95, 8)
PHONE_NAMED: Final = Family("phone", 0.97, 9)
AMOUNT: Final = Family("amount", 0.98, 10)
ERROR_NAMED: Final = Family("error_code", 0.93, 11)
ORDER_NAMED: Final = Family("order_id", 0.95, 13)
INVOICE_NAMED: Final = Family("invoice_id", 0.95, 13)
TRACKING_SHAPED: Final = Family("tracking_number", 0.95, 12)
TRACKING_NAMED: Final = Family("tracking_number", 0.95, 13)
ACCOUNT_NAMED: Final = Family("account_id", 0.95, 13)
ORDER_SHAPED: Final = Family("order_id", 0.93, 14)
INVOICE_SHAPED: Final = Family("invoice_id", 0.93, 14)
ACCOUNT_SHAPED: Final = Family("account_id", 0.93, 14)
DATE_FULL: Final = Family("date", 0.98, 15)
PHONE_NATIONAL: Final = Family("phone", 0.95, 16)
ERROR_SHAPED: Final = Family("error_code", 0.93, 17)
URL_BARE: Final = Family("url", 0.93, 18)
EMAIL_SPOKEN: Final = Family("email", 0.95, 19)
AMOUNT_SPOKEN: Final = Family("amount", 0.95, 20)
DATE_WORDS: Final = Family("date", 0.95, 21)

NAMED_IDS: Final[Mapping[str, Family]] = {
    family.field_type: family for family in (ORDER_NAMED, INVOICE_NAMED, TRACKING_NAMED, ACCOUNT_NAMED)
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """Characters ``start`` to ``end`` of a text that a family claims.

    ``reading`` is what to normalise where the words around the span tell more than the span ("by Friday").
    """

    family: Family
    start: int
    end: int
    reading: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Clues:
    """A text and what one pass over it tells: where its words and numbers are, hence which families can be in it.

    ``lowered`` has the length of ``text``, character for character, so that an offset counts in both. ``words`` maps each
    lower-case word to the offsets where it starts; ``numbers`` holds those of the words that start with a digit.
    """

    text: str = field(repr=False)
    lowered: str = field(repr=False)
    words: Mapping[str, Sequence[int]] = field(repr=False)
    numbers: Sequence[int] = field(repr=False)
    has_digit: bool
    region: str | None

    @classmethod
    def of(cls, text: str, region: str | None) -> Clues:
        """Read the clues of a text; ``region`` is the ISO country that the customer writes from, if known."""
        lowered = text.replace("İ", "i").lower()  # the one character whose lower case is longer than itself
        words: defaultdict[str, list[int]] = defaultdict(list)
        for match in _WORD.finditer(lowered):
            words[match[0]].append(match.start())
        numbers = sorted(start for word, starts in words.items() if word[0].isdigit() for start in starts)
        has_digit = bool(numbers) or any(not word.isalpha() for word in words)
        return cls(text, lowered, words, numbers, has_digit, region)

    def starts_of(self, wanted: Set[str]) -> list[int]:
        """Where one of the wanted words starts, in order."""
        return sorted(start for word in self.words.keys() & wanted for start in self.words[word])

    def has_any(self, wanted: Set[str]) -> bool:
        """Whether one of the wanted words occurs."""
        return not self.words.keys().isdisjoint(wanted)
