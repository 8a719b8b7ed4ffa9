"""In: a model folder of two tiers. Out: what other targets for the fast tier's cuts would save and cost, as a table.

Run as ``python -m models.training.targets DIR --data-dir DATA``. Cuts are fitted as in the recipe; quality is measured
on the dev tickets, and CPU time on the same, both tiers on one thread. The folder stays as it is:
`models.training.recalibrate` sets what was chosen.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from models.training.distil.cuts import fit_fast_tier, read_targets, unsure_of
from models.training.distil.measure import decide, encode_tickets, manifest_scaling, open_tier, ticket_logits
from models.training.distil.pareto import Costs, Quality, student_figures, teacher_figures, tokens_going_on
from models.training.distil.teacher import open_teacher
from models.training.network import HEADS
from models.training.recipe import calibration_tickets, gather
from service.inference.cascade import FAST, FULL, tier_logits
from service.inference.manifest import FAST_FILE

_CHOICES = (
    "category=0.01,sentiment=0.02,urgency=0.02,tagger=0.1",
    "category=0.02,sentiment=0.03,urgency=0.03,tagger=0.15",
    "category=0.02,sentiment=0.03,urgency=0.05,tagger=0.2",
    "category=0.02,sentiment=0.05,urgency=0.05,tagger=0.2",
    "category=0.03,sentiment=0.05,urgency=0.05,tagger=0.2",
    "category=0.05,sentiment=0.05,urgency=0.1,tagger=0.25",
    "category=0.05,sentiment=0.1,urgency=0.1,tagger=0.25",
)
_ROUNDS = 3


def table(folder: Path, data_dir: Path, choices: Sequence[Mapping[str, float]]) -> str:
    """The full tier's line, the fast one's, and one for each choice of targets."""
    model = open_teacher(folder)
    tickets = calibration_tickets(gather(data_dir, model.manifest["provenance"]["recipe"]["fit"]["seed"]), data_dir)
    dev, held_out = encode_tickets(tickets.dev, model), encode_tickets(tickets.held_out, model)
    full, fast = open_tier(model.graph, model, threads=1), open_tier(folder / FAST_FILE, model, threads=1)
    rows = dev.batch.rows
    states = fast.run(dev.batch, rows).states if full.goes_on else ()
    fast_s = _cpu_s(lambda: fast.run(dev.batch, rows))
    rest_s = _cpu_s(lambda: full.run(dev.batch, rows, states))
    full_s = fast_s + rest_s if full.goes_on else rest_s
    on_dev = {name: ticket_logits(one) for name, one in tier_logits(full, fast, dev.batch, rows).items()}
    on_held_out = {
        name: ticket_logits(one) for name, one in tier_logits(full, fast, held_out.batch, held_out.batch.rows).items()
    }
    scaling, types = manifest_scaling(model.manifest), model.labels.fields
    asked = decide(dev, on_dev[FULL], scaling, types)
    costs = Costs(0.0, 0.0, 0.0, 0.0, model.labels)
    lines = [
        "| targets: category, sentiment, urgency, tagger | asked again: any head | rows' tokens that go on "
        "| CPU time | category | sentiment | urgency | fields |",
        "|---|---|---|---|---|---|---|---|",
        f"| the full tier alone | | 100 % | 1 |{_cells(teacher_figures(dev, asked, costs).alone)}",
    ]
    for number, targets in enumerate(choices):
        tier = fit_fast_tier(held_out, on_held_out[FAST], on_held_out[FULL], model, scaling, targets)
        own = decide(dev, on_dev[FAST], tier.scaling, types)
        figures = student_figures("", dev, own, asked, tier, costs)
        if number == 0:
            lines.append(f"| the fast tier alone | 0 % | 0 % | {fast_s / full_s:.2f} |{_cells(figures.alone)}")
        going_on = tokens_going_on(dev, unsure_of(own, tier.cuts))
        said = ", ".join(f"{targets[name]:.0%}" for name in (*HEADS, "tagger"))
        share = (fast_s + going_on * rest_s) / full_s
        lines.append(
            f"| {said} | {figures.asked_again['any']:.0%} | {going_on:.0%} | {share:.2f} |{_cells(figures.cascade)}"
        )
    return "\n".join(lines)


def _cells(quality: Quality) -> str:
    return f" {quality.category:.3f} | {quality.sentiment:.3f} | {quality.urgency:.3f} | {quality.fields:.3f} |"


def _cpu_s(work: Callable[[], object]) -> float:
    times = []
    for _ in range(_ROUNDS):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return statistics.median(times)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m models.training.targets", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--data-dir", type=Path, required=True, help="folder with the public data sets")
    parser.add_argument(
        "--targets",
        type=read_targets,
        action="append",
        help="a choice, as of recalibrate; may be given again",
    )
    options = parser.parse_args()
    choices = options.targets or [read_targets(choice) for choice in _CHOICES]
    print(table(options.folder, options.data_dir, choices))


if __name__ == "__main__":
    main()
