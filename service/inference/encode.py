"""In: normalised texts. Out: rows of tokens for the model, each with the way back to its text.

A text that fits is one row that every head reads. A longer one gives overlapping windows of equal length, of which
the first and the last answer for the labels; quoted history and disclaimers are read by the tagger only. Nothing is
silently cut: where windows run out, the text is marked truncated.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from service.inference.shapes import LOWER, word_shapes
from service.normalized import NormalizedText, PartKind

_MARGIN_TOKENS = 16
_MIN_LABEL_TOKENS = 3
_LENGTH_STEP = 8
_CONTEXT_ONLY = (PartKind.QUOTE, PartKind.DISCLAIMER)


@dataclass(frozen=True, slots=True)
class WindowLimits:
    """How long a row may be, special tokens included, and how many rows a text may have."""

    max_tokens: int
    max_windows: int


@dataclass(frozen=True, slots=True)
class EncodedText:
    """A text's tokens without the special ones; arrays of shape [n].

    ``starts`` and ``ends`` are character offsets; ``words`` numbers the word that each token belongs to.
    """

    ids: NDArray[np.int64]
    shapes: NDArray[np.int64]
    starts: NDArray[np.int32]
    ends: NDArray[np.int32]
    words: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of model input: its tokens' positions in the text's `EncodedText`, and whether it counts for labels.

    Where windows overlap, the tags of the first ``skip`` tokens are the window before's, and those of the last
    ``leave`` the window after's, so that no token has two answers.
    """

    text_index: int
    positions: NDArray[np.int64]
    for_labels: bool
    skip: int = 0
    leave: int = 0

    @property
    def tagged(self) -> slice:
        """Which of the row's tokens it gives the tags of."""
        return slice(self.skip, len(self.positions) - self.leave)


@dataclass(frozen=True, slots=True)
class EncodedBatch:
    """The texts of a batch, their rows, and which of them were too long to be read whole."""

    texts: tuple[EncodedText, ...]
    rows: tuple[Row, ...]
    truncated: tuple[bool, ...] = field(default=())

    def portions(self, most_tokens: int, *, sort_by_length: bool = True) -> Iterator[tuple[list[int], EncodedBatch]]:
        """The texts in portions of at most ``most_tokens``, but at least a text: their numbers, and a batch of them."""
        rows_of: list[list[Row]] = [[] for _ in self.texts]
        for row in self.rows:
            rows_of[row.text_index].append(row)
        tokens = [sum(len(row.positions) for row in rows) for rows in rows_of]
        chosen: list[int] = []
        size = 0
        order = range(len(self.texts))
        for index in sorted(order, key=tokens.__getitem__) if sort_by_length else order:
            if chosen and size + tokens[index] > most_tokens:
                yield chosen, self._part(chosen, rows_of)
                chosen, size = [], 0
            chosen.append(index)
            size += tokens[index]
        if chosen:
            yield chosen, self._part(chosen, rows_of)

    def _part(self, chosen: Sequence[int], rows_of: Sequence[Sequence[Row]]) -> EncodedBatch:
        rows = (replace(row, text_index=number) for number, index in enumerate(chosen) for row in rows_of[index])
        truncated = tuple(self.truncated[index] for index in chosen) if self.truncated else ()
        return EncodedBatch(tuple(self.texts[index] for index in chosen), tuple(rows), truncated)


def encode_texts(tokenizer: Tokenizer, texts: Sequence[NormalizedText], limits: WindowLimits) -> EncodedBatch:
    """Tokenise texts and lay their tokens out in rows of at most ``limits.max_tokens``, two special tokens included."""
    encodings = tokenizer.encode_batch([text.text for text in texts], add_special_tokens=False)
    encoded = tuple(_arrays(text.text, encoding) for text, encoding in zip(texts, encodings, strict=True))
    rows: list[Row] = []
    truncated: list[bool] = []
    for index, (text, tokens) in enumerate(zip(texts, encoded, strict=True)):
        text_rows, cut = _rows(index, text, tokens, limits)
        rows += text_rows
        truncated.append(cut)
    return EncodedBatch(encoded, tuple(rows), tuple(truncated))


