"""In: the clues of a text. Out: candidates for order, invoice, tracking and account identifiers.

Raises nothing. An identifier is announced by a word ("order no. KVT-7719"), stands in a list behind one that is, or
repeats one; a few prefixes such as ``INV-`` announce themselves. It holds a digit, except a user name behind "user
name" and the six capitals of a booking code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from service.fields.family import (
    ACCOUNT_SHAPED,
    INVOICE_SHAPED,
    NAMED_IDS,
    ORDER_REFERENCED,
    ORDER_SHAPED,
    Candidate,
    Clues,
    Family,
    any_of,
)
from service.fields.identifier_words import ANNOUNCING, BOOKING, LINKING, PREFIXES, REFERENCES, USER_NAMES

_FAMILY_OF: Final = {
    word: NAMED_IDS[field_type] for field_type, words in ANNOUNCING.items() for word in words
} | dict.fromkeys(REFERENCES, ORDER_REFERENCED)
_FIRST_WORDS: Final = frozenset(re.split(r"[ -]", word)[0] for word in _FAMILY_OF)
_ANNOUNCED = re.compile(
    rf"(?<!\w)(?P<word>{any_of(_FAMILY_OF)})(?![\w-])(?:'s)?"
    r"(?P<link>(?:[ \t\xa0]|\n(?=.)|[.:#(\[\"'“„«=*|>-]|n[°º]|, ?(?=(?:number|no|nr|id|ref)(?!\w))"
    rf"|(?:{any_of(LINKING)})(?![\w-])){{1,14}}+)"
)
_TOKEN = re.compile(r"[^\W_](?:[^\W_]|[-/._#@](?=[^\W_])){1,39}(?![\w@])")
_GROUPS = re.compile(r"[A-Z0-9-]{1,6}(?:[ \xa0](?=[A-Z0-9]*\d)[A-Z0-9]{1,6}){1,6}(?![\w.,-]?\w)")
_NOT_AN_ID = re.compile(
    r"\d{1,2}(?:st|nd|rd|th)$|(?:\d{4}|[0-3]?\d)[-/.][0-3]?\d[-/.](?:\d{4}|[0-3]?\d)$|\d{1,2}[/.]\d{1,4}$|(?:19|20)\d\d$"
    r"|\d+[.,]\d{1,2}$|\d{1,4}[-x]?[a-z]{1,12}$|\d{1,2}-[a-z]+(?:-[a-z]+)?$|[^\W\d_]+-\d{1,2}$|\d{1,3}-\d{1,3}$"
)
_NO_FIELD = re.compile(r"(?<!\w)(?:claim|case|ticket|meter|serial|sim|incident|vehicle|quote|payment|bank|our)s?[\s-]$")
_NEXT = re.compile(r"(?:, ?(?:and )?| and | & | to |/| or | und | et | y | bis | ?[–-] ?| \+ )")
_DIGIT = re.compile(r"\d")
_GOES_ON = re.compile(r"[\w-]")
_NAMING: Final = frozenset(("username", "benutzername", "nickname"))
_PREFIX_WORDS: Final = frozenset(PREFIXES)
_BEFORE_PREFIX = re.compile(r"(?<![\w/@.-])[a-z]{2,4}-$")
_SELF_ANNOUNCED = re.compile(
    rf"(?P<prefix>{any_of(PREFIXES)})[-_/]"
    r"(?=[a-z0-9/_-]{0,16}\d{3})[a-z0-9]{2,20}(?:[-/_][a-z0-9]{1,12}){0,3}(?![\w@])"
)
_SHAPED: Final = {family.field_type: family for family in (ORDER_SHAPED, INVOICE_SHAPED, ACCOUNT_SHAPED)}
_BOOKING_CODE = re.compile(r"[A-Z]{6}(?!\w)")
_SHOUTED: Final = frozenset(("PLEASE", "REFUND", "CANCEL", "URGENT", "NUMBER", "BEFORE"))
_HANDLE = re.compile(r"[^\W_][\w.-]{2,30}[^\W_](?![\w@])")
_CAMEL_HANDLE = re.compile(r"(?:[A-Z][a-z]+){2,4}(?!\w)")
_MAX_REPEATED_IDS: Final = 50
_MIN_REPEATED_CHARS: Final = 6


def find_identifiers(clues: Clues) -> Iterator[Candidate]:
    """Yield announced identifiers, those listed behind them, and every other place where one of them stands."""
    found = [*_find_announced(clues)]
    if clues.has_digit:
        found += _find_self_announced(clues)
    yield from found
    yield from _find_repeated(clues, found)


def _find_announced(clues: Clues) -> Iterator[Candidate]:
    for at in clues.starts_of(_FIRST_WORDS):
        match = _ANNOUNCED.match(clues.lowered, at)
        end = None if match is None else _end_of_id(clues, match)
        if match is None or end is None:
            continue
        family = _FAMILY_OF[match["word"]]
        if family is ORDER_REFERENCED and _is_no_order(clues, at, clues.text[match.end() : end]):
            continue
        yield Candidate(family, match.end(), end)
        yield from _find_listed(clues, family, match.end(), end)


def _is_no_order(clues: Clues, at: int, written: str) -> bool:
    """Whether a reference is that of a claim or a lawyer's letter, which are no fields."""
    return "/" in written or _NO_FIELD.search(clues.lowered, max(0, at - 14), at) is not None


