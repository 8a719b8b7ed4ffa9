"""In: a phrase template and a `Scene`. Out: its pieces, slots filled and choices made.

A template has slots ``{order}``, slots with a given value ``{date=today}``, choices ``(a|b)``, requested actions in
``<…>`` and macros, which are templates of ``general.toml``. Raises KeyError for a slot that is neither.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from models.training.generate import dates, identifiers, slots
from models.training.generate.pieces import Piece
from models.training.generate.words import read_phrases, words

_CHOICE: Final = re.compile(r"\(([^()|]*\|[^()]*)\)")
_SLOT: Final = re.compile(r"\{(\w+)\}")
_TOKEN: Final = re.compile(r"\{(\w+)(?:=([^}]*))?\}|([<>])")
# "change the address to {address}": the action ends before the word that leads to the other field.
_DANGLING: Final = re.compile(r"(?: (?:to|from|of|the|a|my|in|with|for|on|by|as of))+$", re.IGNORECASE)
# Left behind by an empty choice.
_STRAY_SPACE: Final = re.compile(r" (?=[ .,!?;>])|(?<=<) ")
_MAX_MACRO_DEPTH: Final = 4


def _noise_number(rng: random.Random) -> str:
    return identifiers.fill(rng.choice(("#####", "CS-######", "#######", "T-####", "[####]", "#AA-###")), rng)


def _dated(rng: random.Random) -> str:
    return rng.choice((dates.make_absolute_date, dates.make_absolute_date, dates.make_absolute_date, _weekday))(rng)


def _weekday(rng: random.Random) -> str:
    return rng.choice(words("weekdays"))


def _past_point(rng: random.Random) -> str:
    return rng.choice(("yesterday", "last week", f"last {_weekday(rng)}", "last month", "the day before yesterday"))


def _noise_city(rng: random.Random) -> str:
    return rng.choice(words("cities_us")).split(",")[0] if rng.random() < 0.5 else rng.choice(words("cities_nl"))


def _choice_of(*values: str) -> slots.Maker:
    return lambda rng: rng.choice(values)


# Field type and maker of each slot; noise is what looks like a field and is none.
_SLOTS: Final[Mapping[str, tuple[str | None, slots.Maker]]] = {
    "first": ("person_name", slots.make_first_name),
    "name": ("person_name", slots.make_full_name),
    "name_upper": ("person_name", lambda rng: slots.make_full_name(rng).upper()),
    "name_lower": ("person_name", lambda rng: slots.make_full_name(rng).lower()),
    "agent": ("person_name", slots.make_first_name),
    "agent_last": ("person_name", slots.make_last_name),
    "org": ("organization", slots.make_organization),
    "product": ("product", slots.make_product),
    "plan": ("product", slots.make_plan),
    "date": ("date", _dated),
    "past": ("date", dates.make_past_date),
    "past_point": ("date", _past_point),
    "future": ("date", dates.make_future_date),
    "near": ("date", dates.make_near_date),
    "month": ("date", lambda rng: rng.choice(words("months"))),
    "weekday": ("date", _weekday),
    "amount": ("amount", slots.make_amount),
    "order": ("order_id", identifiers.make_order_id),
    "invoice": ("invoice_id", identifiers.make_invoice_id),
    "tracking": ("tracking_number", identifiers.make_tracking_number),
    "account": ("account_id", identifiers.make_account_id),
    "phone": ("phone", slots.make_phone),
    "email": ("email", slots.make_email),
    "url": ("url", slots.make_url),
    "address": ("postal_address", slots.make_postal_address),
    "error": ("error_code", identifiers.make_error_code),
    "card": ("card_number", identifiers.make_card_number),
    "card_tail": ("card_number", lambda rng: identifiers.fill("####", rng)),
    "iban": ("iban", identifiers.make_iban),
    "ordinal": ("date", lambda rng: rng.choice(("1st", "5th", "10th", "15th", "20th", "28th"))),
    "noise_number": (None, _noise_number),
    "noise_serial": (None, lambda rng: identifiers.fill(rng.choice(("SN########", "AA##-####-##", "########A")), rng)),
    "noise_count": (None, lambda rng: str(rng.choice((3, 4, 5, 6, 8, 10, 12, 14, 20, 25, 30, 45, 60, 90, 120)))),
    "noise_percent": (
        None,
        lambda rng: f"{rng.choice((5, 10, 15, 20, 25, 30, 40))}{rng.choice(('%', ' %', ' percent'))}",
    ),
    "noise_time": (
        None,
        lambda rng: rng.choice(
            (f"{rng.randint(1, 12)}:{rng.randrange(60):02}", f"{rng.randint(1, 12)} {rng.choice('ap')}m")
        ),
    ),
    "noise_city": (None, _noise_city),
    "noise_word": (None, lambda rng: slots.make_invented_word(rng).lower()),
    "noise_part": (None, _choice_of("spring", "summer", "autumn", "start", "update", "move")),
    "noise_dot": (None, _choice_of(".", ".", "!", "")),
    "noise_emoji": (None, _choice_of("😊", "👍", "🙏", "❤️", "😅", "🤔", ":)", "xx")),
}


@cache
def _macros() -> Mapping[str, str]:
    macros: dict[str, str] = read_phrases("general")["macros"]
    return macros


class Scene:
    """The values of one ticket: a slot keeps its value, ``{name2}`` is another name than ``{name}``."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._values: dict[str, str] = {}

    def pieces(self, template: str) -> list[Piece]:
        """Fill a template."""
        plain = self._choose(self._unfold(template)).replace("⏎", "\n")
        pieces: list[Piece] = []
        in_action = False
        cursor = 0
        for token in _TOKEN.finditer(plain):
            before_field = plain[token.end() : token.end() + 2] == " {"
            pieces += _run(plain[cursor : token.start()], in_action, before_field)
            if token[1]:
                pieces.append(Piece(token[2], _SLOTS[token[1]][0]) if token[2] else self._slot(token[1]))
            in_action = token[3] == "<" or (in_action and token[3] != ">")
            cursor = token.end()
        return pieces + _run(plain[cursor:], in_action, False)

    def _unfold(self, template: str) -> str:
        for _ in range(_MAX_MACRO_DEPTH):
            unfolded = _SLOT.sub(lambda found: _macros().get(found[1], found[0]), template)
            if unfolded == template:
                break
            template = unfolded
        return template

    def _choose(self, template: str) -> str:
        while found := _CHOICE.search(template):
            chosen = self._rng.choice(found[1].split("|"))
            template = template[: found.start()] + chosen + template[found.end() :]
        return _STRAY_SPACE.sub("", template).lstrip(" ")

    def _slot(self, name: str) -> Piece:
        kind, maker = _SLOTS[name.rstrip("0123456789")]
        # Noise is drawn anew each time: a ticket has many counts and times.
        if kind is None:
            return Piece(maker(self._rng))
        if name not in self._values:
            self._values[name] = maker(self._rng)
        return Piece(self._values[name], kind)


def _run(text: str, in_action: bool, before_field: bool) -> list[Piece]:
    if not text:
        return []
    if not in_action:
        return [Piece(text)]
    action = _DANGLING.sub("", text) if before_field else text
    rest = text[len(action) :]
    return [Piece(action, "requested_action"), *([Piece(rest)] if rest else [])]
