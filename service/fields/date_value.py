"""In: a calendar expression as written, and the day and country it was written in. Out: an ISO 8601 date, or None.

Raises nothing. What is written with less precision stays so: a month is ``2026-03``, a year ``2026``, a week
``2026-W11``, a range ``2026-02-06/2026-02-10``. A date without a year is the one nearest to the day of writing. A bare
weekday is None, since only its sentence tells whether it is past. What no rule here reads goes to dateparser.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time
from functools import lru_cache
from typing import Final

import dateparser

from service.fields.date_words import DATED, MONTH_FIRST, MONTHS, ORDINALS, SPELLED_DAY, WEEKDAYS
from service.fields.family import any_of
from service.fields.relative_date import (
    days_in,
    nearest_date,
    read_counted,
    read_day,
    read_end,
    read_holiday,
    read_turned,
    shift_month,
)

_MAX_CHARS: Final = 60
_MONTH_FIRST_REGIONS: Final = frozenset(("US", "PH", "FM", "MH", "PW", "GU", "PR"))
_LANGUAGES: Final = ["en", "de", "fr", "es", "it", "nl", "pt", "pl"]
_DAY_ONLY = re.compile(rf"(?:the\s)?(?:(?P<figure>\d{{1,2}})(?:st|nd|rd|th)|(?P<word>{any_of(ORDINALS)}))$")
_SHORT = re.compile(r"(?P<first>\d{1,2})(?P<gap>[/.])(?P<second>\d{1,2})\.?$")
_MONTH = re.compile(rf"(?:(?P<turn>last|next|this)\s|(?:mid|early|late)[-\s])?(?P<month>{any_of(MONTHS)})\.?$")
_YEAR = re.compile(r"(?:19|20)\d\d$")


def normalize_date(value: str, now: datetime, region: str | None) -> str | None:
    """The ISO 8601 form of a date written at ``now`` in ``region``."""
    if len(value) > _MAX_CHARS:
        return None
    return _read(" ".join(value.lower().split()), now.date(), region)


@lru_cache(maxsize=8192)
def _read(value: str, today: date, region: str | None) -> str | None:
    try:
        answers = (*(read(value, today) for read in _RELATIVE), *(read(value, today, region) for read in _ABSOLUTE))
    except (ValueError, OverflowError):  # a day that the month has not, a year beyond the calendar
        return None
    answer = next((answer for answer in answers if answer is not None), None)
    return _ask_dateparser(value, today, region) if answer is None else answer or None


def _dated(value: str, today: date, region: str | None) -> str | None:
    match = DATED.match(value)
    if match is None or match.end() != len(value):
        return None
    if match["iso_year"]:
        return date(int(match["iso_year"]), int(match["iso_month"]), int(match["iso_day"])).isoformat()
    if match["first"]:
        return _numeric(match["first"], match["second"], match["gap"], _full_year(match["numeric_year"]), region)
    last = _with_year(today, MONTHS[match["month"]], int(match["day"]), match["year"])
    if match["from_day"]:
        return f"{last.replace(day=int(match['from_day'])).isoformat()}/{last.isoformat()}"
    return last.isoformat()


def _month_first(value: str, today: date, _: str | None) -> str | None:
    match = MONTH_FIRST.match(value)
    if match is None or match.end() != len(value) or re.search(r"[-–]\s?\d{1,2}\b", value):
        return None
    month = MONTHS[match["month"]]
    if match["day"]:
        return _with_year(today, month, int(match["day"]), match["day_year"]).isoformat()
    return f"{match['year']}-{month:02}"


def _spelled(value: str, today: date, _: str | None) -> str | None:
    match = SPELLED_DAY.fullmatch(value)
    if match is None:
        return None
    return _with_year(today, MONTHS[match["month"]], _ordinal(match["ordinal"]), match["year"]).isoformat()


def _day_only(value: str, today: date, _: str | None) -> str | None:
    match = _DAY_ONLY.match(value)
    if match is None:
        return None
    day = int(match["figure"]) if match["figure"] else _ordinal(match["word"])
    around = (shift_month(today, months) for months in (-1, 0, 1))
    days = [month.replace(day=day) for month in around if day <= days_in(month)]
    return min(days, key=lambda candidate: abs(candidate - today)).isoformat() if days and day else ""


def _short(value: str, today: date, region: str | None) -> str | None:
    match = _SHORT.match(value)
    if match is None:
        return None
    read = _numeric(match["first"], match["second"], match["gap"], 2000, region)
    return _with_year(today, int(read[5:7]), int(read[8:]), None).isoformat() if read else ""


def _named_month(value: str, today: date, _: str | None) -> str | None:
    match = _MONTH.match(value)
    if match is None:
        return None
    month = MONTHS[match["month"]]
    years = {"last": -1, "next": 1}.get(match["turn"] or "", 0)
    if not years:
        return _with_year(today, month, 1, None).isoformat()[:7]
    passed = month < today.month if years < 0 else month > today.month
    return f"{today.year + (0 if passed else years):04}-{month:02}"


def _year(value: str, _: date, __: str | None) -> str | None:
    return value if _YEAR.match(value) else None


def _ask_dateparser(value: str, today: date, region: str | None) -> str | None:
    if value in WEEKDAYS or value.rstrip("s") in WEEKDAYS or not re.search(r"\w{2}", value):
        return None
    settings = {
        "RELATIVE_BASE": datetime.combine(today, time(12)),
        "DATE_ORDER": "MDY" if region in _MONTH_FIRST_REGIONS else "DMY",
        "REQUIRE_PARTS": ["day"],
        "RETURN_AS_TIMEZONE_AWARE": False,
    }
    try:
        read = dateparser.parse(value, languages=_LANGUAGES, settings=settings)
    except (ValueError, OverflowError):
        return None
    return None if read is None else read.date().isoformat()


def _numeric(first: str, second: str, gap: str, year: int, region: str | None) -> str:
    """Read "3/4/2026" or "3.4." by what its numbers, its separator or the region decide; "" where nothing does."""
    one, two = int(first), int(second)
    month_first = region in _MONTH_FIRST_REGIONS if gap != "." else False
    if one > 12 or two > 12:
        month_first = two > 12
    elif region is None and gap == "/" and one != two:
        return ""
    month, day = (one, two) if month_first else (two, one)
    return date(year, month, day).isoformat()


def _with_year(today: date, month: int, day: int, written: str | None) -> date:
    return nearest_date(today, month, day) if written is None else date(_full_year(written), month, day)


def _full_year(written: str) -> int:
    """Four digits as they are; two as POSIX reads them, 69 and more in the last century."""
    year = int(written.removeprefix("'"))
    return year if year > 99 else year + (1900 if year >= 69 else 2000)


def _ordinal(word: str) -> int:
    return ORDINALS["-".join(word.split())]


_RELATIVE: Final = (read_day, read_turned, read_counted, read_end, read_holiday)
_ABSOLUTE: Final[tuple[Callable[[str, date, str | None], str | None], ...]] = (
    _dated, _month_first, _named_month, _spelled, _day_only, _short, _year,
)  # fmt: skip
