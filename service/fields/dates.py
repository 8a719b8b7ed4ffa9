"""In: the clues of a text. Out: candidates for calendar expressions, absolute and relative.

Raises nothing. Clock times, durations and seasons are no dates. Words that are also something else ("may", "march", a
first name June) need a preposition before them, or a capital inside a sentence. Every pattern starts at a word or number
that the clues located, and looks back no further than `_REACH` characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from service.fields.date_words import (
    COUNTS,
    DATED,
    DAY_OFFSETS,
    HOLIDAYS,
    MONTH_FIRST,
    MONTHS,
    ORDINALS,
    SHORT_WEEKDAYS,
    SPELLED_DAY,
    WEEKDAYS,
    any_of,
)
from service.fields.family import DATE_FULL, DATE_WORDS, Candidate, Clues

_REACH: Final = 28
_LONG_WEEKDAYS: Final = frozenset(WEEKDAYS) - SHORT_WEEKDAYS
_PART_OF_DAY = r"(?:\s(?:morning|afternoon|evening|night|lunchtime))?"
_RELATIVE = re.compile(
    r"(?<![\w-])(?:"
    rf"(?P<offset>{any_of(DAY_OFFSETS)})(?:['’]?s(?!\w))?{_PART_OF_DAY}"
    r"|this\s(?:morning|afternoon|evening|week|month|year|weekend|quarter)"
    rf"|(?:last|next|this|past|coming|following)\s(?:{any_of(frozenset(WEEKDAYS))}){_PART_OF_DAY}"
    rf"|(?:last|next|this|past|coming|following)\s(?:{any_of(MONTHS)}|week|weekend|month|year|quarter|christmas|easter)"
    rf"|(?P<weekday>{any_of(_LONG_WEEKDAYS)})s?{_PART_OF_DAY}"
    r"|end\sof\s(?:the|this|next|last)\s(?:week|month|year|quarter)|(?<=the\s)weekend"
    rf"|{any_of(HOLIDAYS)}|easter(?:\s(?:sunday|monday|weekend))?"
    r")(?![\w-])"
)
_SPAN_OF_TIME = re.compile(r"(?:days?|weeks?|wks?|months?|years?|yrs?)(?P<side>\sago|\sfrom\s(?:now|today))?(?!\w)")
_COUNTED = re.compile(rf"(?<!\w)(?P<ahead>in\s)?(?:about\s|around\s|roughly\s)?(?:{any_of(COUNTS)}|\d{{1,3}})\s$")
_TOLD_AS_PAST = re.compile(r"(?<!\w)(?:\w+ed|had|has|was|were|been|came|got|did|\w+n['’]?t|took|made|went|time|hike|\W*wow)(?!\w)")
_MONTH_ALONE = re.compile(rf"(?P<month>{any_of(MONTHS)})(?![\w@-]|\.\w)")
_PART_OF_MONTH = re.compile(r"(?<!\w)(?:mid|early|late)[-\s]$")
_NOT_ALONE: Final = frozenset(
    "mar jun jul aug sep sept oct nov dec okt dez jän janv févr avr juil déc ene abr dic febr apr jan feb fev mrt mrz maj"
    " marca marcu maju".split()
)
_AMBIGUOUS: Final = frozenset(
    "may march april june august mars mai mei julio abril agosto juli juni maja luty listopad".split()
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
    r"|in|you|your|please|pls|to|which|that|by|as|if|my|god|um|uh|today|this|next|last|thanks?|explains|the|a)(?!\w)"
)
_YEAR_ALONE = re.compile(
    r"(?:19[5-9]|20[0-4])\d(?![\w/€£$%-]|[.,:]\d|\s?(?:€|£|eur|usd|units?|pieces|pcs|points|people|customers|users|of|times"
    r"|km|kg|watts?|w|mah)(?!\w))"
)
_BEFORE_YEAR = re.compile(
    r"(?<!\w)(?:in|since|of|from|until|till?|by|during|before|after|for|late|early|mid|around|built|bought|year|seit|jahr|en"
    r"|desde|depuis|dal|nel|sinds|van|od|roku|my|your|spring|summer|autumn|fall|winter)\s$"
)
_SHORT = re.compile(
    r"(?:3[01]|[12]\d|0?[1-9])(?:/(?:3[01]|[12]\d|0?[1-9])|\.(?:1[0-2]|0?[1-9])\.?)(?![\w/.-]*\w)(?![%€£$])"
)
_BEFORE_SHORT = re.compile(
    r"(?<!\w)(?:on|by|since|until|till|from|before|after|dated?|date:|am|vom|bis|seit|ab|zum|le|du|el|del|il|op|the)\s$"
)
_FRENCH: Final = frozenset("je vous nous les est une pas mon ma votre mais".split())
_GREETING = re.compile(r"(?<!\w)(?:guten|schönen|goede|goeie|la|esta|de la|am|jeden)\s$")
_UPCOMING = re.compile(r"(?<!\w)(?:by|until|till?|before|bis|tot|avant|antes del|entro|do)\s(?:the\s)?$")
_PASSED = re.compile(r"(?<!\w)(?:since|seit|sinds|depuis|desde el|desde|dal|od)\s(?:the\s)?$")
_RELATIVE_STARTS: Final = frozenset(
    re.split(r"[\s'’-]", word)[0] for word in (*DAY_OFFSETS, *HOLIDAYS, *_LONG_WEEKDAYS)
) | frozenset("this last next past coming following end weekend easter tonights todays".split()) | frozenset(
    f"{day}s" for day in _LONG_WEEKDAYS
)  # fmt: skip
_UNITS: Final = frozenset("day days week weeks wk wks month months year years yr yrs".split())
_DAY_WORDS: Final = frozenset(word.split("-")[0] for word in ORDINALS)
_WEEKDAYS: Final = frozenset(WEEKDAYS)
_MONTHS: Final = frozenset(MONTHS)


def find_dates(clues: Clues) -> Iterator[Candidate]:
    """Yield calendar expressions; a weekday before a date is part of it, a preposition is not."""
    weekdays = clues.starts_of(_WEEKDAYS) if clues.has_any(_WEEKDAYS) else []
    months = clues.starts_of(_MONTHS) if clues.has_any(_MONTHS) else []
    yield from _full(DATED, clues, [*clues.numbers, *(weekdays if clues.numbers else ())])
    yield from _full(MONTH_FIRST, clues, [*months, *(weekdays if months else ())])
    if clues.has_any(_DAY_WORDS):
        yield from _full(SPELLED_DAY, clues, clues.starts_of(_DAY_WORDS))
        yield from _find_days_of_month(clues, clues.starts_of(_DAY_WORDS))
    yield from _find_relative(clues)
    yield from _find_counted(clues)
    yield from _find_months(clues, months)
    yield from _find_days_of_month(clues, clues.numbers)
    yield from _introduced(_YEAR_ALONE, _BEFORE_YEAR, clues)
    yield from _introduced(_SHORT, _BEFORE_SHORT, clues)


def _full(pattern: re.Pattern[str], clues: Clues, starts: Sequence[int]) -> Iterator[Candidate]:
    for start in starts:
        if match := pattern.match(clues.lowered, start):
            yield Candidate(DATE_FULL, *match.span())


def _introduced(pattern: re.Pattern[str], before: re.Pattern[str], clues: Clues) -> Iterator[Candidate]:
    for start in clues.numbers:
        match = pattern.match(clues.lowered, start)
        if match and before.search(clues.lowered, max(0, start - _REACH), start):
            yield Candidate(DATE_WORDS, *match.span())


def _find_relative(clues: Clues) -> Iterator[Candidate]:
    lowered = clues.lowered
    for start in clues.starts_of(_RELATIVE_STARTS):
        match = _RELATIVE.match(lowered, start)
        if match is None or (match["offset"] and _is_other_word(clues, match["offset"], start)):
            continue
        yield Candidate(DATE_WORDS, start, match.end(), _weekday_reading(lowered, start, match["weekday"]))


def _weekday_reading(lowered: str, start: int, weekday: str | None) -> str | None:
    """What a weekday means behind "by" or "since"; None where the words before do not tell past from future."""
    if weekday is None:
        return None
    around = max(0, start - _REACH)
    if _UPCOMING.search(lowered, around, start):
        return f"this {weekday}"
    return f"last {weekday}" if _PASSED.search(lowered, around, start) else None


def _is_other_word(clues: Clues, word: str, start: int) -> bool:
    """Whether "hier" is the German for here, "morgen" or "mañana" the morning."""
    if word == "hier":
        return sum(french in clues.words for french in _FRENCH) < 2
    if word not in ("morgen", "mañana"):
        return False
    return clues.text[start].isupper() or _GREETING.search(clues.lowered, max(0, start - _REACH), start) is not None


def _find_counted(clues: Clues) -> Iterator[Candidate]:
    """Yield "two weeks ago" and "in two weeks"; "sorted in two weeks" is a duration."""
    for at in clues.starts_of(_UNITS) if clues.has_any(_UNITS) else ():
        unit = _SPAN_OF_TIME.match(clues.lowered, at)
        count = _COUNTED.search(clues.lowered, max(0, at - _REACH), at)
        if unit is None or count is None:
            continue
        if unit["side"]:
            yield Candidate(DATE_WORDS, count.end("ahead") if count["ahead"] else count.start(), unit.end())
        elif count["ahead"] and not re.search(r"\s(?:an?|years?)\s", f"{count[0]}{unit[0]} "):
            sentence = re.split(r"[.!?\n]", clues.lowered[max(0, count.start() - 60) : count.start()])[-1]
            if not _TOLD_AS_PAST.search(sentence):
                yield Candidate(DATE_WORDS, count.start(), unit.end())


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
    return (inside and before[-1] not in ("around", "near")) or _FOLLOWED.match(clues.lowered, match.end()) is not None


def _find_days_of_month(clues: Clues, starts: Sequence[int]) -> Iterator[Candidate]:
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
