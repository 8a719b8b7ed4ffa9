"""In: the clues of a text. Out: candidates for dates that name a month, a day of the month or a year and no more.

Raises nothing. Words and numbers that are also something else ("may", "march", a first name June, a count) need the
words around them: a preposition before, a capital inside a sentence, the end of a clause behind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from service.fields.date_words import MONTHS, ORDINALS
from service.fields.family import DATE_WORDS, Candidate, Clues, any_of, words_of

_REACH: Final = 28
_MONTH_ALONE = re.compile(rf"(?P<month>{any_of(MONTHS)})(?![\w@-]|\.\w)")
_PART_OF_MONTH = re.compile(r"(?<!\w)(?:mid|early|late)[-\s]$")
_NOT_ALONE: Final = frozenset(
    words_of(
        "mar jun jul aug sep sept oct nov dec okt dez jän janv févr avr juil déc ene abr dic febr apr jan feb fev mrt",
        "mrz maj marca marcu maju",
    )
)
_AMBIGUOUS: Final = frozenset(
    words_of(
        "may march april june august mars mai mei julio abril agosto juli juni maja luty listopad",
    )
)
_INTRODUCED = re.compile(
    r"(?<!\w)(?:in|since|until|till?|by|from|of|last|next|this|for|before|after|during|every|through|between|as|im|ab|seit"
    r"|bis|vo[nm]|en|du|depuis|desde|hasta|del?|da|dal|per|vanaf|sinds|tot|op|fin|início|końca|od|do|w|our|your|my|the|its"
    r"|half|whole|january|february|march|april|may|june|july|august)[\s-](?:and\s|to\s|um\s|uh\s|my\s|your\s|the\s)?$"
)
_FOLLOWED = re.compile(r"(?:['’]s)?\s(?:bill|invoice|payment|statement|rent|instalment|salary|fee)(?!\w)")
_DAY_OF_MONTH = re.compile(rf"(?:(?:3[01]|[12]\d|[1-9])(?:st|nd|rd|th)|{any_of(ORDINALS)})(?!\w)")
_BEFORE_DAY = re.compile(
    r"(?<!\w)(?P<on>on|by|until|till?|since|from|before|after|to|of|for|due|and|is|was|being)\s(?:the\s)?(?:uh\s|um\s|uhm\s)?$"
    r"|(?<!\w)the\s$"
)
_AFTER_DAY = re.compile(
    r"\s?[.,;:!?)\]\"'”–-](?:\s|$)|\s?$|\s?\n|\s(?:and|at|is|was|but|so|i|i've|i'd|it|we|they|he|she|for|with|when|because|or"
    r"|in|you|your|please|pls|to|which|that|by|as|if|my|um|uh|today|this|next|last|the|a)(?!\w)"
)
_YEAR_ALONE = re.compile(
    r"(?:19[5-9]|20[0-4])\d(?![\w/€£$%-]|[.,:]\d|\s?(?:€|£|eur|usd|units?|pieces|pcs|points|people|customers|users|of|times"
    r"|km|kg|watts?|w|mah)(?!\w))"
)
_BEFORE_YEAR = re.compile(
    r"(?<!\w)(?:in|since|of|from|until|till?|by|during|before|after|for|late|early|mid|around|built|bought|year|seit|jahr|en"
    r"|desde|depuis|dal|nel|sinds|van|od|roku|my|your|spring|summer|autumn|fall|winter)\s$"
)
_SHORT = re.compile(r"(?:3[01]|[12]\d|0?[1-9])(?:/(?:3[01]|[12]\d|0?[1-9])|\.(?:1[0-2]|0?[1-9])\.?)(?![\w/%€£$-]|\.\w)")
_BEFORE_SHORT = re.compile(
    r"(?<!\w)(?:on|by|since|until|till|from|before|after|dated?|date:|am|vom|bis|seit|ab|zum|le|du|el|del|il|op|the)\s$"
)
_DAY_WORDS: Final = frozenset(word.split("-")[0] for word in ORDINALS)
_MONTHS: Final = frozenset(MONTHS)


def find_partial_dates(clues: Clues) -> Iterator[Candidate]:
    """Yield months, days and years that stand alone, and days with a month in figures ("on 3/4", "am 24.12.")."""
    if clues.has_any(_MONTHS):
        yield from _find_months(clues, clues.starts_of(_MONTHS))
    if clues.has_any(_DAY_WORDS):
        yield from _find_days(clues, clues.starts_of(_DAY_WORDS))
    yield from _find_days(clues, clues.numbers)
    yield from _introduced(_YEAR_ALONE, _BEFORE_YEAR, clues)
    yield from _introduced(_SHORT, _BEFORE_SHORT, clues)


def _introduced(pattern: re.Pattern[str], before: re.Pattern[str], clues: Clues) -> Iterator[Candidate]:
    for start in clues.numbers:
        match = pattern.match(clues.lowered, start)
        if match and before.search(clues.lowered, max(0, start - _REACH), start):
            yield Candidate(DATE_WORDS, *match.span())


def _find_months(clues: Clues, starts: Sequence[int]) -> Iterator[Candidate]:
    for start in starts:
        match = _MONTH_ALONE.match(clues.lowered, start)
        if match is None or clues.lowered[start - 1 : start] in ("/", "@", "."):
            continue
        part = _PART_OF_MONTH.search(clues.lowered, max(0, start - 7), start)
        if part is not None or _is_month(clues, match):
            yield Candidate(DATE_WORDS, start if part is None else part.start(), match.end())


def _is_month(clues: Clues, match: re.Match[str]) -> bool:
    month, start = match["month"], match.start()
    if month not in _NOT_ALONE and month not in _AMBIGUOUS:
        return clues.lowered[start - 1 : start] != "-"
    if _INTRODUCED.search(clues.lowered, max(0, start - _REACH), start):
        return True
    if month in _NOT_ALONE or not clues.text[start].isupper():
        return False
    before = clues.text[max(0, start - _REACH) : start].split()
    inside = bool(before) and before[-1].isalpha() and before[-1].islower() and clues.text[start - 1] == " "
    is_place = inside and before[-1] in ("around", "near")
    return (inside and not is_place) or _FOLLOWED.match(clues.lowered, match.end()) is not None


def _find_days(clues: Clues, starts: Sequence[int]) -> Iterator[Candidate]:
    for start in starts:
        match = _DAY_OF_MONTH.match(clues.lowered, start)
        if match is None or not _AFTER_DAY.match(clues.lowered, match.end()):
            continue
        before = _BEFORE_DAY.search(clues.lowered, max(0, start - _REACH), start)
        in_words = not match[0][0].isdigit()
        if before is None or (in_words and before["on"] in (None, "and", "is", "was", "being", "of")):
            continue
        if not in_words or match[0] not in ("first", "second", "third"):
            yield Candidate(DATE_WORDS, *match.span())
