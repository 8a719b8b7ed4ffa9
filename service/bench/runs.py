"""In: this build, its default or another model, and tickets. Out: a `BenchReport` of figures measured in one run.

What is compared is run in turns, several rounds, and the medians are compared, since machines are noisy.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from service import __version__
from service.bench.stages import measure_stages
from service.bench.texts import TicketSet, read_ticket_sets
from service.clocks import Clocks
from service.demo import run_demo
from service.inference.engine import InferenceEngine, Prediction
from service.inference.tier import EngineSettings
from service.normalize import normalize
from service.normalized import NormalizedText
from service.settings import Settings
from service.wiring import build_decider, model_folder

_NAIVE = EngineSettings(tokens_per_call=10**9, rows_per_call=32, sort_by_length=False)
_BATCH_TICKETS = 256
_MODEL_STAGES = ("infer",)


@dataclass(frozen=True, slots=True)
class SetFigures:
    """One set of tickets. ``ratio_to_naive`` compares our order and slices with arrival order, 32 rows, pad to longest.

    ``largest_difference`` is the largest difference between the probabilities of the two.
    """

    name: str
    tickets: int
    tokens_per_ticket: float
    inference_tickets_per_s: float
    inference_tokens_per_s: float
    naive_tickets_per_s: float
    ratio_to_naive: float
    largest_difference: float
    pipeline_tickets_per_s: float
    cpu_us_per_ticket: dict[str, float]
    cpu_outside_model_share: float


@dataclass(frozen=True, slots=True)
class BenchReport:
    """All figures of one run on one machine."""

    version: str
    model: str
    cpus: int
    threads: int
    rounds: int
    model_mb: float
    ready_s: float
    resident_mb: float
    sets: tuple[SetFigures, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def run_bench(settings: Settings, data_dir: Path | None, rounds: int, most_complaints: int) -> BenchReport:
    """Measure everything; takes minutes on a small machine."""
    folder = model_folder(settings)
    ours = InferenceEngine(
        folder, EngineSettings(threads=settings.inference_threads, tokens_per_call=settings.inference_tokens_per_call)
    )
    resident_mb = _resident_mb()
    naive = InferenceEngine(folder, _NAIVE)
    sets = read_ticket_sets(data_dir, most_complaints)
    return BenchReport(
        version=__version__,
        model=f"{ours.model.name} {ours.model.version}",
        cpus=os.cpu_count() or 1,
        threads=settings.inference_threads,
        rounds=rounds,
        model_mb=round(sum(entry.bytes for entry in ours.manifest.files.values()) / 1e6, 1),
        ready_s=round(_ready_s(), 2),
        resident_mb=resident_mb,
        sets=tuple(_measure_set(ours, naive, settings, ticket_set, rounds) for ticket_set in sets),
    )


def _measure_set(
    ours: InferenceEngine, naive: InferenceEngine, settings: Settings, ticket_set: TicketSet, rounds: int
) -> SetFigures:
    texts = [normalize(ticket.subject, ticket.body) for ticket in ticket_set.tickets]
    answers: dict[str, list[Prediction]] = {}
    times_s: dict[str, list[float]] = {"ours": [], "naive": []}
    for _ in range(rounds):
        for name, engine in (("ours", ours), ("naive", naive)):
            started_s = time.perf_counter()
            answers[name] = _predict_all(engine, texts)
            times_s[name].append(time.perf_counter() - started_s)
    ours_s, naive_s = (statistics.median(times_s[name]) for name in ("ours", "naive"))
    tokens = sum(prediction.token_count for prediction in answers["ours"])
    count = len(texts)
    decider = build_decider(settings, Clocks(), ours)
    stages = measure_stages(ours, decider, ticket_set)
    with TemporaryDirectory() as folder:
        run = run_demo(decider, ticket_set.messages, Path(folder))
    outside = sum(us for stage, us in stages.items() if stage not in _MODEL_STAGES)
    return SetFigures(
        name=ticket_set.name,
        tickets=count,
        tokens_per_ticket=round(tokens / count, 1),
        inference_tickets_per_s=round(count / ours_s, 1),
        inference_tokens_per_s=round(tokens / ours_s),
        naive_tickets_per_s=round(count / naive_s, 1),
        ratio_to_naive=round(naive_s / ours_s, 3),
        largest_difference=_largest_difference(answers["ours"], answers["naive"]),
        pipeline_tickets_per_s=round(count / run.elapsed_s, 1),
        cpu_us_per_ticket=stages,
        cpu_outside_model_share=round(outside / sum(stages.values()), 3),
    )


def _predict_all(engine: InferenceEngine, texts: Sequence[NormalizedText]) -> list[Prediction]:
    answers: list[Prediction] = []
    for start in range(0, len(texts), _BATCH_TICKETS):
        answers += engine.predict(texts[start : start + _BATCH_TICKETS])
    return answers


def _largest_difference(ours: Sequence[Prediction], naive: Sequence[Prediction]) -> float:
    heads: tuple[Callable[[Prediction], Any], ...] = (
        lambda prediction: prediction.category,
        lambda prediction: prediction.sentiment,
        lambda prediction: prediction.urgency,
    )
    return max(
        float(np.abs(head(one) - head(other)).max()) for one, other in zip(ours, naive, strict=True) for head in heads
    )


def _ready_s() -> float:
    """Seconds from starting a fresh interpreter until it has classified one ticket."""
    started_s = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "service.cli", "classify", "-"],
        input=b'{"ticket_id": "1", "body": "hello"}\n',
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - started_s


def _resident_mb() -> float:
    """Peak resident memory of this process so far; Linux counts in KiB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1_024 / 1e6, 1)
