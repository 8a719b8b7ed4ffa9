"""In: a ticket's subject and body as received. Out: a `NormalizedText`: plain text, its parts, the way to the offsets.

Raises nothing, whatever the text, and takes time linear in its length. The offsets count in the subject, a blank line
and the body, or in the body alone where there is no subject.
"""

from __future__ import annotations

import re
import unicodedata
from html import unescape
from typing import Final

from service.html_text import html_to_text, looks_like_html
from service.mail_parts import split_parts
from service.mapped_text import MappedText, TextEditor
from service.normalized import NormalizedText
from service.ticket import SUBJECT_SEPARATOR

_EXOTIC_SPACES: Final = "\xa0\u1680\u2000-\u200a\u202f\u205f\u3000"
_LINE_BREAKS: Final = "\r\x85\u2028\u2029"
_CONTROLS: Final = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f"
_INVISIBLE: Final = "\xad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f"
# Letters in disguise: ligatures, full-width forms, circled letters, mathematical alphabets (used to look bold).
_DISGUISED: Final = "\ufb00-\ufb06\uff01-\uff5e\u24b6-\u24e9\U0001d400-\U0001d7ff"
_SURROGATES: Final = "\ud800-\udfff"
# One class finds the few characters that need a look fast; `_ODD` then says what one is.
_MAY_BE_ODD: Final = re.compile(
    f"[{_EXOTIC_SPACES}{_CONTROLS}{_LINE_BREAKS}{_INVISIBLE}{_DISGUISED}{_SURROGATES}]|&(?=[#a-z])"
)
_ODD: Final = re.compile(
    rf"(?P<space>[{_EXOTIC_SPACES}{_CONTROLS}])|(?P<newline>\r\n|[{_LINE_BREAKS}])|(?P<invisible>[{_INVISIBLE}]+)"
    rf"|(?P<disguised>[{_DISGUISED}])|(?P<surrogate>[{_SURROGATES}])"
    r"|(?P<entity>&(?:amp|lt|gt|quot|apos|nbsp|\#[0-9]{2,6}|\#x[0-9a-fA-F]{2,5});)"
)
_MANY_BLANK_LINES: Final = re.compile(r"\n(?:[ \t]*+\n){3,}+")


def normalize(ticket_subject: str | None, body: str) -> NormalizedText:
    """Make a ticket's text plain and tell its parts apart."""
    received = body if ticket_subject is None else f"{ticket_subject}{SUBJECT_SEPARATOR}{body}"
    body_start = len(received) - len(body)
    quotes: tuple[tuple[int, int], ...] = ()
    if looks_like_html(body):
        readable = html_to_text(received, body_start)
        quotes = readable.quotes
        mapped = _plain_characters(readable.mapped, has_entities=False)
    else:
        mapped = _plain_characters(MappedText.unchanged(received), has_entities=True)
    mapped = _few_blank_lines(mapped)
    position = mapped.position_of
    parts = split_parts(mapped.text, position(body_start), [(position(start), position(end)) for start, end in quotes])
    if mapped.is_unchanged:
        return NormalizedText(mapped.text, parts)
    return NormalizedText(mapped.text, parts, mapped.starts, mapped.ends)


def _plain_characters(source: MappedText, *, has_entities: bool) -> MappedText:
    text = source.text
    found = _MAY_BE_ODD.search(text)
    if found is None:
        return source
    editor, done = TextEditor(source), 0
    while found is not None:
        start = found.start()
        odd = _ODD.match(text, start)
        if odd is None or (odd.lastgroup == "entity" and not has_entities):
            found = _MAY_BE_ODD.search(text, start + 1)
            continue
        editor.copy(done, start)
        done = odd.end()
        if replacement := _replacement(odd):
            editor.replace(start, done, replacement)
        found = _MAY_BE_ODD.search(text, done)
    if not done:
        return source
    editor.copy(done, len(text))
    return editor.finish()


def _replacement(odd: re.Match[str]) -> str:
    match odd.lastgroup:
        case "space":
            return " "
        case "newline":
            return "\n"
        case "disguised":
            return unicodedata.normalize("NFKC", odd[0])
        case "surrogate":
            return "\ufffd"
        case "entity":
            # An entity may itself name a character that needs a look.
            character = unescape(odd[0])
            inner = _ODD.match(character)
            return character if inner is None or inner.lastgroup == "entity" else _replacement(inner)
        case _:
            return ""


def _few_blank_lines(source: MappedText) -> MappedText:
    found = _MANY_BLANK_LINES.search(source.text)
    if found is None:
        return source
    editor, done = TextEditor(source), 0
    while found is not None:
        editor.copy(done, found.start())
        editor.replace(found.start(), found.end(), "\n\n\n")
        done = found.end()
        found = _MANY_BLANK_LINES.search(source.text, done)
    editor.copy(done, len(source.text))
    return editor.finish()
