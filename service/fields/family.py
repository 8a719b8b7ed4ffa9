"""In: nothing. Out: the pattern families with what each is worth, and the two values that finders take and give.

A family's ``confidence`` is the share of its finds that the labels of the written training tickets agree with, lowered
by hand since the patterns were made on these tickets, and more where finds were few (shapes without an announcing word,
bare hosts, references). Where two finds overlap, the lower ``rank`` stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Final

_WORD = re.compile(r"\w+")
_DIGIT = re.compile(r"\d")
_NUMBER = re.compile(r"\b\d")


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
CARD_NAMED: Final = Family("card_number", 0.90, 8)
PHONE_NAMED: Final = Family("phone", 0.97, 9)
AMOUNT: Final = Family("amount", 0.98, 10)
ERROR_NAMED: Final = Family("error_code", 0.95, 11)
TRACKING_SHAPED: Final = Family("tracking_number", 0.97, 12)
ORDER_NAMED: Final = Family("order_id", 0.98, 13)
INVOICE_NAMED: Final = Family("invoice_id", 0.96, 13)
TRACKING_NAMED: Final = Family("tracking_number", 0.97, 13)
ACCOUNT_NAMED: Final = Family("account_id", 0.98, 13)
ORDER_SHAPED: Final = Family("order_id", 0.93, 14)
INVOICE_SHAPED: Final = Family("invoice_id", 0.93, 14)
ACCOUNT_SHAPED: Final = Family("account_id", 0.93, 14)
ORDER_REFERENCED: Final = Family("order_id", 0.85, 14)
DATE_FULL: Final = Family("date", 0.99, 15)
PHONE_NATIONAL: Final = Family("phone", 0.97, 16)
ERROR_SHAPED: Final = Family("error_code", 0.95, 17)
URL_BARE: Final = Family("url", 0.90, 18)
EMAIL_SPOKEN: Final = Family("email", 0.95, 19)
AMOUNT_SPOKEN: Final = Family("amount", 0.95, 20)
DATE_WORDS: Final = Family("date", 0.98, 21)

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
    """A text and what one pass over it tells: its words and where its numbers are, hence which families can be in it.

    ``lowered`` has the length of ``text``, character for character, so that an offset counts in both; ``words`` are
    those of ``lowered``, and ``numbers`` the offsets of the words that start with a digit.
    """

    text: str = field(repr=False)
    lowered: str = field(repr=False)
    words: frozenset[str] = field(repr=False)
    numbers: tuple[int, ...] = field(repr=False)
    has_digit: bool
    region: str | None

    @classmethod
    def of(cls, text: str, region: str | None) -> Clues:
        """Read the clues of a text; ``region`` is the ISO country that the customer writes from, if known."""
        lowered = text.replace("İ", "i").lower()  # the one character whose lower case is longer than itself
        has_digit = _DIGIT.search(text) is not None
        numbers = tuple(match.start() for match in _NUMBER.finditer(text)) if has_digit else ()
        return cls(text, lowered, frozenset(_WORD.findall(lowered)), numbers, has_digit, region)

    def has_any(self, wanted: Set[str]) -> bool:
        """Whether one of the wanted words occurs."""
        return not self.words.isdisjoint(wanted)

    def starts_of(self, wanted: Set[str]) -> list[int]:
        """Where one of the wanted words starts, in order."""
        return sorted(start for word in self.words & wanted for start in self._starts(word))

    def _starts(self, word: str) -> Iterator[int]:
        lowered, end = self.lowered, 0
        while (start := lowered.find(word, end)) >= 0:
            end = start + len(word)
            if not _is_word_char(lowered[start - 1 : start]) and not _is_word_char(lowered[end : end + 1]):
                yield start


def any_of(words: Iterable[str]) -> str:
    """A pattern of any of the words, longer ones first; a space stands for any white space, a hyphen for one too."""
    longest_first = sorted(words, key=len, reverse=True)
    return "|".join(re.escape(word).replace(r"\ ", r"\s").replace(r"\-", r"[\s-]") for word in longest_first)


def words_of(*rows: str) -> tuple[str, ...]:
    """The words of rows in which white space parts them."""
    return tuple(word for row in rows for word in row.split())


def _is_word_char(char: str) -> bool:
    return char.isalnum() or char == "_"
