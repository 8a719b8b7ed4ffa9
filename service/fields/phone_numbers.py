"""In: the clues of a text, or one number as written. Out: candidates for phone numbers, or a number in E.164.

Raises nothing. Three kinds of evidence, strongest first: an international prefix with a possible number, a possible
number behind words such as "call me on", and a national format that is valid in the customer's or a usual country.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import phonenumbers

from service.fields.family import PHONE_INTERNATIONAL, PHONE_NAMED, PHONE_NATIONAL, Candidate, Clues

_MAX_CHARS: Final = 60
_USUAL_REGIONS: Final = ("GB", "US", "DE", "FR", "ES", "IT", "NL", "PL", "PT", "IE", "AU")
_NUMBER = re.compile(
    r"(?<![\w.,/#*+@=_-])(?:\+[ \xa0]?|00[ \xa0]?(?=[1-9]))?\(?\d(?:[ \xa0./-]{0,2}\(?\d\)?){5,15}(?![\w@]|[-/]\w)"
)
_DATE_LIKE = re.compile(
    r"(?:\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{2,4})(?!\d)|\d{1,3}(?:\.\d{1,3}){3}$"
)
_NAMED = re.compile(
    r"(?<!\w)(?:tele?(?:phone|fon|fono|foon|fone)?|téléphone|teléfono|telefonu|numer|phones?|mobile?s?|cell|cellulare?"
    r"|handy|móvil|portable|telemóvel|komórka|landline|hotline|whatsapp|sms|fax|call|ring|dial|text|reach|reached"
    r"|rückruf|appelez|llame|chiama|bel|(?:my|our|whose|his|her|new|old|on) (?:number|numbers|line)|[tm])"
    r"(?:[ \t\xa0]?(?:[.:,|()]|[ \t\xa0]|(?:number'?s?|no|nr|is|me|us|him|her|back|on|at|to|old|new|with|unter|au|al|op"
    r"|please|now|line)(?!\w))){0,10}$"
)
_NAME_REACH: Final = 48
_NANP = re.compile(r"\(\d{3}\) ?\d{3}-\d{4}$|[2-9]\d{2}[-.][2-9]\d{2}[-.]\d{4}$")


def find_phone_numbers(clues: Clues) -> Iterator[Candidate]:
    """Yield the stretches that are phone numbers; a number of fewer than seven digits is none."""
    if not clues.has_digit:
        return
    for match in _NUMBER.finditer(clues.text):
        written = match[0]
        digits = sum(map(str.isdigit, written))
        if digits < 7 or _DATE_LIKE.match(written) or written.count("(") != written.count(")"):
            continue
        if written[0] == "+" or written.startswith("00"):
            if digits >= 8 and (written[0] == "+" or digits >= 10) and _is_possible(written, None):
                yield Candidate(PHONE_INTERNATIONAL, *match.span())
        elif _is_named(clues.lowered, match.start()) and digits <= 12 and not _is_grouped_by_four(written):
            yield Candidate(PHONE_NAMED, *match.span())
        elif _is_national(written, digits, clues.region) or _is_alone_on_line(clues.text, match, digits):
            yield Candidate(PHONE_NATIONAL, *match.span())


@lru_cache(maxsize=4096)
def normalize_phone(value: str, region: str | None) -> str | None:
    """The number in E.164, or None where its country is not known.

    Without a region only an international prefix or the North American way of writing tells the country: many a
    national number is valid in several.
    """
    written = value.strip()
    if len(written) > _MAX_CHARS:
        return None
    international = "+" + written[2:] if written.startswith("00") else written
    for guess in (None, "US" if _NANP.match(written) else region):
        number = _parse(international, guess)
        if number is not None and phonenumbers.is_possible_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return None


def _parse(value: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    if region is None and not value.startswith("+"):
        return None
    try:
        return phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return None


@lru_cache(maxsize=4096)
def _is_possible(written: str, region: str | None) -> bool:
    number = _parse("+" + written[2:] if written.startswith("00") else written, region)
    return number is not None and phonenumbers.is_possible_number(number)


@lru_cache(maxsize=4096)
def _is_national(written: str, digits: int, region: str | None) -> bool:
    if _NANP.match(written):
        return True
    if digits < 9 or digits > 11 or not (written.startswith(("0", "(0")) or region):
        return False
    if not written.startswith(("0", "(0")) and written.isdigit():
        return False
    regions = (region,) if region else _USUAL_REGIONS
    numbers = (_parse(written, guess) for guess in regions)
    return any(number is not None and phonenumbers.is_valid_number(number) for number in numbers)


def _is_named(lowered: str, start: int) -> bool:
    return _NAMED.search(lowered, max(0, start - _NAME_REACH), start) is not None


def _is_alone_on_line(text: str, match: re.Match[str], digits: int) -> bool:
    """Whether it stands as numbers do in a signature: with its trunk prefix and nothing beside it."""
    start, end = match.span()
    alone = text[max(0, start - 1) : start] in ("", "\n") and text[end : end + 1] in ("", "\n", "\r")
    return alone and match[0].startswith(("0", "(0")) and 9 <= digits <= 12 and not _is_grouped_by_four(match[0])


def _is_grouped_by_four(written: str) -> bool:
    """Whether it is written as cards, parcels and accounts are."""
    groups = re.split(r"[ \xa0-]", written)
    return len(groups) > 2 and all(len(group) == 4 for group in groups[:-1])
