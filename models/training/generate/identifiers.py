"""In: a random generator. Out: numbers and codes as companies print them: orders, invoices, parcels, accounts, cards.

Nothing here raises. Card numbers pass Luhn's check and IBANs their mod-97 check, as real ones do.
"""

from __future__ import annotations

import random
import string
from typing import Final

from models.training.generate.words import words

_IBAN_FORMATS: Final = {
    "GB": "AAAA##############",
    "DE": "##################",
    "NL": "AAAA##########",
    "FR": "#######################",
    "ES": "####################",
    "BE": "############",
    "AT": "################",
    "IE": "AAAA##############",
    "CH": "#################",
    "IT": "A######################",
    "PT": "#####################",
}


def fill(pattern: str, rng: random.Random) -> str:
    """Replace ``#`` by a digit, ``A`` by a capital and, in lower-case patterns, ``a`` by a letter or digit.

    The first digit of a run is never forced to be non-zero: printed numbers start with zeros too.
    """
    lower = "a" in pattern
    made = []
    for char in pattern:
        if char == "#":
            made.append(rng.choice(string.digits))
        elif char == "A" and not lower:
            made.append(rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ"))
        elif char == "a":
            made.append(rng.choice("abcdefghijkmnprstuvwxyz23456789"))
        else:
            made.append(char)
    return "".join(made)


def make_order_id(rng: random.Random) -> str:
    """An order, booking, work-order or return number."""
    return fill(rng.choice(words("order_formats")), rng)


def make_invoice_id(rng: random.Random) -> str:
    """An invoice number."""
    return fill(rng.choice(words("invoice_formats")), rng)


def make_tracking_number(rng: random.Random) -> str:
    """A parcel's tracking number."""
    return fill(rng.choice(words("tracking_formats")), rng)


def make_account_id(rng: random.Random) -> str:
    """A customer, contract, policy or member number, or now and then a user name."""
    if rng.random() < 0.15:
        first, last = rng.choice(words("first_names")).lower(), rng.choice(words("last_names")).lower()
        return rng.choice(
            (f"{first}{rng.randint(1, 99)}", f"{first[0]}.{last}", f"{first}_{last}", f"{first}.{last[0]}")
        )
    return fill(rng.choice(words("account_formats")), rng)


def make_error_code(rng: random.Random) -> str:
    """An error code or exception name."""
    kind = rng.randrange(7)
    if kind == 0:
        return f"0x{rng.randrange(16**8):08X}"
    if kind == 1:
        return rng.choice(("400", "401", "403", "404", "408", "409", "429", "500", "502", "503", "504", "1020", "5001"))
    if kind in (2, 3):
        return fill(
            rng.choice(("E-###", "E##", "ERR-####", "F##", "ALM ##", "AA-###", "A-####", "ERR_###", "E##-##")), rng
        )
    if kind == 4:
        return rng.choice(words("exceptions"))
    start = rng.choice(("ERR_", "", "", "E_"))
    return f"{start}{rng.choice(words('error_words'))}_{rng.choice(words('error_ends'))}"


def make_card_number(rng: random.Random) -> str:
    """A payment card number that passes Luhn's check, or a masked one."""
    last = fill("####", rng)
    if rng.random() < 0.45:
        return rng.choice((f"**** {last}", f"**** **** **** {last}", f"xxxx-xxxx-xxxx-{last}", f"•••• {last}", last))
    digits = [int(char) for char in fill(rng.choice(("4##############", "5##############", "2##############")), rng)]
    total = sum(
        digit if place % 2 else (digit * 2 - 9 if digit > 4 else digit * 2) for place, digit in enumerate(digits)
    )
    number = "".join(map(str, [*digits, -total % 10]))
    separator = rng.choice((" ", " ", "", "-"))
    return separator.join(number[start : start + 4] for start in range(0, 16, 4))


def make_iban(rng: random.Random) -> str:
    """An IBAN with a right check number, in groups of four or in one run."""
    country = rng.choice(sorted(_IBAN_FORMATS))
    account = fill(_IBAN_FORMATS[country], rng)
    check = 98 - int("".join(str(int(char, 36)) for char in f"{account}{country}00")) % 97
    iban = f"{country}{check:02}{account}"
    return iban if rng.random() < 0.35 else " ".join(iban[start : start + 4] for start in range(0, len(iban), 4))
