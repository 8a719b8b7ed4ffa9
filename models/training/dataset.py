"""In: labelled tickets. Out: token rows with targets, made by the service's own normalising and encoding.

Training sees exactly what serving will see: the same text, the same windows, the same word shapes.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from models.training.labels import LabelSet
from service.evaluation.data import LabelledTicket, Span
from service.inference.encode import EncodedText, Row, WindowLimits, encode_texts
from service.normalize import normalize
from service.normalized import NormalizedText

UNKNOWN = -100
SECONDARY_SHARE = 0.2
CLS_ID, SEP_ID = 101, 102


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """One row of model input with its targets; `UNKNOWN` targets train nothing.

    ``category`` (float32, shape [labels]) sums to 1, or to 0 where it is unknown; ``tags`` has one target a token.
    """

    ids: NDArray[np.int64]
    shapes: NDArray[np.int64]
    category: NDArray[np.float32]
    sentiment: int
    urgency: int
    tags: NDArray[np.int64]


def make_rows(
    tickets: Sequence[LabelledTicket], tokenizer: Tokenizer, labels: LabelSet, limits: WindowLimits
) -> list[TrainingRow]:
    """Rows of all tickets, in order; a long ticket gives more than one."""
    texts = [normalize(ticket.subject, ticket.body) for ticket in tickets]
    batch = encode_texts(tokenizer, texts, limits)
    tags = [
        tag_targets(ticket, text, tokens, labels)
        for ticket, text, tokens in zip(tickets, texts, batch.texts, strict=True)
    ]
    return [
        _row(row, tickets[row.text_index], batch.texts[row.text_index], tags[row.text_index], labels)
        for row in batch.rows
        if len(row.positions)
    ]


def _row(
    row: Row, ticket: LabelledTicket, tokens: EncodedText, tags: NDArray[np.int64], labels: LabelSet
) -> TrainingRow:
    category, sentiment, urgency = label_targets(ticket, labels)
    if not row.for_labels:
        category, sentiment, urgency = np.zeros_like(category), UNKNOWN, UNKNOWN
    row_tags = tags[row.positions].copy()
    row_tags[: row.tagged.start] = row_tags[row.tagged.stop :] = UNKNOWN
    return TrainingRow(tokens.ids[row.positions], tokens.shapes[row.positions], category, sentiment, urgency, row_tags)


def label_targets(ticket: LabelledTicket, labels: LabelSet) -> tuple[NDArray[np.float32], int, int]:
    """Category (as in `TrainingRow`), sentiment and urgency of a ticket."""
    category = np.zeros(len(labels.category), np.float32)
    if ticket.category is not None:
        share = SECONDARY_SHARE if ticket.secondary_category else 0.0
        category[labels.category.index(ticket.category)] = 1 - share
        if ticket.secondary_category is not None:
            category[labels.category.index(ticket.secondary_category)] += share
    sentiment = UNKNOWN if ticket.sentiment is None else labels.sentiment.index(ticket.sentiment)
    urgency = UNKNOWN if ticket.urgency is None else labels.urgency.index(ticket.urgency)
    return category, sentiment, urgency


def tag_targets(
    ticket: LabelledTicket, text: NormalizedText, tokens: EncodedText, labels: LabelSet
) -> NDArray[np.int64]:
    """The right tag of each token, `UNKNOWN` where the ticket has no spans."""
    if ticket.spans is None:
        return np.full(len(tokens.ids), UNKNOWN, np.int64)
    tags = np.zeros(len(tokens.ids), np.int64)
    for span in ticket.spans:
        start, end = to_normalized(text, span)
        inside = np.flatnonzero((tokens.starts < end) & (tokens.ends > start))
        if not len(inside):
            continue
        kind = labels.fields.index(span.type)
        tags[inside] = 2 + 2 * kind
        tags[inside[tokens.words[inside] == tokens.words[inside[0]]]] = 1 + 2 * kind
    return tags


def to_normalized(text: NormalizedText, span: Span) -> tuple[int, int]:
    """Map a span of the text as received to the normalised text; empty where nothing of it is left."""
    if text.starts is None or text.ends is None:
        return span.start, span.end
    return bisect_left(text.ends, span.start + 1), bisect_left(text.starts, span.end)


def open_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer without padding or truncation."""
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def bucketed_batches(
    rows: Sequence[TrainingRow], tokens_per_batch: int, rng: random.Random
) -> Iterator[list[TrainingRow]]:
    """Shuffled batches of rows of similar length, at most ``tokens_per_batch`` padded tokens each."""
    keyed = sorted(rows, key=lambda row: len(row.ids) * rng.uniform(0.9, 1.1))
    batches: list[list[TrainingRow]] = [[]]
    longest = 0
    for row in keyed:
        longest = max(longest, len(row.ids) + 2)
        if batches[-1] and longest * (len(batches[-1]) + 1) > tokens_per_batch:
            batches.append([])
            longest = len(row.ids) + 2
        batches[-1].append(row)
    rng.shuffle(batches)
    yield from (batch for batch in batches if batch)


def padded_arrays(rows: Sequence[TrainingRow]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Padded inputs by input name, and targets by head, of these rows, as arrays."""
    longest = max(len(row.ids) for row in rows) + 2
    ids, mask, shapes = (np.zeros((len(rows), longest), np.int64) for _ in range(3))
    tags = np.full((len(rows), longest), UNKNOWN, np.int64)
    for line, row in enumerate(rows):
        length = len(row.ids)
        ids[line, 0], ids[line, length + 1] = CLS_ID, SEP_ID
        ids[line, 1 : length + 1] = row.ids
        shapes[line, 1 : length + 1] = row.shapes
        mask[line, : length + 2] = 1
        tags[line, 1 : length + 1] = row.tags
    inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": shapes}
    targets = {
        "category": np.stack([row.category for row in rows]),
        "sentiment": np.array([row.sentiment for row in rows]),
        "urgency": np.array([row.urgency for row in rows]),
        "tag": tags,
    }
    return inputs, targets
