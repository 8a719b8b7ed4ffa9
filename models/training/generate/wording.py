"""In: the pieces of a text. Out: the same pieces typed less carefully: typos, other case, no punctuation.

Nothing here raises. Identifiers, addresses of the net and amounts keep their characters: a typo there is another value.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Final

from models.training.generate.pieces import Piece, change

_WORDED_TYPES: Final = frozenset({None, "requested_action"})
_CASED_TYPES: Final = _WORDED_TYPES | {"person_name", "organization", "product", "date", "postal_address"}
_WORD: Final = re.compile(r"[A-Za-z]{4,}")
_PUNCTUATION: Final = re.compile(r"(?<!\d)[.,!?;:]+(?!\S)")
_NEIGHBOURS: Final = {
    "q": "wa", "w": "qes", "e": "wrd", "r": "etf", "t": "ryg", "y": "tuh", "u": "yij", "i": "uok",
    "o": "ipl", "p": "ol", "a": "qsz", "s": "adwx", "d": "sfec", "f": "dgrv", "g": "fhtb", "h": "gjyn",
    "j": "hkum", "k": "jli", "l": "kop", "z": "asx", "x": "zcs", "c": "xvd", "v": "cbf", "b": "vng",
    "n": "bmh", "m": "nj",
}  # fmt: skip


def with_typos(pieces: Sequence[Piece], rng: random.Random) -> list[Piece]:
    """A slip of the fingers in one word in eight to one in thirty."""
    rate = rng.choice((0.03, 0.06, 0.12))

    def mistype(found: re.Match[str]) -> str:
        return _mistyped(found[0], rng) if rng.random() < rate else found[0]

    return change(pieces, lambda piece: _WORD.sub(mistype, piece.text) if piece.type in _WORDED_TYPES else piece.text)


def _mistyped(word: str, rng: random.Random) -> str:
    # The first letter is what readers and writers get right.
    at = rng.randrange(1, len(word) - 1)
    kind = rng.randrange(4)
    if kind == 0:
        return word[:at] + word[at + 1 :]
    if kind == 1:
        return word[:at] + word[at] + word[at:]
    if kind == 2:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    neighbour = rng.choice(_NEIGHBOURS.get(word[at].lower(), word[at]))
    return word[:at] + (neighbour.upper() if word[at].isupper() else neighbour) + word[at + 1 :]


def lower_cased(pieces: Sequence[Piece], rng: random.Random) -> list[Piece]:
    """Everything in lower case; identifiers too in half of the texts."""
    with_ids = rng.random() < 0.5
    return change(pieces, lambda piece: piece.text.lower() if with_ids or piece.type in _CASED_TYPES else piece.text)


def upper_cased(pieces: Sequence[Piece]) -> list[Piece]:
    """The words in capitals, as people shout."""
    return change(pieces, lambda piece: piece.text.upper() if piece.type in _CASED_TYPES else piece.text)


def unpunctuated(pieces: Sequence[Piece]) -> list[Piece]:
    """The words without commas and stops."""
    return change(pieces, lambda piece: _PUNCTUATION.sub("", piece.text) if piece.type in _WORDED_TYPES else piece.text)
