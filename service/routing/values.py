"""In: one value of a rules file, as TOML gave it. Out: the same value, checked and typed.

Raises `RuleValueError`, whose message says what is wrong and what to write instead.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from babel.numbers import is_currency

MAX_NAME_CHARS = 64
MAX_REASON_CHARS = 200
MAX_AMOUNT_DIGITS = 30


class RuleValueError(ValueError):
    """A value of a rules file is wrong."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount; without a currency it stands for that many units of any currency."""

    value: Decimal
    currency: str | None

    def __str__(self) -> str:
        # Written out, 1E+999999999 would fill the memory.
        digits = f"{self.value:f}" if abs(self.value.adjusted()) < MAX_AMOUNT_DIGITS else str(self.value)
        return f"{digits} {self.currency}" if self.currency else digits


def read_text(value: object, max_chars: int = MAX_NAME_CHARS) -> str:
    """A short printable text."""
    if not isinstance(value, str):
        raise RuleValueError(f"{shown(value)} is not text; put it in double quotes")
    if not value.strip() or value != value.strip() or not value.isprintable() or len(value) > max_chars:
        raise RuleValueError(f"write 1 to {max_chars} printable characters without spaces at either end")
    return value


def read_texts(value: object) -> tuple[str, ...]:
    """One text or a list of them; each is kept once, in the order written."""
    if not isinstance(value, list):
        return (read_text(value),)
    if not value:
        raise RuleValueError("the list is empty; name at least one value, or leave the key out")
    return tuple(dict.fromkeys(read_text(item) for item in value))


def read_labels(value: object, allowed: tuple[str, ...], what: str) -> tuple[str, ...]:
    """One or more of ``allowed``; ``what`` names them in the message."""
    names = read_texts(value)
    unknown = [name for name in names if name not in allowed]
    if unknown:
        raise RuleValueError("; ".join(f"there is no {what} {shown(name)}{suggest(name, allowed)}" for name in unknown))
    return names


def read_label(value: object, allowed: tuple[str, ...], what: str) -> str:
    """Exactly one of ``allowed``."""
    if isinstance(value, list):
        raise RuleValueError(f"write one {what} in double quotes, not a list")
    return read_labels(value, allowed, what)[0]


def read_number(value: object, low: float, high: float) -> float:
    """A number from ``low`` to ``high``, both included."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise RuleValueError(f"{shown(value)} does not fit; write a number from {low:g} to {high:g} without quotes")
    return float(value)


def read_whole_number(value: object, low: int, high: int) -> int:
    """A whole number from ``low`` to ``high``, both included."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise RuleValueError(f"{shown(value)} does not fit; write a whole number from {low} to {high} without quotes")
    return value


def read_flag(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise RuleValueError(f"{shown(value)} does not fit; write true or false without quotes")
    return value


def read_money(value: object) -> tuple[Money, ...]:
    """One or more amounts: ``500`` in any currency, ``"500 EUR"`` in one."""
    if not isinstance(value, list):
        return (_one_amount(value),)
    if not value:
        raise RuleValueError('the list is empty; write amounts such as ["500 EUR", "550 USD"]')
    return tuple(_one_amount(item) for item in value)


def _one_amount(value: object) -> Money:
    number, currency = value.split(" ", 1) if isinstance(value, str) and " " in value else (value, None)
    try:
        amount = Decimal("NaN") if isinstance(number, bool | list | dict) else Decimal(str(number))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount <= 0:
        raise RuleValueError(f'{shown(value)} is no amount; write 500 for any currency, or "500 EUR" for one')
    if currency is not None and not is_currency(currency):
        raise RuleValueError(f"{shown(currency)} is no currency; write its ISO 4217 code in capitals, such as EUR")
    return Money(amount, currency)


def suggest(name: str, allowed: Iterable[str]) -> str:
    """The end of a message about an unknown name: the likely one, or all of them."""
    names = list(allowed)
    close = difflib.get_close_matches(name, names, n=1)
    return f'; did you mean "{close[0]}"?' if close else f"; write one of {', '.join(names)}"


def shown(value: object) -> str:
    """A value as it may stand in a message: short, on one line, texts in double quotes."""
    if isinstance(value, bool):
        return str(value).lower()
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return printable(text)


def printable(text: str, max_chars: int = 80) -> str:
    """``text`` cut to ``max_chars``, with control characters and lone surrogates replaced by ``?``."""
    cut = text if len(text) <= max_chars else f"{text[:max_chars]}…"
    return "".join(char if char.isprintable() else "?" for char in cut)
