"""In: the pieces of a plain body. Out: the pieces of the same body as the HTML that mail programs send.

Nothing here raises. Offsets count in the raw HTML, as in a ticket received; no span ever holds a tag.
"""

from __future__ import annotations

import html
import random
from collections.abc import Sequence

from models.training.generate.pieces import Piece


def looks_like_markup(text: str) -> bool:
    """Whether a body is HTML already, or holds characters that read as tags."""
    return "<" in text and ">" in text


def as_html(pieces: Sequence[Piece], rng: random.Random) -> list[Piece]:
    """Wrap a plain body: paragraphs or divs, line breaks, entities, now and then a whole document."""
    opening, closing = rng.choice(
        (("<p>", "</p>"), ("<div>", "</div>"), ('<div dir="ltr">', "</div>"), ("<p>", "</p>"))
    )
    line_break = rng.choice(("<br>", "<br>\n", "<br/>", "<br />"))
    hard_spaces = rng.choice((0.0, 0.0, 0.04))
    apostrophe = rng.choice(("'", "'", "&#39;", "&rsquo;"))
    wrapped: list[Piece] = [Piece(opening)]
    for piece in pieces:
        text = piece.text.replace("\n", ", ") if piece.type else piece.text
        text = html.escape(text, quote=False).replace("'", apostrophe)
        if hard_spaces:
            text = "".join("&nbsp;" if char == " " and rng.random() < hard_spaces else char for char in text)
        if piece.type is None:
            text = text.replace("\n\n", f"{closing}{opening}").replace("\n", line_break)
            text = _emphasized(text, rng)
        wrapped.append(Piece(text, piece.type))
    wrapped.append(Piece(closing))
    if rng.random() < 0.2:
        return [Piece("<html><head><style>p{margin:0}</style></head><body>"), *wrapped, Piece("</body></html>")]
    return wrapped


def _emphasized(text: str, rng: random.Random) -> str:
    words = text.split(" ")
    if len(words) > 6 and rng.random() < 0.1:
        at = rng.randrange(1, len(words) - 1)
        if words[at].isalpha():
            words[at] = f"<b>{words[at]}</b>"
    return " ".join(words)
