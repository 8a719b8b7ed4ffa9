"""In: a relative calendar expression and the day it was written on. Out: an ISO 8601 date, month, year or week.

Raises ValueError or OverflowError where the calendar ends. Every reader answers None for what it does not read and ""
for what it reads but cannot resolve.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Final

from service.fields.date_words import COUNTS, DAY_OFFSETS, HOLIDAYS, WEEKDAYS
from service.fields.family import any_of

_COUNTED = re.compile(
    rf"(?P<ahead>in\s)?(?:about\s|around\s|roughly\s)?(?P<count>{any_of(COUNTS)}|\d{{1,3}})\s"
    r"(?P<unit>day|night|week|wk|month|year|yr)s?(?:['’]?(?:\stime)?|\s(?P<side>ago|from\snow|from\stoday))$"
)
_TURNED = re.compile(
    r"(?P<turn>last|past|this|next|coming|following)\s"
    rf"(?P<unit>week|month|year|{any_of(WEEKDAYS)}|morning|afternoon|evening)$"
)
_END_OF = re.compile(r"(?:the\s)?end\sof\s(?P<turn>the|this|next|last)\s(?P<unit>week|month|year)$")
_PART_OF_DAY = re.compile(r"(?<!this)\s(?:morning|afternoon|evening|night|lunchtime)$")
_GENITIVE = re.compile(r"['’]?s$")
_TURNS: Final = {"last": -1, "past": -1, "this": 0, "the": 0, "next": 1, "coming": 1, "following": 1}


def nearest_date(today: date, month: int, day: int) -> date:
    """The date of this month and day that is nearest to ``today``."""
    years = (today.year - 1, today.year, today.year + 1)
    dates = [date(year, month, day) for year in years if day <= days_in(date(year, month, 1))]
    return min(dates, key=lambda candidate: abs(candidate - today))


def shift_month(today: date, months: int) -> date:
    """The first day of the month so many months from ``today``."""
    years, month = divmod(today.month - 1 + months, 12)
    return date(today.year + years, month + 1, 1)


def days_in(month: date) -> int:
    """How many days the month of a date has."""
    return (shift_month(month, 1) - timedelta(days=1)).day


def read_day(value: str, today: date) -> str | None:
    """Read "yesterday", "übermorgen", "tomorrow morning", "tonight's"."""
    plain = value.removeprefix("the ")
    for word in (plain, _PART_OF_DAY.sub("", plain), _GENITIVE.sub("", plain)):
        if word in DAY_OFFSETS:
            return (today + timedelta(days=DAY_OFFSETS[word])).isoformat()
    return None


def read_holiday(value: str, today: date) -> str | None:
    """Read "Christmas" and other holidays of a fixed date."""
    at = HOLIDAYS.get(value)
    return None if at is None else nearest_date(today, *at).isoformat()


def read_counted(value: str, today: date) -> str | None:
    """Read "in two weeks", "3 days ago", "two months from now"; no more precisely than it is counted."""
    match = _COUNTED.match(value)
    if match is None or bool(match["ahead"]) == bool(match["side"]):
        return None
    count = int(match["count"]) if match["count"].isdigit() else COUNTS[match["count"]]
    count = -count if match["side"] == "ago" else count
    if match["unit"] == "month":
        return shift_month(today, count).isoformat()[:7]
    if match["unit"] in ("year", "yr"):
        return f"{today.year + count:04}"
    return (today + timedelta(days=count * (7 if match["unit"] in ("week", "wk") else 1))).isoformat()


def read_turned(value: str, today: date) -> str | None:
    """Read "last week", "next Monday", "this afternoon"; the next and the last of today's weekday are a week away."""
    match = _TURNED.match(_PART_OF_DAY.sub("", value))
    if match is None:
        return None
    turn, unit = _TURNS[match["turn"]], match["unit"]
    if unit == "week":
        year, week, _ = (today + timedelta(weeks=turn)).isocalendar()
        return f"{year:04}-W{week:02}"
    if unit == "month":
        return shift_month(today, turn).isoformat()[:7]
    if unit == "year":
        return f"{today.year + turn:04}"
    if unit not in WEEKDAYS:
        return "" if turn else today.isoformat()
    ahead = (WEEKDAYS[unit] - today.weekday()) % 7
    days = {-1: ahead - 7, 0: ahead, 1: ahead or 7}[turn]
    return (today + timedelta(days=days)).isoformat()


def read_end(value: str, today: date) -> str | None:
    """Read "the end of the month", "end of next week"."""
    match = _END_OF.match(value)
    if match is None:
        return None
    turn = _TURNS[match["turn"]]
    if match["unit"] == "week":
        return (today + timedelta(days=6 - today.weekday(), weeks=turn)).isoformat()
    if match["unit"] == "year":
        return date(today.year + turn, 12, 31).isoformat()
    month = shift_month(today, turn)
    return month.replace(day=days_in(month)).isoformat()
