"""In: a ticket's text whose body may be HTML. Out: the text a reader would see, and where it is quoted history.

Raises nothing, whatever the markup. Every step consumes what it looked at or remembers that looking further is vain, so
time is linear: the standard library's `HTMLParser` (3.11) takes quadratic time on unclosed markup and gives no offsets.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from typing import Final

from service.mapped_text import MappedText, TextEditor

_LOOKS_LIKE_HTML = re.compile(
    r"</(?:p|div|span|a|b|i|u|em|strong|font|td|tr|table|ul|ol|li|h[1-6]|body|html|head|style|script|blockquote|pre"
    r"|center|small|label|section|article)\s{0,9}>"
    r"|<(?:br|hr)\s{0,9}/?\s{0,9}>|<br\s|<!doctype\s{1,9}html|<(?:html|body)[\s>]|<img\s[^<>]{0,99}src|<p>[^<]*<p>",
    re.IGNORECASE,
)
_SPACE = r"[ \t\n\r\f\xa0]"
_TOKEN = re.compile(
    r"(?P<text>[^<& \t\n\r\f\xa0]++(?: [^<& \t\n\r\f\xa0]++)*+)"
    rf"|(?P<space>(?:{_SPACE}|&nbsp;|&#160;|&#xa0;)++)"
    r"|(?P<entity>&(?:\#[0-9]{1,7};?|\#[xX][0-9a-fA-F]{1,6};?|[a-zA-Z][a-zA-Z0-9]{1,31};))"
    r"|(?P<comment><!--)"
    r"|(?P<declaration><[!?])"
    r"|<(?P<close>/?)(?P<name>[a-zA-Z][a-zA-Z0-9]*+(?:[:-][a-zA-Z0-9]++)*+)(?=[\s/>])"
    r"|(?P<literal>[<&])"
)
_TAG_END = re.compile(r"(?:[^>=]++|=\s*+(?:\"[^\"]*+\"|'[^']*+')?+)*+>")
_QUOTE_MARK = re.compile(r"\b(?:gmail_quote|yahoo_quoted|protonmail_quote|zmail_extra|moz-cite-prefix)\b")
_REST_IS_QUOTE_MARK = re.compile(
    r"\b(?:divRplyFwdMsg|appendonsend|OutlookMessageHeader|mail-editor-reference-message-container)\b"
)
# How many line breaks a tag stands for, whether it opens or closes.
_NEWLINES: Final = dict.fromkeys(
    ("p", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "ol", "table", "ul"), 2
) | dict.fromkeys(
    (
        *("address", "article", "aside", "blockquote", "body", "center", "dd", "div", "dl", "dt", "fieldset", "figure"),
        *("footer", "form", "header", "html", "legend", "li", "main", "nav", "option", "pre", "section", "tr"),
    ),
    1,
)
_DROPPED: Final = {
    name: re.compile(rf"</{name}\s*>", re.IGNORECASE) for name in ("script", "style", "title", "template", "svg")
} | {"head": re.compile(r"</head\s*>|(?=<body\b)", re.IGNORECASE)}
_MAX_BLANK_LINES: Final = 2


@dataclass(frozen=True, slots=True)
class HtmlText:
    """The readable text, and the stretches of the received text that markup says are quoted history."""

    mapped: MappedText
    quotes: tuple[tuple[int, int], ...]


def looks_like_html(body: str) -> bool:
    """Whether a body is markup; "if a < b" and a lone mention of "the <div> tag" are not."""
    return "<" in body and _LOOKS_LIKE_HTML.search(body) is not None


def html_to_text(received: str, body_start: int) -> HtmlText:
    """Make the HTML from ``body_start`` on readable; what stands before is copied."""
    return _Scanner(received, body_start).scan()


class _Scanner:
    """One pass over the markup; white space and line breaks are held back until text follows."""

    def __init__(self, received: str, body_start: int) -> None:
        self._received = received
        self._position = body_start
        self._editor = TextEditor(MappedText.unchanged(received))
        self._editor.copy(0, body_start)
        self._has_text = False
        self._gap_start: int | None = None
        self._newlines = 0
        self._is_cell_gap = False
        self._preformatted = 0
        self._vain: set[str] = set()
        self._blockquotes = 0
        self._divs_are_quotes: list[bool] = []
        self._quote_divs = 0
        self._rest_is_quote = False
        self._quote_start: int | None = None
        self._quotes: list[tuple[int, int]] = []

    def scan(self) -> HtmlText:
        received, match, handlers = self._received, _TOKEN.match, self._handlers()
        while found := match(received, self._position):
            self._position = found.end()
            handlers[found.lastgroup or "literal"](found)
        if self._quote_start is not None:
            self._quotes.append((self._quote_start, len(received)))
        return HtmlText(self._editor.finish(), tuple(self._quotes))

    def _handlers(self) -> dict[str, Callable[[re.Match[str]], None]]:
        return {
            "text": self._copy,
            "literal": self._copy,
            "space": self._space,
            "entity": self._entity,
            "comment": lambda found: self._skip_past("-->", found),
            "declaration": lambda found: self._skip_past(">", found),
            "name": self._tag,
        }

    def _copy(self, found: re.Match[str]) -> None:
        self._close_gap(found.start())
        self._editor.copy(found.start(), found.end())

    def _entity(self, found: re.Match[str]) -> None:
        self._close_gap(found.start())
        self._editor.replace(found.start(), found.end(), unescape(found[0]))

    def _space(self, found: re.Match[str]) -> None:
        if self._preformatted and self._gap_start is None:
            self._editor.copy(found.start(), found.end())
        else:
            self._open_gap(found.start())

    def _open_gap(self, start: int, newlines: int = 0) -> None:
        if self._gap_start is None:
            self._gap_start = start
        self._newlines = max(self._newlines, newlines)

    def _close_gap(self, end: int) -> None:
        if self._gap_start is not None and self._has_text:
            newlines = min(self._newlines, _MAX_BLANK_LINES + 1)
            self._editor.replace(self._gap_start, end, "\n" * newlines or ("\t" if self._is_cell_gap else " "))
        self._gap_start, self._newlines, self._is_cell_gap = None, 0, False
        self._has_text = True

    def _skip_past(self, mark: str, found: re.Match[str]) -> None:
        end = -1 if mark in self._vain else self._received.find(mark, self._position)
        if end < 0:
            self._vain.add(mark)
            self._copy(found)
        else:
            self._position = end + len(mark)

    def _tag(self, found: re.Match[str]) -> None:
        end = self._tag_end()
        if end is None:
            self._copy(found)
            return
        name, attributes = found["name"].lower(), self._received[self._position : end]
        self._position = end
        if found["close"]:
            self._closed(name, found.start())
        elif name in _DROPPED:
            self._drop(name)
        else:
            self._opened(name, attributes, found.start())
        if name in _NEWLINES:
            self._open_gap(found.start(), _NEWLINES[name])
        elif name == "br":
            self._open_gap(found.start(), self._newlines + 1)
        elif name in ("td", "th") and not found["close"]:
            self._open_gap(found.start())
            self._is_cell_gap = True

    def _tag_end(self) -> int | None:
        """Where the tag ends; unbalanced quotes are no quotes from then on, and without any ``>`` left it is no tag."""
        if "quotes" not in self._vain:
            if found := _TAG_END.match(self._received, self._position):
                return found.end()
            self._vain.add("quotes")
        end = -1 if ">" in self._vain else self._received.find(">", self._position)
        if end < 0:
            self._vain.add(">")
            return None
        return end + 1

    def _drop(self, name: str) -> None:
        if name in self._vain:
            return
        if end := _DROPPED[name].search(self._received, self._position):
            self._position = end.end()
        else:
            self._vain.add(name)

    def _opened(self, name: str, attributes: str, start: int) -> None:
        if name == "pre":
            self._preformatted += 1
        elif name == "blockquote":
            self._blockquotes += 1
        elif name == "div":
            is_quote = len(attributes) > 1 and _QUOTE_MARK.search(attributes) is not None
            self._divs_are_quotes.append(is_quote)
            self._quote_divs += is_quote
        if len(attributes) > 1 and _REST_IS_QUOTE_MARK.search(attributes):
            self._rest_is_quote = True
        self._note_quote(start)

    def _closed(self, name: str, start: int) -> None:
        if name == "pre":
            self._preformatted = max(0, self._preformatted - 1)
        elif name == "blockquote":
            self._blockquotes = max(0, self._blockquotes - 1)
        elif name == "div" and self._divs_are_quotes:
            self._quote_divs -= self._divs_are_quotes.pop()
        self._note_quote(start)

    def _note_quote(self, position: int) -> None:
        is_quoted = self._rest_is_quote or self._blockquotes > 0 or self._quote_divs > 0
        if is_quoted and self._quote_start is None:
            self._quote_start = position
        elif not is_quoted and self._quote_start is not None:
            self._quotes.append((self._quote_start, position))
            self._quote_start = None
