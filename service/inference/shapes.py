"""In: a text and the character offsets of its tokens. Out: one word-shape id a token.

The tokenizer lower-cases, which hides names; the shape of the word a token belongs to brings case and digits back as
the model's token-type input, at no cost in FLOPs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LOWER, TITLE, UPPER, DIGIT, MIXED, OTHER = range(6)
SHAPE_COUNT = 6

_BMP = 0x10000


def _character_classes() -> NDArray[np.uint8]:
    table = np.zeros(_BMP, np.uint8)
    for code in range(_BMP):
        char = chr(code)
        table[code] = 1 if char.islower() else 2 if char.isupper() else 3 if char.isdigit() else 0
    return table


_CLASSES = _character_classes()


def word_shapes(text: str, word_starts: NDArray[np.int32], word_ends: NDArray[np.int32]) -> NDArray[np.int64]:
    """Shape ids of the words at these character offsets (int32, shape [n], n > 0).

    `OTHER` is a word without letter or digit; a word of one capital letter is `TITLE`. Characters outside the Basic
    Multilingual Plane have no case here.
    """
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    classes = _CLASSES[np.where(codes < _BMP, codes, 0)]
    totals = np.zeros((4, len(classes) + 1), np.int32)
    for kind in (1, 2, 3):
        np.cumsum(classes == kind, out=totals[kind][1:])
    counts = totals[:, word_ends] - totals[:, word_starts]
    lower, upper, digit = counts[1], counts[2], counts[3]
    first_upper = classes[word_starts] == 2
    letters = lower + upper
    return np.select(
        [
            (letters == 0) & (digit == 0),
            letters == 0,
            digit > 0,
            upper == 0,
            first_upper & (upper == 1),
            lower == 0,
        ],
        [OTHER, DIGIT, MIXED, LOWER, TITLE, UPPER],
        default=MIXED,
    ).astype(np.int64)
