"""In: the clues of a text. Out: candidates for dates written out, weekdays and relative calendar expressions.

Raises nothing. Clock times, durations and seasons are no dates. Every pattern starts at a word or number that the clues
located, and looks back no further than `_REACH` characters.
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
)
from service.fields.family import DATE_FULL, DATE_WORDS, Candidate, Clues, any_of, words_of

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
_SPAN_OF_TIME = re.compile(
    r"(?:days?|nights?|weeks?|wks?|months?|years?|yrs?)(?P<side>\sago|\sfrom\s(?:now|today))?(?!\w)"
)
_COUNTED = re.compile(rf"(?<!\w)(?P<ahead>in\s)?(?:about\s|around\s|roughly\s)?(?:{any_of(COUNTS)}|\d{{1,3}})\s$")
_TOLD_AS_PAST = re.compile(
    r"(?<!\w)(?:(?!need(?:ed)?\s|indeed)\w+ed|had|has|was|were|been|came|got|did|\w+n['’]?t|took|made|went|third|fourth|fifth|\d+th)(?!\w)"
)
_FRENCH: Final = frozenset(words_of("je vous nous les est une pas mon ma votre mais"))
_GREETING = re.compile(r"(?<!\w)(?:guten|schönen|goede|goeie|la|esta|de la|am|jeden)\s$")
_UPCOMING = re.compile(r"(?<!\w)(?:by|until|till?|before|bis|tot|avant|antes del|entro|do)\s(?:the\s)?$")
_PASSED = re.compile(r"(?<!\w)(?:since|seit|sinds|depuis|desde el|desde|dal|od)\s(?:the\s)?$")
_RELATIVE_STARTS: Final = frozenset(
    re.split(r"[\s'’-]", word)[0] for word in (*DAY_OFFSETS, *HOLIDAYS, *_LONG_WEEKDAYS)
) | frozenset(words_of(
    "this last next past coming following end weekend easter tonights todays",
)) | frozenset(
    f"{day}s" for day in _LONG_WEEKDAYS
)  # fmt: skip
_UNITS: Final = frozenset(
    words_of(
        "day days night nights week weeks wk wks month months year years yr yrs",
    )
)
_DAY_WORDS: Final = frozenset(word.split("-")[0] for word in ORDINALS)
_WEEKDAYS: Final = frozenset(WEEKDAYS)
_MONTHS: Final = frozenset(MONTHS)


def find_dates(clues: Clues) -> Iterator[Candidate]:
    """Yield calendar expressions; a weekday before a date is part of it, a preposition is not."""
    weekdays = clues.starts_of(_WEEKDAYS) if clues.has_any(_WEEKDAYS) else []
    months = clues.starts_of(_MONTHS) if clues.has_any(_MONTHS) else []
    yield from _full(DATED, clues, [*clues.numbers, *(weekdays if clues.numbers else ())])
    yield from _full(MONTH_FIRST, clues, [*months, *(weekdays if months else ())])
    if months:
        yield from _full(SPELLED_DAY, clues, clues.starts_of(_DAY_WORDS))
    yield from _find_relative(clues)
    yield from _find_counted(clues)


def _full(pattern: re.Pattern[str], clues: Clues, starts: Sequence[int]) -> Iterator[Candidate]:
    for start in starts:
        if match := pattern.match(clues.lowered, start):
            yield Candidate(DATE_FULL, *match.span())


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
