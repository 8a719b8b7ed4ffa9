"""In: a random generator. Out: calendar expressions as people write them, absolute and relative.

Nothing here raises. Clock times are never part of an expression, since they are no field.
"""

from __future__ import annotations

import random
from typing import Final

from models.training.generate.words import words

_YEARS: Final = (2023, 2024, 2025, 2026, 2027)


def _ordinal(day: int) -> str:
    return f"{day}{'th' if 10 < day < 14 else {1: 'st', 2: 'nd', 3: 'rd'}.get(day % 10, 'th')}"


def make_absolute_date(rng: random.Random) -> str:
    """A date with a day, in one of the ways of writing of English, German, French, Dutch, Spanish and machines."""
    day, index, year = rng.randint(1, 28), rng.randrange(12), rng.choice(_YEARS)
    number, month, short = index + 1, words("months")[index], words("months_short")[index]
    weekday = rng.choice(words("weekdays"))
    return rng.choice(
        (
            f"{day} {month}",
            f"{day} {month}",
            f"{day} {month} {year}",
            f"{_ordinal(day)} {month}",
            f"{_ordinal(day)} of {month}",
            f"the {_ordinal(day)}"[4:],
            f"{month} {day}",
            f"{month} {_ordinal(day)}",
            f"{month} {day}, {year}",
            f"{day} {short}",
            f"{day} {short} {year}",
            f"{short} {day}",
            f"{short}. {day}, {year}",
            f"{day}-{short}-{year}",
            f"{year}-{number:02}-{day:02}",
            f"{year}-{number:02}-{day:02}",
            f"{day:02}/{number:02}/{year}",
            f"{number}/{day}/{year}",
            f"{number:02}/{day:02}/{year % 100:02}",
            f"{day:02}.{number:02}.{year}",
            f"{day}.{number}.{year}",
            f"{day:02}.{number:02}.",
            f"{day}/{number}",
            f"{day:02}-{number:02}-{year}",
            f"{weekday} {day} {month}",
            f"{weekday}, {month} {day}",
            f"{weekday}, {day} {month} {year}",
            f"{weekday[:3]} {day} {short}",
            f"{weekday[:3]}, {day} {short} {year}",
            f"{weekday} the {_ordinal(day)}",
        )
    )


def make_vague_date(rng: random.Random) -> str:
    """A weekday, a month or a year alone."""
    return rng.choice(
        (
            rng.choice(words("weekdays")),
            rng.choice(words("weekdays")),
            rng.choice(words("months")),
            f"{rng.choice(words('months'))} {rng.choice(_YEARS)}",
            str(rng.choice(_YEARS)),
        )
    )


def make_past_date(rng: random.Random) -> str:
    """When something happened; reads well after a verb without a preposition."""
    weekday = rng.choice(words("weekdays"))
    return rng.choice((rng.choice(words("relative_past")), rng.choice(words("relative_past")), f"last {weekday}"))


def make_future_date(rng: random.Random) -> str:
    """When something is due; reads well after a verb without a preposition."""
    weekday = rng.choice(words("weekdays"))
    return rng.choice((rng.choice(words("relative_future")), f"next {weekday}", f"this {weekday}"))


def make_near_date(rng: random.Random) -> str:
    """A deadline within about two days."""
    return rng.choice(("tomorrow", "tonight", "today", "tomorrow", "the day after tomorrow"))


def make_date(rng: random.Random) -> str:
    """Any calendar expression."""
    maker = rng.choice((make_absolute_date, make_absolute_date, make_absolute_date, make_vague_date, make_past_date))
    return maker(rng)
