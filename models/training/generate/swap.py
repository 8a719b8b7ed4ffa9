"""In: the pieces of a labelled text. Out: the same pieces with other values of the same types.

Nothing here raises. A value that occurs twice is replaced by the same new value, in the case that it was written in.
Only values that another of the type fits in the place of are replaced: "tomorrow" stays, since urgency may hang on it,
and so do spoken numbers.
"""

from __future__ import annotations

import html
import random
import re
from collections.abc import Sequence
from typing import Final

from models.training.generate import dates, slots
from models.training.generate.pieces import Piece

_NEEDS_DIGIT: Final = frozenset(
    {"date", "amount", "phone", "postal_address", "order_id", "invoice_id", "tracking_number", "account_id", "iban"}
    | {"card_number"}
)
_CLEAR_DAY: Final = re.compile(r"\d{1,2}(?:st|nd|rd|th)?[ .,/-]+(?:\w{3,}|\d)", re.IGNORECASE)
_CASED: Final = frozenset({"person_name", "organization", "product"})


def swapped(parts: Sequence[Sequence[Piece]], rng: random.Random, share: float, *, markup: bool) -> list[list[Piece]]:
    """Replace a ``share`` of the distinct values of ``parts`` (subject and body), the same way in all of them.

    ``markup`` says that the text is HTML, in which ``&`` and ``<`` have to be escaped.
    """
    new: dict[Piece, str] = {}
    for piece in (piece for part in parts for piece in part):
        if piece not in new and rng.random() < share and (value := _other(piece, rng)):
            new[piece] = html.escape(value, quote=False) if markup else value
        else:
            new.setdefault(piece, piece.text)
    return [[Piece(new[piece], piece.type) for piece in part] for part in parts]


def _other(piece: Piece, rng: random.Random) -> str | None:
    text, kind = piece.text, piece.type
    if kind is None or kind not in slots.MAKERS or (kind in _NEEDS_DIGIT and not any(map(str.isdigit, text))):
        return None
    if kind == "date":
        return dates.make_absolute_date(rng) if _CLEAR_DAY.search(text) else None
    if (kind == "email" and "@" not in text) or (kind == "url" and "." not in text):
        return None
    if kind == "person_name":
        value = slots.make_full_name(rng) if " " in text else slots.make_first_name(rng)
    else:
        value = slots.MAKERS[kind](rng)
    return _cased_like(text, value) if kind in _CASED else value.replace("\n", ", ")


def _cased_like(old: str, new: str) -> str:
    if old.islower():
        return new.lower()
    return new.upper() if old.isupper() and len(old) > 4 else new
