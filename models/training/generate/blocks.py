"""In: the pieces of a body. Out: the pieces with what mail programs and forms put round it.

Nothing here raises. Names, companies and numbers in a block are slots and therefore marked.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Final

from models.training.generate.grammar import Scene
from models.training.generate.pieces import Piece, to_pieces
from models.training.generate.topics import general
from service.evaluation.data import LabelledTicket

_GREETED: Final = re.compile(
    r"\W*(?:<[^>]+>|\s)*(?:hi|hello|hey|dear|good (?:morning|afternoon|evening)|to whom|greetings|ha[il]l?o)\b", re.I
)
_SIGNED: Final = re.compile(
    r"(?:regards|thanks|thank you|sincerely|faithfully|cheers|best wishes|best),?[^\w.]*(?:\n.{0,200})?$", re.I | re.S
)
_MAX_QUOTED_CHARS: Final = 500
_SUBJECT_WORDS: Final = (3, 8)


def greeted(pieces: Sequence[Piece], scene: Scene, rng: random.Random) -> list[Piece]:
    """The body after a greeting, unless it has one."""
    if _GREETED.match(_text(pieces)[:80]):
        return list(pieces)
    return [*scene.pieces(rng.choice(general("greetings"))), Piece(rng.choice(("\n\n", "\n", " "))), *pieces]


def signed(pieces: Sequence[Piece], scene: Scene, rng: random.Random) -> list[Piece]:
    """The body with closing and signature, unless it seems to have them."""
    if _SIGNED.search(_text(pieces)[-220:]):
        return list(pieces)
    closing = [Piece("\n\n"), *scene.pieces(rng.choice(general("closings")))] if rng.random() < 0.8 else []
    return [
        *pieces,
        *closing,
        Piece(rng.choice(("\n", "\n\n", "\n--\n"))),
        *scene.pieces(rng.choice(general("signatures"))),
    ]


def in_form(pieces: Sequence[Piece], scene: Scene, rng: random.Random) -> list[Piece]:
    """The body as the last answer of a web form."""
    keys: list[Piece] = []
    for key in rng.sample(general("forms", "keys"), rng.randint(2, 5)):
        keys += [*scene.pieces(key), Piece("\n")]
    return [*keys, Piece(rng.choice(("Message: ", "Message:\n", "Your message\n", "Description: ", "\n"))), *pieces]


def with_disclaimer(pieces: Sequence[Piece], scene: Scene, rng: random.Random) -> list[Piece]:
    """The body with the small print of a company's mail server below."""
    return [
        *pieces,
        Piece(rng.choice(("\n\n", "\n\n--\n", "\n\n____\n"))),
        *scene.pieces(rng.choice(general("disclaimers"))),
    ]


def with_quote(
    pieces: Sequence[Piece], donors: Sequence[LabelledTicket], rng: random.Random, *, marked: bool
) -> list[Piece]:
    """The body above an older message: a help desk's reply, or a donor's ticket.

    A donor that asks for something is not quoted: what is to be done stands in the newest text. Where ``marked``, a
    donor's fields must be known.
    """
    scene = Scene(rng)
    older = scene.pieces(rng.choice(general("replies")))
    donor = rng.choice(donors) if donors and rng.random() < 0.4 else None
    if donor and _can_be_quoted(donor, marked=marked):
        older = to_pieces(donor.text, donor.spans or ())
    return [*pieces, *_quoted(older, scene, rng)]


def _can_be_quoted(donor: LabelledTicket, *, marked: bool) -> bool:
    known = donor.spans is not None or not marked
    asks = any(span.type == "requested_action" for span in donor.spans or ())
    return known and not asks and len(donor.text) <= _MAX_QUOTED_CHARS and "<" not in donor.text


def _quoted(older: Sequence[Piece], scene: Scene, rng: random.Random) -> list[Piece]:
    mark = rng.choice(("> ", "> ", ">", "", "| "))
    head = rng.choice(
        (
            "On {date}, {agent} wrote:",
            "On {date} at {noise_time}, {name} <{email}> wrote:",
            "Am {date} schrieb {org}:",
            "-----Original Message-----⏎From: {name}⏎Sent: {date}⏎Subject: Re: your request",
            "________________________________⏎From: {org} <{email}>⏎Sent: {date} {noise_time}⏎To: {name2}",
            "{agent} ({org}) wrote on {date}:",
        )
    )
    # An address in "<…>" is no requested action; the grammar's marks are put round it only after filling.
    before, _, rest = head.partition("<{email}>")
    start = [
        *scene.pieces(before),
        *([Piece("<"), *scene.pieces("{email}"), Piece(">")] if rest else []),
        *scene.pieces(rest),
    ]
    lines = [Piece(piece.text.replace("\n", f"\n{mark}" if piece.type is None else " "), piece.type) for piece in older]
    return [Piece("\n\n"), *start, Piece(f"\n{mark}"), *lines]


def subject_from(pieces: Sequence[Piece], rng: random.Random) -> list[Piece] | None:
    """The first words of the body as a subject, or None where it has too few or starts with a long field."""
    wanted = rng.randint(*_SUBJECT_WORDS)
    subject: list[Piece] = []
    for piece in pieces:
        text = piece.text.split("\n")[0] if piece.type is None else piece.text
        found = text.split(" ")
        if piece.type is None:
            subject.append(Piece(" ".join(found[:wanted])))
        elif len(found) <= wanted and "\n" not in text:
            subject.append(piece)
        else:
            break
        wanted -= len(found)
        if wanted <= 0 or text != piece.text:
            break
    kept = _trimmed(subject)
    return kept if len(_text(kept)) > 3 and len(kept) + len(_text(kept).split()) > 3 else None


def _trimmed(pieces: list[Piece]) -> list[Piece]:
    if pieces and pieces[-1].type is None:
        pieces = [*pieces[:-1], Piece(pieces[-1].text.rstrip(" ,.;:"))]
    return [piece for piece in pieces if piece.text]


def _text(pieces: Sequence[Piece]) -> str:
    return "".join(piece.text for piece in pieces)
