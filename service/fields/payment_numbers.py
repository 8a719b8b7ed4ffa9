"""In: the clues of a text. Out: candidates for payment card numbers, whole or masked, and IBANs.

Raises nothing. A card is known by issuer range, length and Luhn's check digit (ISO/IEC 7812-1), an IBAN by its
country's length and the remainder modulo 97 (ISO 13616). One whose check fails, as mistyped ones do, needs words or
grouping.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from service.fields.family import (
    CARD_CHECKED,
    CARD_MASKED,
    CARD_NAMED,
    IBAN_CHECKED,
    IBAN_UNCHECKED,
    Candidate,
    Clues,
    words_of,
)

_CARD = re.compile(
    r"(?<![\w+.*-])(?:\d{4}(?P<gap>[ \xa0-])\d{4}(?P=gap)\d{4}(?P=gap)\d{4}(?:(?P=gap)\d{3})?"
    r"|\d{4}(?P<wide>[ \xa0-])\d{6}(?P=wide)\d{4,5}|\d{13,19})(?![\w*]|[-.]\d)"
)
_ISSUER = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})$|(?:5[1-5]|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d+$(?<=^.{16})|3[47]\d{13}$"
    r"|(?:6011|65\d\d|64[4-9]\d)\d{12}$|(?:30[0-5]|36\d|38\d)\d{11}$|35(?:2[89]|[3-8]\d)\d{12}$|(?:62|81)\d{14,17}$"
)
_MASK = r"(?:[*•●·…]{2,12}|[xX#]{3,12})[ \xa0-]?"
_MASKED = re.compile(rf"(?<![\w*•#])(?:\d{{4}}[ \xa0-]?)?(?:{_MASK}){{1,4}}\d{{4}}(?![\w*-])")
_MASKS: Final = ("**", "••", "●●", "··", "……", "xxx", "XXX", "###")
_EIGHT_DIGITS = re.compile(r"\d{4}[ \xa0-]?\d{4}")
_ENDING: Final = frozenset(
    words_of(
        "end ends ending endet endend eindigt eindigend finishing last letzten termine terminant terminada termina",
        "terminando terminante kończy kończąca kończącej kończącą",
    )
)
_LAST_FOUR = re.compile(
    r"(?<!\w)(?:end(?:s|ing|et|end)?|termin[a-zé]{0,8}|eindig(?:t|end)|finishing|last (?:four|4)(?: digits)?"
    r"|letzten vier|kończ[a-ząęćł]{0,6})"
    r"(?:[ \xa0](?:in|with|on|by|are|is|auf|mit|par|en|con|em|op|met|na|digits|number)(?!\w)){0,3}"
    r"[ \xa0:]{1,3}[\"“„(…*•]{0,4}(\d{4})(?![\w-]|[.,/]\d)"
)
_CARD_WORD = re.compile(
    r"(?<!\w)(?:(?:credit|debit|bank)?cards?|visa|mastercard|amex|american express|maestro|\w{0,10}karte"
    r"|carte|tarjeta|carta|cartão|kaart|creditcard|kart[aąęy])(?!\w)"
)
_CARD_WORD_REACH: Final = 90
_IBAN_START = re.compile(r"(?<![\w-])([a-z]{2})\d{2}(?=[ \xa0-]?[a-z0-9]{4})")
_IBAN_LENGTHS: Final = {
    pair[:2].lower(): int(pair[2:])
    for pair in words_of(
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18",
        "FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20",
        "LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24",
        "SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20",
    )
}


def find_payment_numbers(clues: Clues) -> Iterator[Candidate]:
    """Yield cards and IBANs; of "card ending in 4412" the four digits are the span."""
    if not clues.has_digit:
        return
    if _EIGHT_DIGITS.search(clues.text):
        yield from _find_cards(clues)
        yield from _find_ibans(clues)
    if any(mask in clues.text for mask in _MASKS):
        for match in _MASKED.finditer(clues.text):
            yield Candidate(CARD_MASKED, *match.span())
    if clues.has_any(_ENDING):
        for match in _LAST_FOUR.finditer(clues.lowered):
            if _near_card_word(clues, match.start(), match.end()):
                yield Candidate(CARD_NAMED, *match.span(1))


def passes_luhn(digits: str) -> bool:
    """Luhn's check: every second digit from the right doubled, digit sums added, the total ends in nought."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


def normalize_card(value: str) -> str | None:
    """The last four digits, all that is fit to be kept of a card."""
    digits = re.sub(r"\D", "", value)
    return digits[-4:] if len(digits) >= 4 and digits.isascii() else None


def normalize_iban(value: str) -> str | None:
    """The IBAN in its electronic form, or None where length or check digits are wrong."""
    compact = re.sub(r"[\s-]", "", value).upper()
    return compact if _IBAN_LENGTHS.get(compact[:2].lower()) == len(compact) and _passes_mod_97(compact) else None


def _find_cards(clues: Clues) -> Iterator[Candidate]:
    for match in _CARD.finditer(clues.text):
        digits = re.sub(r"\D", "", match[0])
        if not digits.isascii() or not _ISSUER.match(digits):
            continue
        if passes_luhn(digits):
            yield Candidate(CARD_CHECKED, *match.span())
        elif len(digits) != len(match[0]) and _near_card_word(clues, match.start(), match.end()):
            yield Candidate(CARD_NAMED, *match.span())


def _near_card_word(clues: Clues, start: int, end: int) -> bool:
    return _CARD_WORD.search(clues.lowered, max(0, start - _CARD_WORD_REACH), end + 12) is not None


def _find_ibans(clues: Clues) -> Iterator[Candidate]:
    for match in _IBAN_START.finditer(clues.lowered):
        length = _IBAN_LENGTHS.get(match[1])
        end = None if length is None else _end_of_iban(clues.lowered, match.start(), length)
        if end is None:
            continue
        written = clues.text[match.start() : end]
        if normalize_iban(written) is not None:
            yield Candidate(IBAN_CHECKED, match.start(), end)
        elif written[:2].isupper() and sum(map(str.isdigit, written)) > end - match.start() - 14:
            yield Candidate(IBAN_UNCHECKED, match.start(), end)


def _end_of_iban(lowered: str, start: int, length: int) -> int | None:
    """Where ``length`` letters and digits end that single gaps may part; None where the run is shorter or longer."""
    position, taken = start, 0
    while taken < length and position < len(lowered):
        char = lowered[position]
        if char.isascii() and char.isalnum():
            taken += 1
        elif char not in " \xa0-" or lowered[position - 1] in " \xa0-":
            return None
        position += 1
    ends_here = taken == length and not lowered[position : position + 1].isalnum()
    return position if ends_here else None


def _passes_mod_97(compact: str) -> bool:
    """ISO 7064 MOD 97-10 over the IBAN with its first four characters moved to the end and letters as 10 to 35."""
    if not (compact.isascii() and compact.isalnum()):
        return False
    return int("".join(str(int(char, 36)) for char in compact[4:] + compact[:4])) % 97 == 1
