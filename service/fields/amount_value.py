"""In: an amount of money as written. Out: its value as a decimal string with its ISO 4217 currency, or None.

Raises nothing. Both styles of thousands separators are read; "1.299" alone is a whole number in euros and a decimal in
currencies whose countries write decimals with a point.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Final

from babel.numbers import get_currency_precision, get_territory_currencies, is_currency

from service.fields.currencies import CODES, HUNDREDTH_WORDS, NUMBER_WORDS, REGIONAL, SIGNS, SPOKEN_CURRENCIES, WORDS
from service.fields.family import words_of

_MAX_CHARS: Final = 80
_MAX_FIGURE_CHARS: Final = 24
_FIGURES = re.compile(r"\d(?:[.,'’ \xa0\u202f\u2009]?\d)*")
_GROUPS = re.compile(r"[^\d.,]")
_AFTER: Final[Mapping[str, int]] = {
    "k": 10**3, "thousand": 10**3, "grand": 10**3, "m": 10**6, "mn": 10**6, "mio": 10**6, "million": 10**6,
    "millions": 10**6, "millionen": 10**6, "bn": 10**9, "billion": 10**9,
}  # fmt: skip
_POINT_DECIMAL: Final = frozenset(words_of("USD GBP AUD CAD NZD HKD SGD JPY CNY INR MXN"))
_SPELLED_WORD = re.compile(r"[^\W\d_]+")
_HUNDREDTHS: Final = frozenset(("pence", "cent", "cents"))


def normalize_amount(value: str, region: str | None) -> Mapping[str, str] | None:
    """``{"value": "1299.00", "currency": "EUR"}``, with at least the currency's own number of decimals."""
    read = _read(value.strip().lower(), region) if len(value) <= _MAX_CHARS else None
    return None if read is None else {"value": read[0], "currency": read[1]}


@lru_cache(maxsize=4096)
def _read(value: str, region: str | None) -> tuple[str, str] | None:
    figures = _FIGURES.search(value)
    if figures is None:
        return _read_spelled(value, region)
    if len(figures[0]) > _MAX_FIGURE_CHARS:
        return None
    before, after = value[: figures.start()], value[figures.end() :]
    multiple, rest = _multiple(after)
    written = before.strip(" -−–\xa0\u202f\u2009") or rest.strip(" \xa0\u202f\u2009,-–")
    currency = _currency(written, region)
    if currency is None:
        return None
    number = _to_decimal(figures[0], currency) * multiple
    if written in HUNDREDTH_WORDS:
        number /= 100
    if any(sign in before or after.startswith(sign + "$") for sign in "-−") or before.strip().startswith("–"):
        number = -number
    return _to_string(number, currency), currency


def _multiple(after: str) -> tuple[int, str]:
    word = re.match(r"[ \xa0]?([a-z]+)(?!\w)", after)
    if word is None or word[1] not in _AFTER:
        return 1, after
    return _AFTER[word[1]], after[word.end() :]


def _currency(written: str, region: str | None) -> str | None:
    """The ISO 4217 code of a sign, code or word; the region's own currency where several are written alike."""
    if written == "p":
        return "GBP"
    if written in REGIONAL and region is not None:
        usual = SIGNS.get(written) or WORDS.get(written)
        own = next(iter(get_territory_currencies(region)), None)
        own_is_meant = own is not None and _written_alike(own, written)
        return own if own_is_meant else usual
    if written in SIGNS or written in WORDS:
        return SIGNS.get(written) or WORDS.get(written)
    code = written.upper()
    return code if written in CODES or (len(code) == 3 and code.isascii() and is_currency(code)) else None


def _written_alike(currency: str, written: str) -> bool:
    alike = {
        "$": "USD AUD CAD NZD HKD SGD MXN CLP COP ARS TWD", "dollar": "USD AUD CAD NZD HKD SGD",
        "buck": "USD AUD CAD NZD", "¥": "JPY CNY", "kr": "SEK NOK DKK ISK", "peso": "MXN CLP COP ARS",
        "rs": "INR PKR LKR NPR", "cent": "EUR USD AUD CAD NZD", "ct": "EUR", "fr": "CHF",
    }  # fmt: skip
    return any(written.startswith(stem) and currency in codes.split() for stem, codes in alike.items())


def _to_decimal(figures: str, currency: str) -> Decimal:
    plain = _GROUPS.sub("", figures)
    last = max(plain.rfind("."), plain.rfind(","))
    if last < 0:
        return Decimal(plain)
    mark, whole, part = plain[last], plain[:last], plain[last + 1 :]
    is_group = len(part) == 3 and whole not in ("", "0") and not (mark == "." and _is_decimal_point(whole, currency))
    if is_group or plain.count(mark) > 1:
        return Decimal(re.sub(r"[.,]", "", plain))
    return Decimal(f"{re.sub(r'[.,]', '', whole) or '0'}.{part}")


def _is_decimal_point(whole: str, currency: str) -> bool:
    return currency in _POINT_DECIMAL and "." not in whole


def _to_string(number: Decimal, currency: str) -> str:
    digits = get_currency_precision(currency)
    exponent = number.normalize().as_tuple().exponent
    used = -exponent if isinstance(exponent, int) else 0
    return f"{number:.{max(digits, used)}f}"


def _read_spelled(value: str, region: str | None) -> tuple[str, str] | None:
    """Read "two hundred and ten euros", "twelve pounds fifty" and "sixty pounds and eleven pence"."""
    words = [word for word in _SPELLED_WORD.findall(value) if word != "and"]
    at = next((index for index, word in enumerate(words) if word in SPOKEN_CURRENCIES), None)
    if not at:
        return None
    currency = _currency(words[at], region)
    whole = _spelled_number(words[:at])
    rest = [word for word in words[at + 1 :] if word not in _HUNDREDTHS]
    part = _spelled_number(rest) if rest else 0
    if currency is None or whole is None or part is None or part > 99:
        return None
    number = Decimal(whole) / 100 if words[at] in _HUNDREDTHS else Decimal(whole) + Decimal(part) / 100
    return _to_string(number, currency), currency


def _spelled_number(words: list[str]) -> int | None:
    total, current = 0, 0
    for word in words:
        number = NUMBER_WORDS.get(word)
        if number is None:
            return None
        if number == 100:
            current = max(current, 1) * 100
        elif number >= 1_000:
            total, current = total + max(current, 1) * number, 0
        else:
            current += number
    return total + current
