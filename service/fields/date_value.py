"""In: a calendar expression as written, and the day and country it was written in. Out: an ISO 8601 date, or None.

Raises nothing. What is written with less precision stays so: a month is ``2026-03``, a year ``2026``, a week
``2026-W11``, a range ``2026-02-06/2026-02-10``. A date without a year is the one nearest to the day of writing. A bare
weekday is None, since only its sentence tells whether it is past. What no rule here reads goes to dateparser.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final

import dateparser

from service.fields.date_words import (
    COUNTS,
    DATED,
    DAY_OFFSETS,
    HOLIDAYS,
    MONTH_FIRST,
    MONTHS,
    ORDINALS,
    SPELLED_DAY,
    WEEKDAYS,
    any_of,
)

_MAX_CHARS: Final = 60
_MONTH_FIRST_REGIONS: Final = frozenset(("US", "PH", "FM", "MH", "PW", "GU", "PR"))
_LANGUAGES: Final = ["en", "de", "fr", "es", "it", "nl", "pt", "pl"]
_DAY_ONLY = re.compile(rf"(?:the\s)?(?:(?P<figure>\d{{1,2}})(?:st|nd|rd|th)|(?P<word>{any_of(ORDINALS)}))$")
_SHORT = re.compile(r"(?P<first>\d{1,2})(?P<gap>[/.])(?P<second>\d{1,2})\.?$")
_MONTH = re.compile(rf"(?:(?P<turn>last|next|this)\s|(?:mid|early|late)[-\s])?(?P<month>{any_of(MONTHS)})\.?$")
_YEAR = re.compile(r"(?:19|20)\d\d$")
_COUNTED = re.compile(
    rf"(?P<ahead>in\s)?(?:about\s|around\s|roughly\s)?(?P<count>{any_of(COUNTS)}|\d{{1,3}})\s"
    r"(?P<unit>day|week|wk|month|year|yr)s?(?:['’]?(?:\stime)?|\s(?P<side>ago|from\snow|from\stoday))$"
)
_TURNED = re.compile(
    rf"(?P<turn>last|past|this|next|coming|following)\s(?P<unit>week|month|year|{any_of(WEEKDAYS)}|morning|afternoon|evening)$"
)
_END_OF = re.compile(r"(?:the\s)?end\sof\s(?P<turn>the|this|next|last)\s(?P<unit>week|month|year)$")
_PART_OF_DAY = re.compile(r"\s(?:morning|afternoon|evening|night|lunchtime)$")
_TURNS: Final = {"last": -1, "past": -1, "this": 0, "the": 0, "next": 1, "coming": 1, "following": 1}


def normalize_date(value: str, now: datetime, region: str | None) -> str | None:
    """The ISO 8601 form of a date written at ``now`` in ``region``."""
    return _read(" ".join(value.lower().split()), now.date(), (region or "").upper() or None) if len(value) <= _MAX_CHARS else None


@lru_cache(maxsize=8192)
def _read(value: str, today: date, region: str | None) -> str | None:
    for read in _READERS:
        try:
            answer = read(value, today, region)
        except (ValueError, OverflowError):  # a day that the month has not, a year beyond the calendar
            return None
        if answer is not None:
            return answer or None
    return _ask_dateparser(value, today, region)


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
    around = (_shift_month(today, months) for months in (-1, 0, 1))
    days = [month.replace(day=day) for month in around if day <= _days_in(month)]
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


def _offset(value: str, today: date, _: str | None) -> str | None:
    days = DAY_OFFSETS.get(_PART_OF_DAY.sub("", value.removeprefix("the ")))
    days = DAY_OFFSETS.get(value, days)
    return None if days is None else (today + timedelta(days=days)).isoformat()


def _holiday(value: str, today: date, _: str | None) -> str | None:
    at = HOLIDAYS.get(value)
    return None if at is None else _with_year(today, at[0], at[1], None).isoformat()


def _counted(value: str, today: date, _: str | None) -> str | None:
    match = _COUNTED.match(value)
    if match is None or bool(match["ahead"]) == bool(match["side"]):
        return None
    count = int(match["count"]) if match["count"].isdigit() else COUNTS[match["count"]]
    count = -count if match["side"] == "ago" else count
    if match["unit"] in ("day", "week", "wk"):
        return (today + timedelta(days=count if match["unit"] == "day" else 7 * count)).isoformat()
    if match["unit"] == "month":
        return _shift_month(today, count).isoformat()[:7]
    return f"{today.year + count:04}"


def _turned(value: str, today: date, _: str | None) -> str | None:
    match = _TURNED.match(_PART_OF_DAY.sub("", value) if value[:5] != "this " else value)
    if match is None:
        return None
    turn, unit = _TURNS[match["turn"]], match["unit"]
    if unit == "week":
        return _week(today + timedelta(weeks=turn))
    if unit == "month":
        return _shift_month(today, turn).isoformat()[:7]
    if unit == "year":
        return f"{today.year + turn:04}"
    if unit not in WEEKDAYS:
        return today.isoformat() if turn == 0 else ""
    ahead = (WEEKDAYS[unit] - today.weekday()) % 7
    days = (ahead or 7) - 7 - (7 if ahead == 0 else 0) if turn < 0 else ahead if turn == 0 else ahead or 7
    return (today + timedelta(days=days)).isoformat()


def _end_of(value: str, today: date, _: str | None) -> str | None:
    match = _END_OF.match(value)
    if match is None:
        return None
    turn = _TURNS[match["turn"]]
    if match["unit"] == "week":
        return (today + timedelta(days=6 - today.weekday(), weeks=turn)).isoformat()
    if match["unit"] == "year":
        return date(today.year + turn, 12, 31).isoformat()
    month = _shift_month(today, turn)
    return month.replace(day=_days_in(month)).isoformat()


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
    if written is not None:
        return date(_full_year(written), month, day)
    years = (year for year in (today.year - 1, today.year, today.year + 1) if day < 29 or day <= _days_in(date(year, month, 1)))
    return min((date(year, month, day) for year in years), key=lambda candidate: abs(candidate - today))


def _full_year(written: str) -> int:
    digits = written.removeprefix("'")
    return int(digits) if len(digits) == 4 else 2000 + int(digits)


def _ordinal(word: str) -> int:
    return ORDINALS["-".join(word.split())]


def _shift_month(today: date, months: int) -> date:
    """The first day of the month so many months from ``today``."""
    years, month = divmod(today.month - 1 + months, 12)
    return date(today.year + years, month + 1, 1)


def _days_in(month: date) -> int:
    return (_shift_month(month, 1) - timedelta(days=1)).day


def _week(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year:04}-W{week:02}"


_READERS: Final[tuple[Callable[[str, date, str | None], str | None], ...]] = (
    _offset, _dated, _month_first, _named_month, _turned, _spelled, _day_only, _short, _year, _counted, _end_of, _holiday,
)  # fmt: skip
