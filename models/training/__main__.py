"""In: command-line options. Out: the default model, trained and written; `make model` runs this."""

from __future__ import annotations

import argparse
from pathlib import Path

from models.training.fit import FitSettings
from models.training.recipe import RecipeSettings, train_default
from service.logs import configure_logging


def main() -> None:
    """Parse the options and run the recipe."""
    parser = argparse.ArgumentParser(prog="python -m models.training", description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True, help="folder with the public data sets")
    parser.add_argument("--out", type=Path, required=True, help="model folder to write; its name is the version")
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--exit-layers", type=int, default=2, help="layers of the fast tier; 0 makes a model of one tier"
    )
    options = parser.parse_args()
    configure_logging("INFO", "console")
    fit = FitSettings(passes=options.passes, seed=options.seed, threads=options.threads)
    settings = RecipeSettings(fit, exit_layers=options.exit_layers)
    train_default(options.data_dir, options.out, options.out.name, settings)


if __name__ == "__main__":
    main()
