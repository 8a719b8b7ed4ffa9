"""In: tag probabilities of a text's tokens. Out: the field spans they describe, in characters of that text.

The first piece of a word speaks for the whole word, so a span never ends inside one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from service.inference.encode import EncodedText
from service.result import FieldSpan

_OUTSIDE = 0


def read_spans(
    text: str, tokens: EncodedText, probabilities: NDArray[np.float32], field_types: Sequence[str], keep_above: float
) -> tuple[FieldSpan, ...]:
    """Spans from ``probabilities`` (float32, shape [tokens, 1 + 2 × field types], in the order O, B-x, I-x, …).

    A span's confidence is the mean probability, over its words, of its type.
    """
    if not len(tokens.ids):
        return ()
    first = np.flatnonzero(np.r_[True, tokens.words[1:] != tokens.words[:-1]])
    last = np.r_[first[1:], len(tokens.words)] - 1
    tags = probabilities[first].argmax(axis=1)
    if not tags.any():
        return ()
    spans: list[FieldSpan] = []
    for begin, end, kind in _runs(tags):
        type_probability = probabilities[first[begin:end], 1 + 2 * kind : 3 + 2 * kind].sum(axis=1).mean()
        if type_probability <= keep_above:
            continue
        start_char, end_char = int(tokens.starts[first[begin]]), int(tokens.ends[last[end - 1]])
        start_char, end_char = _trim(text, start_char, end_char)
        if start_char < end_char:
            confidence = round(min(1.0, float(type_probability)), 4)
            spans.append(FieldSpan(field_types[kind], start_char, end_char, confidence, "model"))
    return tuple(spans)


def _runs(tags: NDArray[np.int64]) -> Iterator[tuple[int, int, int]]:
    """Yield (first word, end word, type index) of each run; an I- tag after another type begins a new run."""
    begin, kind = -1, -1
    for position, tag in enumerate(tags.tolist()):
        tag_kind = (tag - 1) // 2 if tag != _OUTSIDE else -1
        if tag_kind != kind or (tag != _OUTSIDE and tag % 2 == 1):
            if kind >= 0:
                yield begin, position, kind
            begin, kind = position, tag_kind
    if kind >= 0:
        yield begin, len(tags), kind


_EDGE = " \t\r\n.,;:!?\"'“”„‘’»«>|*"


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start] in _EDGE:
        start += 1
    while end > start and text[end - 1] in _EDGE:
        end -= 1
    return start, end