def _end_of_id(clues: Clues, match: re.Match[str]) -> int | None:
    """Where the identifier ends that starts behind an announcing word and its links; None where none does."""
    text, start = clues.text, match.end()
    grouped = _GROUPS.match(text, start)
    if grouped is not None and _is_grouped_id(grouped[0]):
        return grouped.end()
    token = _TOKEN.match(text, start)
    if token is not None and _is_id(token[0], match["link"]):
        return token.end()
    word, link = match["word"], match["link"]
    if word in BOOKING and not text[match.start() : start].isupper():
        code = _BOOKING_CODE.match(text, start)
        return None if code is None or code[0] in _SHOUTED else code.end()
    if word in USER_NAMES:
        handle = _HANDLE.match(text, start)
        return handle.end() if handle is not None and _is_handle(handle[0], word, link) else None
    if word == "account":
        handle = _CAMEL_HANDLE.match(text, start)
        return None if handle is None else handle.end()
    return None


def _is_id(token: str, link: str) -> bool:
    digits = sum(map(str.isdigit, token))
    if _NOT_AN_ID.match(token):
        return False
    if token.isdigit():
        return digits >= 5 or (digits >= 3 and any(mark in link for mark in ("#", "no", "nr", "num", "id", "°")))
    if len(token) < 4:
        return False
    is_told = ":" in link or " id" in link or " is " in link
    return digits >= 2 or (token.count("-") >= 2 and is_told)


def _is_grouped_id(written: str) -> bool:
    """Whether groups parted by spaces are one identifier ("HX 5501 8834") and not a count or a date ("120 3 MAY")."""
    groups = re.split(r"[ \xa0]", written)
    digits = sum(map(str.isdigit, written))
    filled = all(sum(map(str.isdigit, group)) >= 2 for group in groups[1:-1])
    return 5 <= digits <= 22 and filled and (len(groups) > 2 or len(groups[-1]) >= 3)


def _is_handle(handle: str, word: str, link: str) -> bool:
    is_named = word in _NAMING or "name" in link
    if "_" in handle or "." in handle or (is_named and ":" in link):
        return True
    told = is_named or any(mark in link for mark in (":", "=", '"', "“", " is "))
    return told and any(map(str.isdigit, handle))


def _find_listed(clues: Clues, family: Family, start: int, end: int) -> Iterator[Candidate]:
    """Yield what follows an identifier in a list and is built alike ("SW-118-0021 and SW-118-0034")."""
    length, shape = end - start, _DIGIT.sub("0", clues.text[start:end])
    while joint := _NEXT.match(clues.lowered, end):
        start, end = joint.end(), joint.end() + length
        if _DIGIT.sub("0", clues.text[start:end]) != shape or _GOES_ON.match(clues.text, end):
            return
        yield Candidate(family, start, end)


def _find_self_announced(clues: Clues) -> Iterator[Candidate]:
    underscored = {word for word in clues.words if "_" in word}
    for start in clues.starts_of(_PREFIX_WORDS | underscored if underscored else _PREFIX_WORDS):
        match = _SELF_ANNOUNCED.match(clues.lowered, start)
        if match is None:
            continue
        before = clues.lowered[max(0, start - 6) : start]
        led = _BEFORE_PREFIX.search(before)
        if led is not None:
            start -= len(led[0])
        elif before[-1:] in ("/", "@", ".", "-"):
            continue
        yield Candidate(_SHAPED[PREFIXES[match["prefix"]]], start, match.end())


def _find_repeated(clues: Clues, found: list[Candidate]) -> Iterator[Candidate]:
    families = {clues.text[item.start : item.end]: item.family for item in found[:_MAX_REPEATED_IDS]}
    starts = {item.start for item in found}
    for written, family in families.items():
        at = -1 if len(written) < _MIN_REPEATED_CHARS else clues.text.find(written)
        while at >= 0:
            end = at + len(written)
            around = clues.text[at - 1 : at] + clues.text[end : end + 1] if at else clues.text[end : end + 1]
            if at not in starts and not any(char.isalnum() or char in "_-/" for char in around):
                yield Candidate(family, at, end)
            at = clues.text.find(written, end)
