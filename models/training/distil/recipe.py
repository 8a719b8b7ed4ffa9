"""In: a teacher and tickets. Out: its model folder with the best student as the fast tier, and the Pareto table.

The recipe of the fast tier, in order: ask the teacher, train each family, export, measure, set cuts, choose, write.
Whatever is done already in the work folder is not done again. The test tickets are not read here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import structlog
import torch

from models.training.distil.cuts import DEFAULT_TARGETS, fast_section, fit_fast_tier
from models.training.distil.folder import FastFiles, write_tiers
from models.training.distil.held_out import (
    HELD_OUT_SEED,
    HeldOutSizes,
    held_out_tickets,
    read_out_of_scope,
)
from models.training.distil.measure import asked, decide, encode_tickets, manifest_scaling, open_tier
from models.training.distil.outside import out_of_scope_section
from models.training.distil.pareto import (
    CandidateFigures,
    Costs,
    cpu_us_per_ticket,
    student_figures,
    teacher_figures,
    winner,
)
from models.training.distil.students import make_student, mflop_per_token, student_shape, teacher_shape
from models.training.distil.table import to_json, to_markdown, to_svg
from models.training.distil.teacher import EncoderWeights, Teacher, open_teacher, read_encoder
from models.training.distil.train import SETTINGS_OF_FAMILY, DistilSettings, Training
from models.training.distil.transfer import TransferSettings, build_transfer_set
from models.training.export import export_graph
from models.training.recipe import Sources, gather
from models.training.shrink import megabytes_beside
from service.evaluation.data import LabelledTicket
from service.inference.manifest import FAST_FILE

_log = structlog.get_logger(__name__)
_TYPICAL_TOKENS = 64


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What is tried, how long, and what the fast tier may disagree and weigh."""

    families: tuple[str, ...]
    transfer: TransferSettings
    family_settings: Mapping[str, DistilSettings] = field(default_factory=lambda: SETTINGS_OF_FAMILY)
    targets: Mapping[str, float] = field(default_factory=lambda: DEFAULT_TARGETS)
    threads: int = 2
    most_megabytes: float = 40.0


@dataclass(frozen=True, slots=True)
class Material:
    """Tickets: those that train, those for cuts (dev tickets among them), and those that no desk handles."""

    sources: Sources
    held_out: Sequence[LabelledTicket]
    outside: Sequence[LabelledTicket]


def read_material(teacher: Teacher, data_dir: Path) -> Material:
    """Everything from the folder of public sets; what the teacher did not train on is told by its recipe's seed."""
    sources = gather(data_dir, teacher.manifest["provenance"]["recipe"]["fit"]["seed"])
    held_out = held_out_tickets(sources, data_dir, HELD_OUT_SEED, HeldOutSizes())
    _log.info("held_out_read", tickets=len(held_out), dev=len(sources.dev))
    return Material(sources, held_out, read_out_of_scope(data_dir))


def distil(folder: Path, data_dir: Path, work: Path, out: Path, settings: RunSettings) -> None:
    """Run the whole recipe for the teacher in ``folder``."""
    teacher = open_teacher(folder)
    distil_from(teacher, read_material(teacher, data_dir), work, out, settings)


