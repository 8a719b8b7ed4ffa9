"""In: normalised texts. Out: rows of tokens for the model, each with the way back to its text.

A text that fits is one row that every head reads. A longer one gives a head-and-tail row for the labels and
overlapping windows for the tagger; quoted history and disclaimers are read by the tagger only. Nothing is silently cut:
where windows run out, the text is marked truncated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from service.inference.shapes import LOWER, word_shapes
from service.normalized import NormalizedText, PartKind

_WINDOW_OVERLAP_TOKENS = 32
_MIN_LABEL_TOKENS = 3
_LENGTH_STEP = 8
_CONTEXT_ONLY = (PartKind.QUOTE, PartKind.DISCLAIMER)


@dataclass(frozen=True, slots=True)
class WindowLimits:
    """How long a row may be, how much of a long text's start the labels see, and how many windows a text may have."""

    max_tokens: int
    head_tokens: int
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
    """One row of model input: the positions of its tokens in the text's `EncodedText`, and who reads its outputs.

    Where windows overlap, the tags of the first ``skip`` tokens are the window before's, and those of the last
    ``leave`` the window after's, so that no token has two answers.
    """

    text_index: int
    positions: NDArray[np.int64]
    for_labels: bool
    for_tags: bool
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
    room = limits.max_tokens - 2
    context = np.zeros(len(tokens.ids), bool)
    for part in text.parts:
        if part.kind in _CONTEXT_ONLY:
            context |= (tokens.starts >= part.start) & (tokens.starts < part.end)
    label = np.flatnonzero(~context)
    rest = np.flatnonzero(context)
    if len(label) < _MIN_LABEL_TOKENS:
        label, rest = np.arange(len(tokens.ids)), rest[:0]
    if len(label) <= room:
        rows = [Row(index, label, for_labels=True, for_tags=True)]
        to_window = [rest] if len(rest) else []
    else:
        tail = room - limits.head_tokens
        rows = [Row(index, np.r_[label[: limits.head_tokens], label[-tail:]], for_labels=True, for_tags=False)]
        to_window = [label, rest] if len(rest) else [label]
    cut = False
    for positions in to_window:
        for start in range(0, max(1, len(positions) - _WINDOW_OVERLAP_TOKENS), room - _WINDOW_OVERLAP_TOKENS):
            if len(rows) >= limits.max_windows:
                cut = True
                break
            is_last = start + room >= len(positions)
            rows.append(
                Row(
                    index,
                    positions[start : start + room],
                    for_labels=False,
                    for_tags=True,
                    skip=_WINDOW_OVERLAP_TOKENS // 2 if start else 0,
                    leave=0 if is_last or len(rows) + 1 >= limits.max_windows else _WINDOW_OVERLAP_TOKENS // 2,
                )
            )
    return rows, cut


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
