"""In: token rows and what a teacher said of them. Out: both as flat arrays: to store, to read back, to make batches of.

Raises OSError, or ValueError and KeyError where a stored file is not one of these.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.training.dataset import TrainingRow
from models.training.fit import collate

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TaughtRows:
    """``n`` rows of ``t`` tokens together, and the teacher's logits (float16) on them.

    ``starts`` (int64, shape [n + 1]) says where a row's tokens begin; ``ids``, ``shapes``, ``tags`` and ``tag_logits``
    have one line a token; ``pooled`` (float16, [n, heads, hidden size]) are the states that the teacher's heads read.
    """

    starts: Ints
    ids: NDArray[np.int32]
    shapes: NDArray[np.int8]
    tags: NDArray[np.int16]
    category: NDArray[np.float32]
    sentiment: NDArray[np.int16]
    urgency: NDArray[np.int16]
    category_logits: NDArray[np.float16]
    sentiment_logits: NDArray[np.float16]
    urgency_logits: NDArray[np.float16]
    tag_logits: NDArray[np.float16]
    pooled: NDArray[np.float16]

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> Ints:
        """Tokens of each row, the two special ones not counted."""
        return np.diff(self.starts)


@dataclass(frozen=True, slots=True)
class TaughtBatch:
    """Inputs, targets and teacher's answers as tensors; ``teacher`` is by output name, in float32.

    ``real`` (bool, shape [rows, longest]) is where the teacher said something of a token.
    """

    inputs: dict[str, Tensor]
    targets: dict[str, Tensor]
    teacher: dict[str, Tensor]
    pooled: Tensor
    real: Tensor


def flatten(rows: Sequence[TrainingRow], answers: dict[str, NDArray[np.float16]]) -> TaughtRows:
    """Rows and answers as flat arrays; ``answers`` are the fields of `TaughtRows` for logits, and ``pooled``."""
    return TaughtRows(
        starts=np.cumsum([0, *(len(row.ids) for row in rows)]),
        ids=np.concatenate([row.ids for row in rows]).astype(np.int32),
        shapes=np.concatenate([row.shapes for row in rows]).astype(np.int8),
        tags=np.concatenate([row.tags for row in rows]).astype(np.int16),
        category=np.stack([row.category for row in rows]),
        sentiment=np.array([row.sentiment for row in rows], np.int16),
        urgency=np.array([row.urgency for row in rows], np.int16),
        **answers,
    )


def save(rows: TaughtRows, target: Path) -> None:
    """Write rows so that the file is either whole or absent."""
    partial = target.with_suffix(".partial")
    with partial.open("wb") as file:
        np.savez(file, **{field.name: getattr(rows, field.name) for field in fields(rows)})
        file.flush()
        os.fsync(file.fileno())
    partial.replace(target)


def load(files: Sequence[Path]) -> TaughtRows:
    """The rows of all these files as one."""
    parts = []
    for path in files:
        with np.load(path, allow_pickle=False) as stored:
            parts.append({field.name: stored[field.name] for field in fields(TaughtRows)})
    offsets = np.cumsum([0, *(part["starts"][-1] for part in parts)])
    starts = [part["starts"][:-1] + offset for part, offset in zip(parts, offsets[:-1], strict=True)]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0] if name != "starts"}
    return TaughtRows(starts=np.concatenate([*starts, offsets[-1:]]), **joined)


def batches(rows: TaughtRows, tokens_per_batch: int, rng: random.Random) -> list[list[int]]:
    """Shuffled row numbers by similar length, at most ``tokens_per_batch`` padded tokens a batch."""
    lengths = rows.lengths.tolist()
    order = sorted(range(len(rows)), key=lambda index: lengths[index] * rng.uniform(0.9, 1.1))
    made = list(grouped(order, lengths, tokens_per_batch))
    rng.shuffle(made)
    return made


def grouped(order: Iterable[int], lengths: Sequence[int], tokens_per_group: int) -> Iterator[list[int]]:
    """Row numbers in this order, in groups whose rows times longest row (two special tokens more) fit the budget."""
    pending: list[int] = []
    longest = 0
    for index in order:
        length = lengths[index] + 2
        if pending and max(longest, length) * (len(pending) + 1) > tokens_per_group:
            yield pending
            pending, longest = [], 0
        pending.append(index)
        longest = max(longest, length)
    if pending:
        yield pending


def taught_batch(rows: TaughtRows, chosen: Sequence[int]) -> TaughtBatch:
    """One batch, padded to its longest row."""
    inputs, targets = collate(list(_training_rows(rows, chosen)))
    tag_logits = np.zeros((*inputs["input_ids"].shape, rows.tag_logits.shape[1]), np.float32)
    real = np.zeros(inputs["input_ids"].shape, bool)
    for line, index in enumerate(chosen):
        start, end = rows.starts[index], rows.starts[index + 1]
        tag_logits[line, 1 : 1 + end - start] = rows.tag_logits[start:end]
        real[line, 1 : 1 + end - start] = True
    teacher = {
        name: torch.from_numpy(getattr(rows, name)[chosen].astype(np.float32))
        for name in ("category_logits", "sentiment_logits", "urgency_logits")
    }
    teacher["tag_logits"] = torch.from_numpy(tag_logits)
    pooled = torch.from_numpy(rows.pooled[chosen].astype(np.float32))
    return TaughtBatch(inputs, targets, teacher, pooled, torch.from_numpy(real))


def _training_rows(rows: TaughtRows, chosen: Sequence[int]) -> Iterator[TrainingRow]:
    for index in chosen:
        own = slice(rows.starts[index], rows.starts[index + 1])
        yield TrainingRow(
            ids=rows.ids[own].astype(np.int64),
            shapes=rows.shapes[own].astype(np.int64),
            category=rows.category[index],
            sentiment=int(rows.sentiment[index]),
            urgency=int(rows.urgency[index]),
            tags=rows.tags[own].astype(np.int64),
        )
