"""In: a field's type and its text, from a pattern or the model. Out: its normalised form, or None where it has none.

Raises nothing, whatever the text. Types with no other common form than the one written (names, products, error codes,
addresses, actions) have None.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from service.fields.amount_value import normalize_amount
from service.fields.date_value import normalize_date
from service.fields.payment_numbers import normalize_card, normalize_iban
from service.fields.phone_numbers import normalize_phone
from service.result import Normalized

_MAX_URL_CHARS: Final = 2_000
_SPOKEN_MARKS: Final = {"dot": ".", "at": "@", "dash": "-", "underscore": "_"}


def normalize(type: str, value: str, *, now: datetime, region: str | None) -> Normalized:  # noqa: A002 - the field's name
    """Give a date in ISO 8601, an amount as value and currency, a phone in E.164, and identifiers in one spelling.

    ``now`` (aware) is when the ticket was written; ``region`` is the customer's ISO country or None.
    """
    region = region.upper() if region else None
    if type == "date":
        return normalize_date(value, now, region)
    if type == "amount":
        return normalize_amount(value, region)
    if type == "phone":
        return normalize_phone(value, region)
    plain = _PLAIN.get(type)
    return None if plain is None else plain(value)


def _email(value: str) -> str | None:
    lowered = value.strip().lower()
    if "@" not in lowered and " at " in lowered:
        lowered = "".join(_SPOKEN_MARKS.get(word, word) for word in lowered.split())
    return lowered if re.fullmatch(r"[^\s@]{1,64}@[^\s@]{1,255}", lowered) else None


def _url(value: str) -> str | None:
    """The URL with a scheme (https where none is written) and the host, which alone is free of case, in lower case."""
    written = value.strip()
    if not written or len(written) > _MAX_URL_CHARS or any(map(str.isspace, written)):
        return None
    try:
        parts = urlsplit(written if "://" in written else f"https://{written}")
        return urlunsplit((parts.scheme.lower(), parts.netloc.lower(), parts.path, parts.query, parts.fragment))
    except ValueError:  # brackets that are no IPv6 address
        return None


def _identifier(value: str) -> str | None:
    compact = "".join(value.split()).upper()
    return compact if any(map(str.isalnum, compact)) else None


_PLAIN: Final[dict[str, Callable[[str], str | None]]] = {
    "email": _email,
    "url": _url,
    "card_number": normalize_card,
    "iban": normalize_iban,
    "order_id": _identifier,
    "invoice_id": _identifier,
    "tracking_number": _identifier,
    "account_id": _identifier,
}
