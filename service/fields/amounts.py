"""In: the clues of a text. Out: candidates for amounts of money, in figures or spelled in English.

Raises nothing. An amount is a number with a currency before or behind it: a sign, an ISO 4217 code or a word.
`service.fields.amount_value` reads what is found here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from service.fields.currencies import CODES, NUMBER_WORDS, SIGNS, SPOKEN_CURRENCIES, WORDS
from service.fields.family import AMOUNT, AMOUNT_SPOKEN, Candidate, Clues, any_of

_GAP = r"[ \xa0\u202f\u2009]"
_NUMBER = (
    r"(?:\d{1,3}(?:[.,'’ \xa0\u202f\u2009]\d{3}){1,5}(?:[.,]\d{1,2})?(?![.,]?\d)"
    r"|\d{1,15}(?:[.,]\d{1,4}(?!\d)|,[-–]{1,2}(?![\d-]))?)"
)
_MULTIPLE = rf"(?:{_GAP}?(?:k|m|mn|mio|bn|million|billion|thousand|grand|millionen|millions)(?!\w))?"
_SIGN, _CODE, _WORD = any_of(SIGNS), any_of(CODES), any_of(WORDS)
_BEFORE = re.compile(
    rf"(?<![\w$€£])(?:[-−–]{_GAP}?)?(?:(?:{_SIGN}){_GAP}?[-−]?|(?P<code>{_CODE}|rs\.?|fr\.){_GAP}{{0,2}}(?!\w+[-/]\w))"
    rf"(?:{_NUMBER}){_MULTIPLE}"
)
_BEHIND = re.compile(
    rf"(?<![\w.,$€£/#])(?<![^\d\s]-)(?:[-−]{_GAP}?)?(?:{_NUMBER}){_MULTIPLE}{_GAP}{{0,2}}"
    rf"(?:(?:{_SIGN})(?![\d]|{_GAP}?\d)|(?:(?P<code>{_CODE})|(?P<word>{_WORD}))(?![\w]))"
)
_PENCE = re.compile(r"(?<![\w.,$€£/#-])\d{1,2}(?:\.\d{1,2})?p(?!\w)")
_NOT_MONEY = re.compile(r"\s+(?:of (?!(?:my|our|your|the|their|his|her)\b)|heavier|lighter|overweight|in weight)")
_CURRENCY_WORDS: Final = frozenset(word.rstrip(".") for word in (*CODES, *WORDS, *SIGNS))
_CURRENCY_CLUE = re.compile(rf"[{''.join(sign for sign in SIGNS if len(sign) == 1)}]|\d[^\W\d_]")
_SPOKEN_CURRENCIES: Final = frozenset(SPOKEN_CURRENCIES)
_FREE_CASE: Final = frozenset(("eur", "usd", "gbp", "chf", "pln", "sek", "nok", "dkk", "rs", "rs.", "inr"))
_SPELLED = any_of(NUMBER_WORDS.keys() - {"zero"})
_SPOKEN = re.compile(
    rf"(?<![\w-])(?:(?:{_SPELLED})(?:-|\s{{1,2}}(?:and\s)?)){{1,9}}(?:{any_of(SPOKEN_CURRENCIES)})(?!\w)"
    rf"(?:\s(?:and\s)?(?:(?:{_SPELLED})[\s-]?){{1,2}}(?:\s?(?:pence|cents?)(?!\w))?(?![\w-]))?"
)


def find_amounts(clues: Clues) -> Iterator[Candidate]:
    """Yield amounts with their sign, currency and multiple ("$1.4M", "-12.50 GBP", "twenty quid")."""
    if clues.has_digit and (clues.has_any(_CURRENCY_WORDS) or _CURRENCY_CLUE.search(clues.lowered)):
        for match in _BEFORE.finditer(clues.lowered):
            code = match["code"]
            if code is None or code in _FREE_CASE or clues.text[match.start("code")].isupper():
                yield Candidate(AMOUNT, match.start(), _trimmed(clues.lowered, match))
        for match in _BEHIND.finditer(clues.lowered):
            if _is_money(clues, match):
                yield Candidate(AMOUNT, *match.span())
        for match in _PENCE.finditer(clues.lowered):
            yield Candidate(AMOUNT, *match.span())
    if clues.has_any(_SPOKEN_CURRENCIES) and clues.has_any(NUMBER_WORDS.keys()):
        for match in _SPOKEN.finditer(clues.lowered):
            if not _NOT_MONEY.match(clues.lowered, match.end()):
                yield Candidate(AMOUNT_SPOKEN, match.start(), _trimmed(clues.lowered, match))


def _is_money(clues: Clues, match: re.Match[str]) -> bool:
    code = match["code"]
    if code is not None:
        return code in _FREE_CASE or clues.text[match.start("code") : match.end("code")].isupper()
    if match["word"] == "ft":  # a foot is never written with one capital
        return clues.text[match.start("word") : match.end("word")] == "Ft"
    return match["word"] not in ("pound", "pounds") or not _NOT_MONEY.match(clues.lowered, match.end())


def _trimmed(lowered: str, match: re.Match[str]) -> int:
    """The end without white space and without the "-" of a price in whole units."""
    return match.start() + len(lowered[match.start() : match.end()].rstrip())
