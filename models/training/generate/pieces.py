"""In: a text with spans, or runs of text with a field type each. Out: the other of the two, offsets exact.

Nothing here raises. Whoever changes a text works on its pieces, so that no offset is ever computed by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from service.evaluation.data import LabelledTicket, Span


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text that is one field (``type``) or none (None)."""

    text: str
    type: str | None = None


Change = Callable[[Piece], str]


def to_pieces(text: str, spans: Iterable[Span]) -> list[Piece]:
    """Cut ``text`` at its spans, which must not overlap."""
    pieces: list[Piece] = []
    cursor = 0
    for span in sorted(spans, key=lambda span: span.start):
        if span.start > cursor:
            pieces.append(Piece(text[cursor : span.start]))
        pieces.append(Piece(text[span.start : span.end], span.type))
        cursor = span.end
    if cursor < len(text):
        pieces.append(Piece(text[cursor:]))
    return pieces


def join(pieces: Iterable[Piece], offset: int = 0) -> tuple[str, list[Span]]:
    """The text of the pieces and the spans of those with a type, counted from ``offset``."""
    parts: list[str] = []
    spans: list[Span] = []
    for piece in pieces:
        if piece.type and piece.text:
            spans.append(Span(offset, offset + len(piece.text), piece.type))
        parts.append(piece.text)
        offset += len(piece.text)
    return "".join(parts), spans


def change(pieces: Iterable[Piece], to_text: Change) -> list[Piece]:
    """Every piece with the text that ``to_text`` makes of it; one that would become blank keeps its text."""
    return [Piece(changed if (changed := to_text(piece)).strip() else piece.text, piece.type) for piece in pieces]


def ticket_pieces(ticket: LabelledTicket) -> tuple[list[Piece] | None, list[Piece]]:
    """The pieces of a ticket's subject (None where it has none) and of its body."""
    spans = ticket.spans or ()
    if ticket.subject is None:
        return None, to_pieces(ticket.body, spans)
    cut = len(ticket.subject)
    in_body = [Span(span.start - cut - 2, span.end - cut - 2, span.type) for span in spans if span.start >= cut + 2]
    return to_pieces(ticket.subject, [span for span in spans if span.end <= cut]), to_pieces(ticket.body, in_body)


def capitalized(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces with the first letter of the first one in upper case, unless that is a field other than a request."""
    if not pieces or pieces[0].type not in (None, "requested_action") or not pieces[0].text:
        return list(pieces)
    text = pieces[0].text
    first = text[0].upper()
    return [Piece((first if len(first) == 1 else text[0]) + text[1:], pieces[0].type), *pieces[1:]]
