"""In: this build, its default or another model, and tickets. Out: a `BenchReport` of figures measured in one run.

Raises `ConfigurationError` for data that is not there, and `BenchError` where a process of this build fails.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from service import __version__
from service.bench.contest import Contestants, hold_contest, open_contestants
from service.bench.goals import Footprint, Goal, Headline, SetRatios, goals, headline
from service.bench.machine import describe_machine, load_average
from service.bench.peers import PeerFigures, read_peers
from service.bench.processes import WORKER_TICKETS, ready_s, worker_memory
from service.bench.quality import Quality, measure_quality, read_categorized
from service.bench.stages import MODEL_STAGE, measure_stages
from service.bench.texts import TicketSet, read_ticket_sets, sample_messages, spread
from service.clocks import Clocks
from service.decide import Decider
from service.demo import run_demo
from service.evaluation.data import LabelledTicket
from service.normalize import normalize
from service.settings import Settings
from service.wiring import build_decider, engine_settings, model_folder


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """What to measure on, and how often."""

    rounds: int = 2
    tickets: int = 128
    data_dir: Path | None = None
    complaints: int = 200
    labelled: Path | None = None
    peers: Path | None = None


@dataclass(frozen=True, slots=True)
class SetFigures:
    """One set of tickets.

    ``inference_…`` is the model as it ships, ``full_…`` its full tier alone, both in our order and slices. ``naive_…``
    is the full tier in arrival order, 32 rows, padded to the longest; ``per_message_…`` one by one, in float32;
    ``naive_service_…`` a float32 model a task, one by one or padded, whichever is faster. Tickets/s are by the clock on
    the wall, ratios by CPU time; ``ratio_to_naive`` is that of the full tier, with the same outputs.
    """

    name: str
    tickets: int
    tokens_per_ticket: float
    inference_tickets_per_s: float
    inference_tokens_per_s: float
    full_tickets_per_s: float
    naive_tickets_per_s: float
    per_message_tickets_per_s: float
    naive_service_tickets_per_s: float
    naive_service_way: str
    ratio_to_naive: float
    ratio_to_naive_service: float
    largest_difference: float
    fast_share: dict[str, float]
    pipeline_tickets_per_s: float
    cpu_us_per_ticket: dict[str, float]
    cpu_outside_model_share: float


@dataclass(frozen=True, slots=True)
class BenchReport:
    """All figures of one run on one machine; load averages are those before and after the run."""

    version: str
    model: str
    machine: str
    load_average: tuple[float | None, float | None]
    threads: int
    rounds: int
    headline: Headline
    worker_peak_mb: float | None
    goals: tuple[Goal, ...]
    quality: Quality | None
    sets: tuple[SetFigures, ...]
    peers: tuple[PeerFigures, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain data, with the headline's figures at the top."""
        plain = {
            name: getattr(self, name)
            for name in ("version", "model", "machine", "load_average", "threads", "rounds", "worker_peak_mb")
        }
        return {
            **plain,
            **asdict(self.headline),
            "goals": [{**asdict(goal), "reached": goal.reached} for goal in self.goals],
            "quality": asdict(self.quality) if self.quality else None,
            "sets": [asdict(figures) for figures in self.sets],
            "peers": [peer.to_json() for peer in self.peers],
        }


def run_bench(settings: Settings, options: BenchOptions) -> BenchReport:
    """Measure everything; what a file is needed for is read before anything is measured."""
    load_before = load_average()
    sets = read_ticket_sets(options.data_dir, options.tickets, options.complaints)
    rows = read_categorized(options.labelled) if options.labelled else []
    peers = tuple(read_peers(options.peers)) if options.peers else ()
    folder = model_folder(settings)
    footprint, peak_mb = _footprint(settings, folder)
    contestants = open_contestants(folder, engine_settings(settings))
    cascade = build_decider(settings, Clocks(), contestants.cascade)
    figures = [_measure_set(contestants, cascade, ticket_set, options.rounds) for ticket_set in sets]
    quality = _quality(settings, contestants, cascade, rows) if rows else None
    measured = headline([_ratios(one) for one in figures], quality, footprint)
    model = contestants.full.model
    return BenchReport(
        version=__version__,
        model=f"{model.name} {model.version}",
        machine=describe_machine(),
        load_average=(load_before, load_average()),
        threads=settings.inference_threads,
        rounds=options.rounds,
        headline=measured,
        worker_peak_mb=peak_mb,
        goals=goals(measured, is_labelled=quality is not None),
        quality=quality,
        sets=tuple(figures),
        peers=peers,
    )


def _footprint(settings: Settings, folder: Path) -> tuple[Footprint, float | None]:
    memory = worker_memory(settings, spread(sample_messages(), WORKER_TICKETS))
    footprint = Footprint(
        model_mb=round(sum(file.stat().st_size for file in folder.iterdir() if file.is_file()) / 1e6, 1),
        worker_rss_mb=memory.resident_mb if memory else None,
        ready_s=round(ready_s(settings), 2),
    )
    return footprint, memory.peak_mb if memory else None


def _quality(settings: Settings, contestants: Contestants, cascade: Decider, rows: list[LabelledTicket]) -> Quality:
    has_tiers = contestants.cascade is not contestants.full
    full = build_decider(settings, Clocks(), contestants.full) if has_tiers else cascade
    return measure_quality(rows, cascade, full)


def _measure_set(contestants: Contestants, decider: Decider, ticket_set: TicketSet, rounds: int) -> SetFigures:
    texts = [normalize(ticket.subject, ticket.body) for ticket in ticket_set.tickets]
    count = len(texts)
    contest = hold_contest(contestants, texts, rounds)
    stages = measure_stages(contestants.cascade, decider, ticket_set)
    with TemporaryDirectory() as folder:
        run = run_demo(decider, ticket_set.messages, Path(folder))
    return SetFigures(
        name=ticket_set.name,
        tickets=count,
        tokens_per_ticket=round(contest.tokens / count, 1),
        inference_tickets_per_s=round(count / contest.cascade.wall_s, 1),
        inference_tokens_per_s=round(contest.tokens / contest.cascade.wall_s),
        full_tickets_per_s=round(count / contest.full.wall_s, 1),
        naive_tickets_per_s=round(count / contest.padded.wall_s, 1),
        per_message_tickets_per_s=round(count / contest.per_message.wall_s, 1),
        naive_service_tickets_per_s=round(count / contest.naive_service.wall_s, 1),
        naive_service_way=contest.naive_way,
        ratio_to_naive=round(contest.padded.cpu_s / contest.full.cpu_s, 3),
        ratio_to_naive_service=round(contest.naive_service.cpu_s / contest.cascade.cpu_s, 3),
        largest_difference=contest.largest_difference,
        fast_share=contest.fast_share,
        pipeline_tickets_per_s=round(count / run.elapsed_s, 1),
        cpu_us_per_ticket=stages,
        cpu_outside_model_share=round(1 - stages[MODEL_STAGE] / sum(stages.values()), 3),
    )


def _ratios(figures: SetFigures) -> SetRatios:
    return SetRatios(
        same_outputs=figures.ratio_to_naive,
        largest_difference=figures.largest_difference,
        naive_service_to_cascade=figures.ratio_to_naive_service,
        cpu_outside_model_share=figures.cpu_outside_model_share,
    )
