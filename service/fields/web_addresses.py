"""In: the clues of a text. Out: candidates for e-mail addresses and URLs.

Raises nothing. An e-mail needs a domain with a top level of letters; a URL needs a scheme, ``www.``, a path, or a top
level that people use and that is no word of its own ("package.it was late" is a missing space, not Italy).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from service.fields.family import EMAIL, EMAIL_SPOKEN, URL, URL_BARE, Candidate, Clues, words_of

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_TOP_LEVELS: Final = (
    "com|org|net|edu|gov|int|info|biz|io|co|ai|app|dev|tech|cloud|online|shop|store|site|website|top|xyz|support|example"
    "|eu|uk|de|fr|es|nl|pl|pt|ch|ie|se|dk|fi|cz|ca|au|nz|jp|br|in|at|be|it|me|us|no|ly|tv|gg|page|link|travel|bank"
)
_TOP_LEVEL_WORDS: Final = frozenset(_TOP_LEVELS.split("|"))
_WORD_LIKE: Final = frozenset(
    words_of(
        "in at be it me us no io co ai top int link page store shop support travel bank",
    )
)
_EMAIL = re.compile(r"(?<![\w.+'%-])[\w.+'%-]{1,64}@\w[\w-]*+(?:\.\w[\w-]*+)++")
_EMAIL_TOP_LEVEL = re.compile(r"\.[^\W\d_]{2,24}$")
_EMAIL_SPOKEN = re.compile(
    r"(?<!\w)[a-z0-9]{1,32}(?: (?:dot|dash|underscore) [a-z0-9]{1,32}){0,4} at [a-z0-9]{1,32}(?: dash [a-z0-9]{1,32})?"
    rf"(?: dot [a-z0-9]{{2,32}}){{0,2}} dot (?:{_TOP_LEVELS})(?!\w)"
)
_URL = re.compile(r"(?<!\w)(?:https?://|www\.)[^\s<>\"“”„«»|\\^`{}]+")
_URL_BARE = re.compile(
    rf"(?<![\w@./:+-])(?P<host>(?:{_LABEL}\.){{1,5}}(?P<top>{_TOP_LEVELS}))(?P<port>:\d{{2,5}})?"
    r"(?P<path>/[^\s<>\"“”„«»|\\^`{}]*)?(?![\w@-])"
)
_TRAILING: Final = ".,;:!?'’*_"
_MAX_TRAILING_CHARS: Final = 20
_CLOSING: Final = {")": "(", "]": "["}


def find_web_addresses(clues: Clues) -> Iterator[Candidate]:
    """Yield e-mail addresses, written or spoken ("jo at mail dot example"), and URLs."""
    if "@" in clues.text:
        yield from _find_emails(clues)
    if "dot" in clues.words and "at" in clues.words:
        for match in _EMAIL_SPOKEN.finditer(clues.lowered):
            yield Candidate(EMAIL_SPOKEN, match.start(), match.end())
    if "://" in clues.text or "www." in clues.lowered:
        for match in _URL.finditer(clues.lowered):
            end = _without_trailing(clues.text, match.start(), match.end())
            if end - match.start() > len("https://"):
                yield Candidate(URL, match.start(), end)
    if any(start and clues.text[start - 1] == "." for start in clues.starts_of(_TOP_LEVEL_WORDS)):
        yield from _find_bare_urls(clues)


def _find_emails(clues: Clues) -> Iterator[Candidate]:
    for match in _EMAIL.finditer(clues.text):
        start, end = match.span()
        while clues.text[start] in "'.%+-":
            start += 1
        if clues.text[start] != "@" and _EMAIL_TOP_LEVEL.search(clues.text, max(start, end - 26), end):
            yield Candidate(EMAIL, start, end)


def _find_bare_urls(clues: Clues) -> Iterator[Candidate]:
    for match in _URL_BARE.finditer(clues.lowered):
        has_path = len(match["path"] or "") > 1
        word_like = match["top"] in _WORD_LIKE and match["host"].count(".") == 1
        if word_like and not has_path and "-" not in match["host"]:
            continue
        if clues.text[match.start("top")].isupper() and not clues.text[match.start()].isupper():
            continue
        yield Candidate(URL_BARE, match.start(), _without_trailing(clues.text, match.start(), match.end()))


def _without_trailing(text: str, start: int, end: int) -> int:
    """Leave out the punctuation that a sentence or a bracket put behind a URL."""
    for _ in range(_MAX_TRAILING_CHARS):
        last = text[end - 1]
        opening = _CLOSING.get(last)
        unbalanced = opening is not None and text.count(opening, start, end) < text.count(last, start, end)
        if not unbalanced and last not in _TRAILING:
            break
        end -= 1
    return max(start, end)
