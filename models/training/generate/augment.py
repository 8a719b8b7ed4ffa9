"""In: a labelled ticket, a random generator and donors. Out: the same ticket looking otherwise, its labels still true.

Raises nothing of its own. Every change works on pieces, so that spans stay exact; where a change could make a label
untrue, either the change is not made or the label becomes unknown.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Final

from models.training.generate import blocks, markup, wording
from models.training.generate.grammar import Scene
from models.training.generate.pieces import Piece, join, ticket_pieces
from models.training.generate.swap import swapped
from service.evaluation.data import LabelledTicket

# How often each change is made. Two tickets in three are changed, most of them in one or two ways.
_SWAP: Final = 0.5
_SWAP_SHARE: Final = 0.6
_CROP: Final = 0.12
_TYPOS: Final = 0.2
_LOWER: Final = 0.12
_UPPER: Final = 0.03
_NO_PUNCTUATION: Final = 0.08
_GREETING: Final = 0.15
_SIGNATURE: Final = 0.15
_FORM: Final = 0.04
_SUBJECT: Final = 0.15
_QUOTE: Final = 0.08
_DISCLAIMER: Final = 0.04
_HTML: Final = 0.08
_MIN_CROP_WORDS: Final = 100
_MIN_BLOCK_WORDS: Final = 4
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+|\n+")

Pieces = list[Piece]


def augment(ticket: LabelledTicket, rng: random.Random, donors: Sequence[LabelledTicket]) -> LabelledTicket:
    """Vary a ticket. Labels stay, except that a cropped text's sentiment and urgency become unknown."""
    subject, body = ticket_pieces(ticket)
    is_markup = markup.looks_like_markup(ticket.body)
    if ticket.spans and rng.random() < _SWAP:
        subject, body = _swapped(subject, body, rng, is_markup=is_markup)
    cropped = not is_markup and len(ticket.body.split()) > _MIN_CROP_WORDS and rng.random() < _CROP
    if cropped:
        body = _head(body, rng)
    if not is_markup:
        subject, body = _retyped(ticket, subject, body, rng)
        subject, body = _wrapped(ticket, subject, body, donors, rng)
    subject_text, spans = (None, []) if subject is None else join(subject)
    body_text, body_spans = join(body, 0 if subject_text is None else len(subject_text) + 2)
    return LabelledTicket(
        subject=subject_text,
        body=body_text,
        source=ticket.source,
        category=ticket.category,
        secondary_category=None if cropped else ticket.secondary_category,
        sentiment=None if cropped else ticket.sentiment,
        urgency=None if cropped else ticket.urgency,
        spans=None if ticket.spans is None else tuple(spans + body_spans),
    )


def _swapped(
    subject: Pieces | None, body: Pieces, rng: random.Random, *, is_markup: bool
) -> tuple[Pieces | None, Pieces]:
    parts = swapped([subject or [], body], rng, _SWAP_SHARE, markup=is_markup)
    return None if subject is None else parts[0], parts[1]


def _head(body: Pieces, rng: random.Random) -> Pieces:
    """The first two thirds to nine tenths of a body, cut at the end of a sentence where one is near."""
    length = sum(len(piece.text) for piece in body)
    target = int(length * rng.uniform(0.65, 0.9))
    kept: Pieces = []
    for piece in body:
        if target <= 0:
            break
        if piece.type is None and len(piece.text) > target:
            ends = [found.start() for found in _SENTENCE_END.finditer(piece.text)]
            cut = min(ends, key=lambda end: abs(end - target), default=target)
            kept.append(Piece(piece.text[:cut]))
        else:
            kept.append(piece)
        target -= len(piece.text)
    return [piece for piece in kept if piece.text] or body


def _retyped(
    ticket: LabelledTicket, subject: Pieces | None, body: Pieces, rng: random.Random
) -> tuple[Pieces | None, Pieces]:
    if rng.random() < _TYPOS:
        body = wording.with_typos(body, rng)
    if rng.random() < _NO_PUNCTUATION:
        body = wording.unpunctuated(body)
    if rng.random() < _LOWER:
        return subject and wording.lower_cased(subject, rng), wording.lower_cased(body, rng)
    # Capitals read as anger: only where the ticket is angry anyway, or no one says what it is.
    if ticket.sentiment in (None, "negative") and rng.random() < _UPPER:
        body = wording.upper_cased(body)
    return subject, body


def _wrapped(
    ticket: LabelledTicket,
    subject: Pieces | None,
    body: Pieces,
    donors: Sequence[LabelledTicket],
    rng: random.Random,
) -> tuple[Pieces | None, Pieces]:
    scene = Scene(rng)
    if subject is None and rng.random() < _SUBJECT:
        subject = blocks.subject_from(body, rng)
    # A greeting round "??" is one thing, a form and a thread round it another ticket.
    wordy = ticket.category is not None and len(ticket.body.split()) >= _MIN_BLOCK_WORDS
    if rng.random() < _GREETING:
        body = blocks.greeted(body, scene, rng)
    if rng.random() < _SIGNATURE:
        body = blocks.signed(body, scene, rng)
    elif wordy and rng.random() < _FORM:
        body = blocks.in_form(body, scene, rng)
    if wordy and rng.random() < _QUOTE:
        body = blocks.with_quote(body, donors, rng, marked=ticket.spans is not None)
    if wordy and rng.random() < _DISCLAIMER:
        body = blocks.with_disclaimer(body, scene, rng)
    if not markup.looks_like_markup(ticket.body) and rng.random() < _HTML:
        body = markup.as_html(body, rng)
    return subject, body
