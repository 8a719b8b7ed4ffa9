"""In: the sentences of a ticket. Out: subject and body as an e-mail, chat, bare text, a form or a voice transcript.

Nothing here raises. A style changes how a ticket looks, never what it says.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Final

from models.training.generate.grammar import Scene
from models.training.generate.pieces import Piece, capitalized, change
from models.training.generate.topics import general

Pieces = list[Piece]
Style = Callable[[list[Pieces], str, Scene, random.Random], tuple[Pieces | None, Pieces]]

_DIGIT_WORDS: Final = dict(
    zip("0123456789", ("oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"), strict=True)
)
_SPOKEN_TYPES: Final = frozenset(
    {"order_id", "account_id", "tracking_number", "invoice_id", "phone", "card_number", "iban"}
)
_FILLERS: Final = ("um", "uh", "er", "you know", "well", "so", "like", "I mean", "[inaudible]", "yeah")
_STRESS: Final = re.compile(r"[.!,;:?\"()]+")


def email(sentences: list[Pieces], category: str, scene: Scene, rng: random.Random) -> tuple[Pieces | None, Pieces]:
    """Subject, greeting, paragraphs, closing and signature; some of each may be missing."""
    body: Pieces = []
    if rng.random() < 0.8:
        body += [*scene.pieces(rng.choice(general("greetings"))), Piece(rng.choice(("\n\n", "\n", "\n\n", " ")))]
    body += _paragraphs([capitalized(sentence) for sentence in sentences], rng)
    if rng.random() < 0.7:
        body += [Piece(rng.choice(("\n\n", "\n\n", "\n"))), *scene.pieces(rng.choice(general("closings")))]
    if rng.random() < 0.8:
        body += [Piece(rng.choice(("\n", "\n", "\n\n", "\n--\n"))), *scene.pieces(rng.choice(general("signatures")))]
    return _subject(category, scene, rng, 0.8), body


def bare(sentences: list[Pieces], category: str, scene: Scene, rng: random.Random) -> tuple[Pieces | None, Pieces]:
    """The sentences and nothing else, as typed into a web form."""
    return _subject(category, scene, rng, 0.25), _paragraphs([capitalized(line) for line in sentences], rng)


def chat(sentences: list[Pieces], _: str, __: Scene, rng: random.Random) -> tuple[Pieces | None, Pieces]:
    """Short lines, often without capitals and full stops."""
    separator = rng.choice((" ", " ", " ", "\n", ", ", "... "))
    if separator.strip():
        sentences = [*([_unstopped(line) for line in sentences[:-1]]), sentences[-1]]
    pieces = _joined(sentences, separator)
    if rng.random() < 0.75:
        lower_ids = rng.random() < 0.3
        pieces = change(
            pieces, lambda piece: piece.text if piece.type in _SPOKEN_TYPES and not lower_ids else piece.text.lower()
        )
    if rng.random() < 0.5 and pieces[-1].type is None:
        pieces[-1] = Piece(pieces[-1].text.rstrip(" ."))
    return None, pieces


def form(sentences: list[Pieces], category: str, scene: Scene, rng: random.Random) -> tuple[Pieces | None, Pieces]:
    """Key and value lines, then the message."""
    keys = rng.sample(general("forms", "keys"), rng.randint(2, 6))
    body: Pieces = []
    for key in keys:
        body += [*scene.pieces(key), Piece("\n")]
    body.append(Piece(rng.choice(("Message: ", "Message:\n", "Your request: ", "Description: ", "\n", "Comment: "))))
    return _subject(category, scene, rng, 0.3), body + _paragraphs([capitalized(line) for line in sentences], rng)


def transcript(sentences: list[Pieces], _: str, scene: Scene, rng: random.Random) -> tuple[Pieces | None, Pieces]:
    """A voice mail as a machine writes it: no punctuation, fillers, numbers and addresses spoken."""
    pieces: Pieces = scene.pieces(
        rng.choice(("(hi|hello|yes hello|good morning) (this is {name}|{name} here|my name is {name}|) ", ""))
    )
    for sentence in sentences:
        pieces += [*sentence, Piece(f" {rng.choice(_FILLERS)} " if rng.random() < 0.6 else " ")]
    pieces += [Piece(rng.choice(("thank you bye", "thanks", "okay bye", "thank you")))]
    return None, change(pieces, _spoken)


def _spoken(piece: Piece) -> str:
    text = piece.text.replace("\n", " ")
    if piece.type in _SPOKEN_TYPES:
        return " ".join(_DIGIT_WORDS.get(char, char.lower()) for char in text if char.isalnum())
    if piece.type in ("email", "url"):
        return text.replace("https://", "").replace("http://", "").replace("@", " at ").replace(".", " dot ")
    if piece.type in (None, "requested_action"):
        return re.sub(" {2,}", " ", _STRESS.sub("", text))
    return text


def _unstopped(sentence: Pieces) -> Pieces:
    last = sentence[-1]
    return [*sentence[:-1], Piece(last.text.rstrip(" .") or " ", last.type)] if last.type is None else sentence


def _subject(category: str, scene: Scene, rng: random.Random, share: float) -> Pieces | None:
    if rng.random() > share:
        return None
    pieces = capitalized(scene.pieces(rng.choice(general("subjects", category))))
    # An address may run over lines, a subject may not.
    return change(pieces, lambda piece: piece.text.replace("\n", " "))


def _paragraphs(sentences: list[Pieces], rng: random.Random) -> Pieces:
    return _joined(sentences, rng.choice((" ", " ", " ", "\n", "\n\n")))


def _joined(sentences: list[Pieces], separator: str) -> Pieces:
    pieces: Pieces = []
    for place, sentence in enumerate(sentences):
        pieces += [Piece(separator), *sentence] if place else sentence
    return pieces
