"""In: the clues of a text. Out: candidates for tracking numbers that their own shape gives away.

Raises nothing. Known shapes: UPS ``1Z``, the postal S10 of the UPU, GS1's SSCC, DHL's ``JJD`` and PostNL's ``3S``; the
first three carry a check digit. Capitals with eight to twelve digits count beside the words of a delivery.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from service.fields.family import (
    TRACKING_CHECKED,
    TRACKING_NAMED,
    TRACKING_SHAPED,
    Candidate,
    Clues,
    any_of,
    words_of,
)

_GAP = r"[ \xa0]?"
_COUNTRIES: Final = words_of(
    "AT AU BE BG BR CA CH CN CZ DE DK EE ES FI FR GB GR HK HR HU IE IN IT JP KR LT LU LV MX NL NO NZ PL PT RO SE SG SI",
    "SK TR US",
)
_SHAPE = re.compile(
    rf"(?<![\w-])(?:(?P<ups>1Z{_GAP}(?:[0-9A-Z]{_GAP}){{15}}\d)|(?P<s10>[A-Z]{{2}}{_GAP}(?:\d{_GAP}){{9}}[A-Z]{{2}})"
    rf"|(?P<postal>[A-Z]{{2,3}}{_GAP}(?:\d{_GAP}){{8,12}}(?:{any_of(_COUNTRIES)}))"
    rf"|(?P<sscc>00{_GAP}\d{{18}})|(?P<dhl>JJ?D{_GAP}(?:\d{_GAP}){{11,20}}\d)"
    r"|(?P<postnl>3S[A-Z]{4,5}\d{7,9}))(?![\w-])"
)
_PARCEL_WORDS: Final = frozenset(
    words_of(
        "parcel parcels package courier courier's tracking delivery delivered shipment locker depot driver carrier",
        "paket sendung colis paquete pacco pakket zending paczka",
    )
)
_BESIDE_PARCELS = re.compile(r"(?<![\w/.-])[A-Z]{2,3}\d{8,12}(?![\w-])")
_TAX_WORD = re.compile(r"(?<!\w)(?:vat|ust|uid|tva|iva|btw|nip|steuer\w*|tax|iban|company|registered)(?!\w)")
_S10_WEIGHTS: Final = (8, 6, 4, 2, 3, 5, 9, 7)


def find_tracking_numbers(clues: Clues) -> Iterator[Candidate]:
    """Yield the shapes; those whose check digit is wrong, as in a mistyped number, rank lower."""
    if not clues.has_digit:
        return
    if clues.has_any(_PARCEL_WORDS):
        for match in _BESIDE_PARCELS.finditer(clues.text):
            if not _TAX_WORD.search(clues.lowered, max(0, match.start() - 28), match.start()):
                yield Candidate(TRACKING_NAMED, *match.span())
    for match in _SHAPE.finditer(clues.text):
        compact = re.sub(r"\s", "", match[0])
        check = {"ups": _passes_ups, "s10": _passes_s10, "sscc": _passes_gs1}.get(match.lastgroup or "")
        checked = check is not None and compact.isascii() and check(compact)
        if checked or match.lastgroup != "sscc":
            yield Candidate(TRACKING_CHECKED if checked else TRACKING_SHAPED, *match.span())


def _passes_ups(compact: str) -> bool:
    """UPS: letters count as their ASCII code less three, modulo ten; every second character counts twice."""
    values = [int(char) if char.isdigit() else (ord(char) - 3) % 10 for char in compact[2:-1]]
    total = sum(values[0::2]) + 2 * sum(values[1::2])
    return (10 - total % 10) % 10 == int(compact[-1])


def _passes_s10(compact: str) -> bool:
    """UPU S10: weighted digits, eleven less the remainder modulo eleven, where 10 becomes 0 and 11 becomes 5."""
    total = sum(weight * int(digit) for weight, digit in zip(_S10_WEIGHTS, compact[2:10], strict=True))
    check = 11 - total % 11
    return {10: 0, 11: 5}.get(check, check) == int(compact[10])


def _passes_gs1(compact: str) -> bool:
    """GS1: from the right, digits count three times and once in turn; the sum with the check digit ends in nought."""
    digits = [int(digit) for digit in compact[2:]]
    total = sum(digits[-1::-2]) + 3 * sum(digits[-2::-2])
    return total % 10 == 0
