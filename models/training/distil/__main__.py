"""In: command-line options. Out: a model folder with a fast tier beside the full one, and how candidates compare."""

from __future__ import annotations

import argparse
from pathlib import Path

from models.training.distil.cuts import DEFAULT_TARGETS, read_targets
from models.training.distil.recipe import RunSettings, distil
from models.training.distil.students import FAMILIES
from models.training.distil.transfer import TransferSettings
from service.logs import configure_logging


def main() -> None:
    """Parse the options and run the recipe."""
    parser = argparse.ArgumentParser(prog="python -m models.training.distil", description=__doc__)
    parser.add_argument("--teacher", type=Path, required=True, help="model folder to learn from")
    parser.add_argument("--data-dir", type=Path, required=True, help="folder with the public data sets")
    parser.add_argument("--work", type=Path, required=True, help="folder for what can be resumed, and for pareto.md")
    parser.add_argument("--out", type=Path, required=True, help="model folder to write; may be the teacher's")
    parser.add_argument("--families", default=",".join(FAMILIES), help="comma-separated")
    parser.add_argument("--passes", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--targets",
        type=read_targets,
        default=DEFAULT_TARGETS,
        help="how often the fast tier may disagree, e.g. category=0.05,tagger=0.1; the others as by default",
    )
    parser.add_argument("--max-mb", type=float, default=40.0, help="what both tiers may weigh together")
    options = parser.parse_args()
    configure_logging("INFO", "console")
    settings = RunSettings(
        families=tuple(options.families.split(",")),
        transfer=TransferSettings(passes=options.passes),
        targets=options.targets,
        threads=options.threads,
        most_megabytes=options.max_mb,
    )
    distil(options.teacher, options.data_dir, options.work, options.out, settings)


if __name__ == "__main__":
    main()
