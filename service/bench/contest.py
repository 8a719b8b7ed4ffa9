"""In: a model folder and texts in arrival order. Out: how long our path takes for them, and how long naive ones do.

All of them run in turns, several rounds in one process, and medians count, since machines are noisy. Who else uses the
machine lengthens the time on the wall more than CPU time, so that is what should be compared.

The naive service has one float32 model a task: category, sentiment, urgency, fields. Four fine-tuned encoders of one
size cost the same, so the full tier's graph stands in for each of them and runs four times. All four heads are computed
each time, which is a hundredth of the encoder's work, and tokenising is counted once, not four times. It takes tickets
one by one, or 32 at a time padded to the longest, whichever is faster here.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from service.inference.encode import Row
from service.inference.engine import InferenceEngine, Prediction
from service.inference.tier import EngineSettings
from service.normalized import NormalizedText

BATCH_TICKETS = 256
_UNLIMITED_TOKENS = 10**9
_NAIVE_ROWS = 32
_LABEL_TASKS = 3
_WARM_UP_TEXTS = 4

Way = Literal["per_message", "padded"]


@dataclass(frozen=True, slots=True)
class Contestants:
    """The engines; ``cascade`` is ``full`` itself where the model has one tier. None remembers texts.

    ``padded`` differs from ``full`` in order and padding only; the naive service computes in float32.
    """

    full: InferenceEngine
    cascade: InferenceEngine
    padded: InferenceEngine
    naive_per_message: InferenceEngine
    naive_padded: InferenceEngine


@dataclass(frozen=True, slots=True)
class Spent:
    """Median seconds for all texts: on the wall, and of CPU in all threads."""

    wall_s: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Contest:
    """What everyone spent. ``per_message`` is one naive model that answers every head, in float32.

    ``largest_difference`` is the largest between probabilities of ``full`` and ``padded``, and ``fast_share`` the share
    of texts whose answer, head by head, came from the fast tier.
    """

    full: Spent
    cascade: Spent
    per_message: Spent
    padded: Spent
    naive_service: Spent
    naive_way: Way
    tokens: int
    largest_difference: float
    fast_share: dict[str, float]


def open_contestants(folder: Path, settings: EngineSettings) -> Contestants:
    """Open all engines with the same number of threads."""
    ours = replace(settings, recent_texts=0)
    full = InferenceEngine(folder, replace(ours, fast_tier=False))
    padded = replace(
        ours, fast_tier=False, sort_by_length=False, tokens_per_call=_UNLIMITED_TOKENS, rows_per_call=_NAIVE_ROWS
    )
    naive = replace(padded, precision="float32")
    return Contestants(
        full=full,
        cascade=InferenceEngine(folder, ours) if full.manifest.fast else full,
        padded=InferenceEngine(folder, padded),
        naive_per_message=InferenceEngine(folder, replace(naive, rows_per_call=1)),
        naive_padded=InferenceEngine(folder, naive),
    )


def hold_contest(contestants: Contestants, texts: Sequence[NormalizedText], rounds: int) -> Contest:
    """Run everyone ``rounds`` times over the texts; the first round says which naive way is the faster."""
    for engine in {getattr(contestants, field.name) for field in fields(contestants)}:
        _predict(engine, texts[:_WARM_UP_TEXTS])
    turns: list[_Turns] = []
    naive_way: Way | None = None
    for _ in range(rounds):
        turns.append(_turns(contestants, texts, naive_way))
        naive_way = turns[0].naive_way
    last = turns[-1]
    median = {
        name: Spent(
            statistics.median(turn.spent[name].wall_s for turn in turns),
            statistics.median(turn.spent[name].cpu_s for turn in turns),
        )
        for name in last.spent
    }
    return Contest(
        full=median["full"],
        cascade=median["cascade"],
        per_message=median["per_message"],
        padded=median["padded"],
        naive_service=median["naive_service"],
        naive_way=last.naive_way,
        tokens=sum(prediction.token_count for prediction in last.full),
        largest_difference=_largest_difference(last.full, last.padded),
        fast_share=_fast_share(last.cascade),
    )


@dataclass(frozen=True, slots=True)
class _Turns:
    spent: dict[str, Spent]
    naive_way: Way
    full: list[Prediction]
    padded: list[Prediction]
    cascade: list[Prediction]


def _turns(contestants: Contestants, texts: Sequence[NormalizedText], naive_way: Way | None) -> _Turns:
    spent: dict[str, Spent] = {}
    full, spent["full"] = _timed(lambda: _predict(contestants.full, texts))
    cascade, spent["cascade"] = full, spent["full"]
    if contestants.cascade is not contestants.full:
        cascade, spent["cascade"] = _timed(lambda: _predict(contestants.cascade, texts))
    padded, spent["padded"] = _timed(lambda: _predict(contestants.padded, texts))
    _, spent["per_message"] = _timed(lambda: _predict(contestants.naive_per_message, texts))
    way = naive_way or _faster_way(contestants, texts, spent["per_message"])
    naive = contestants.naive_per_message if way == "per_message" else contestants.naive_padded
    _, spent["naive_service"] = _timed(lambda: _four_tasks(naive, texts))
    return _Turns(spent, way, full, padded, cascade)


def _faster_way(contestants: Contestants, texts: Sequence[NormalizedText], per_message: Spent) -> Way:
    _, padded = _timed(lambda: _predict(contestants.naive_padded, texts))
    return "per_message" if per_message.cpu_s <= padded.cpu_s else "padded"


def _timed(work: Callable[[], list[Prediction]]) -> tuple[list[Prediction], Spent]:
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    answers = work()
    return answers, Spent(time.perf_counter() - wall_s, time.process_time() - cpu_s)


def _predict(engine: InferenceEngine, texts: Sequence[NormalizedText]) -> list[Prediction]:
    answers: list[Prediction] = []
    for start in range(0, len(texts), BATCH_TICKETS):
        some = texts[start : start + BATCH_TICKETS]
        answers += engine.run(engine.encode(some), some)
    return answers


def _four_tasks(engine: InferenceEngine, texts: Sequence[NormalizedText]) -> list[Prediction]:
    """A run for each label over texts cut to a row, and one over all rows for the fields."""
    answers: list[Prediction] = []
    for start in range(0, len(texts), BATCH_TICKETS):
        some = texts[start : start + BATCH_TICKETS]
        batch = engine.encode(some)
        cut_to_one_row = replace(batch, rows=tuple(_first_rows(batch.rows)))
        for _ in range(_LABEL_TASKS):
            engine.run(cut_to_one_row, some)
        answers += engine.run(batch, some)
    return answers


def _first_rows(rows: Iterable[Row]) -> list[Row]:
    """The first row of each text, as a service has it that cuts what is too long."""
    first: dict[int, Row] = {}
    for row in rows:
        first.setdefault(row.text_index, row)
    return list(first.values())


def _largest_difference(ours: Sequence[Prediction], naive: Sequence[Prediction]) -> float:
    heads: tuple[Callable[[Prediction], Any], ...] = (
        lambda prediction: prediction.category,
        lambda prediction: prediction.sentiment,
        lambda prediction: prediction.urgency,
    )
    return max(
        float(np.abs(head(one) - head(other)).max()) for one, other in zip(ours, naive, strict=True) for head in heads
    )


def _fast_share(answers: Sequence[Prediction]) -> dict[str, float]:
    heads = answers[0].tiers
    return {head: round(sum(a.tiers[head] == "fast" for a in answers) / len(answers), 3) for head in heads}