def distil_from(teacher: Teacher, material: Material, work: Path, out: Path, settings: RunSettings) -> None:
    """The same from tickets at hand."""
    torch.set_num_threads(settings.threads)
    encoder = read_encoder(teacher.graph)
    passes = build_transfer_set(teacher, material.sources, work / "transfer", settings.transfer, settings.threads)
    graphs = {
        family: _train_family(family, encoder, teacher, passes, work / family, settings.family_settings[family])
        for family in settings.families
    }
    figures, out_of_scope = _measure(teacher, encoder, graphs, material, settings)
    teacher_line, students = figures[0], figures[1:]
    best = winner(students, teacher_line.megabytes, settings.most_megabytes)
    total = teacher_line.megabytes + best.megabytes
    _log.info("student_chosen", family=best.name, total_mb=round(total, 1), fits=total <= settings.most_megabytes)
    (work / "pareto.md").write_text(to_markdown(figures, best.name) + "\n", encoding="utf-8")
    (work / "pareto.json").write_text(json.dumps(to_json(figures, best.name), indent=2) + "\n", encoding="utf-8")
    (work / "pareto.svg").write_text(to_svg(figures), encoding="utf-8")
    if best.tier is None:
        raise ValueError("the teacher cannot be its own fast tier")
    distillation = {
        "family": best.name,
        "shape": asdict(student_shape(best.name, encoder)),
        "training": asdict(settings.family_settings[best.name]),
        "transfer": asdict(settings.transfer),
        "held_out_tickets": len(material.held_out),
        "accepted_by_source": best.tier.accepted_by_source,
        "dev_asked_again": best.asked_again,
    }
    write_tiers(
        out, teacher, FastFiles(graphs[best.name], fast_section(best.tier, teacher), out_of_scope, distillation)
    )
    _log.info("fast_tier_written", folder=str(out))


def _train_family(
    family: str,
    encoder: EncoderWeights,
    teacher: Teacher,
    passes: Sequence[Sequence[Path]],
    folder: Path,
    settings: DistilSettings,
) -> Path:
    """Train (or go on) and export; returns the graph."""
    folder.mkdir(parents=True, exist_ok=True)
    _log.info("family_started", family=family)
    torch.manual_seed(settings.seed)
    student = make_student(student_shape(family, encoder), encoder, teacher.labels)
    trained = Training(student, encoder.hidden_size, settings).run(
        list(passes) * settings.repeats, folder / "checkpoint.pt"
    )
    graph = folder / "student.onnx"
    export_graph(trained, graph)
    return graph


def _measure(
    teacher: Teacher, encoder: EncoderWeights, graphs: dict[str, Path], material: Material, settings: RunSettings
) -> tuple[list[CandidateFigures], dict[str, Any]]:
    """The teacher's line and each student's, and the manifest's ``out_of_scope``."""
    full_scaling, types = manifest_scaling(teacher.manifest), teacher.labels.fields
    held_out, dev, outside = (
        encode_tickets(tickets, teacher) for tickets in (material.held_out, material.sources.dev, material.outside)
    )
    paths = {"teacher": teacher.graph, **graphs}
    times = cpu_us_per_ticket({name: open_tier(path, teacher, threads=1) for name, path in paths.items()}, dev)
    full_tier = open_tier(teacher.graph, teacher, settings.threads)
    full_held_out, full_dev, full_outside = (asked(full_tier, part) for part in (held_out, dev, outside))
    full = decide(dev, full_dev, full_scaling, types)
    shapes = {"teacher": teacher_shape(encoder), **{name: student_shape(name, encoder) for name in graphs}}
    sizes = {name: megabytes_beside(graph, teacher.graph) for name, graph in graphs.items()}
    sizes["teacher"] = sum(e["bytes"] for name, e in teacher.manifest["files"].items() if name != FAST_FILE) / 1e6
    costs = {
        name: Costs(
            mflop_per_token=mflop_per_token(shape, teacher.labels, _TYPICAL_TOKENS),
            cpu_us_per_ticket=times[name],
            megabytes=sizes[name],
            teacher_us_per_ticket=times["teacher"],
            names=teacher.labels,
        )
        for name, shape in shapes.items()
    }
    figures = [teacher_figures(dev, full, costs["teacher"])]
    for name, graph in graphs.items():
        student = open_tier(graph, teacher, settings.threads)
        tier = fit_fast_tier(held_out, asked(student, held_out), full_held_out, teacher, full_scaling, settings.targets)
        fast = decide(dev, asked(student, dev), tier.scaling, types)
        figures.append(student_figures(name, dev, fast, full, tier, costs[name]))
        _log.info("student_measured", family=name, **figures[-1].agreement)
    out_of_scope = out_of_scope_section(
        dev,
        full_dev.heads["category"],
        full_outside.heads["category"],
        full_scaling.heads["category"],
        teacher.labels.category,
    )
    return figures, out_of_scope