def _arrays(text: str, encoding: Encoding) -> EncodedText:
    ids = np.array(encoding.ids, np.int64)
    offsets = np.array(encoding.offsets, np.int32).reshape(-1, 2)
    words = np.array(encoding.word_ids, np.int32)
    starts, ends = offsets[:, 0], offsets[:, 1]
    if not len(ids):
        return EncodedText(ids, ids, starts, ends, words)
    first = np.r_[True, words[1:] != words[:-1]]
    last = np.r_[first[1:], True]
    shapes = word_shapes(text, starts[first], ends[last])
    return EncodedText(ids, shapes[np.cumsum(first) - 1], starts, ends, words)


def _rows(index: int, text: NormalizedText, tokens: EncodedText, limits: WindowLimits) -> tuple[list[Row], bool]:
    context = np.zeros(len(tokens.ids), bool)
    for part in text.parts:
        if part.kind in _CONTEXT_ONLY:
            context |= (tokens.starts >= part.start) & (tokens.starts < part.end)
    own, rest = np.flatnonzero(~context), np.flatnonzero(context)
    if len(own) < _MIN_LABEL_TOKENS:
        own, rest = np.arange(len(tokens.ids)), rest[:0]
    room = limits.max_tokens - 2
    spans, cut = _spans(len(own), room, limits.max_windows)
    ends = (spans[0], spans[-1])
    rows = [_row(index, own, span, for_labels=span in ends) for span in spans]
    if len(rest):
        spans, rest_cut = _spans(len(rest), room, limits.max_windows - len(rows))
        rows += [_row(index, rest, span, for_labels=False) for span in spans]
        cut |= rest_cut
    return rows, cut


def _spans(count: int, room: int, most: int) -> tuple[list[tuple[int, int]], bool]:
    """Parts of ``count`` tokens, of equal length, that fit in rows together with their margins.

    Where ``most`` do not suffice, tokens before the last one are left out, so that the end is read, and this is told.
    """
    if not most:
        return [], True
    if count <= room:
        return [(0, count)], False
    longest = room - 2 * _MARGIN_TOKENS
    parts = 2 if count <= 2 * (room - _MARGIN_TOKENS) else -(-count // longest)
    if parts <= most:
        bounds = [number * count // parts for number in range(parts + 1)]
        return list(pairwise(bounds)), False
    spans = [(number * longest, (number + 1) * longest) for number in range(most)]
    if most > 1:
        spans[-1] = (count - longest, count)
    return spans, True


def _row(index: int, positions: NDArray[np.int64], span: tuple[int, int], *, for_labels: bool) -> Row:
    start, end = max(0, span[0] - _MARGIN_TOKENS), min(len(positions), span[1] + _MARGIN_TOKENS)
    return Row(index, positions[start:end], for_labels, skip=span[0] - start, leave=end - span[1])


def padded_length(row: Row) -> int:
    """Tokens of a row with the two special ones, rounded up to eight.

    At other lengths the last bit of a sum depends on how much a row is padded; rounding activations to int8 makes a
    hundredth of that. At multiples of four a row's answer was the same whatever stood beside it, eight is to be safe.
    """
    return -(-(len(row.positions) + 2) // _LENGTH_STEP) * _LENGTH_STEP


def pad_rows(
    rows: Sequence[Row], texts: Sequence[EncodedText], cls_id: int, sep_id: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Ids, attention mask and shape ids of these rows, each of shape [rows, longest padded row], padded with zeros."""
    longest = max(padded_length(row) for row in rows)
    ids, mask, shapes = (np.zeros((len(rows), longest), np.int64) for _ in range(3))
    for line, row in enumerate(rows):
        tokens, length = texts[row.text_index], len(row.positions)
        ids[line, 0], ids[line, length + 1] = cls_id, sep_id
        ids[line, 1 : length + 1] = tokens.ids[row.positions]
        mask[line, : length + 2] = 1
        shapes[line, 0] = shapes[line, length + 1] = LOWER
        shapes[line, 1 : length + 1] = tokens.shapes[row.positions]
    return ids, mask, shapes
