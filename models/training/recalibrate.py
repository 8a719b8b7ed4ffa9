"""In: a model folder of the default recipe. Out: the same graphs with their scalings and cuts set anew.

Run as ``python -m models.training.recalibrate DIR --data-dir DATA``, after dev tickets or the calibration itself have
changed, or to set other cuts for the fast tier.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from models.training.distil.cuts import read_targets
from models.training.export import ModelFiles
from models.training.recipe import calibrate_and_write, calibration_tickets, gather
from service.inference.manifest import FAST_FILE, MANIFEST_FILE, ONNX_FILE, TOKENIZER_FILE
from service.logs import configure_logging


def recalibrate(folder: Path, data_dir: Path, targets: Mapping[str, float] | None) -> None:
    """Rewrite the folder's manifest; without ``targets`` those of its recipe stay."""
    manifest = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
    fast = folder / FAST_FILE
    files = ModelFiles(folder / ONNX_FILE, folder / TOKENIZER_FILE, fast if fast.exists() else None)
    recipe = manifest["provenance"]["recipe"]
    if targets is not None:
        recipe["fast_targets"] = dict(targets)
    tickets = calibration_tickets(gather(data_dir, recipe["fit"]["seed"]), data_dir)
    calibrate_and_write(files, tickets, folder, manifest)


def main() -> None:
    """Parse the options and set everything anew."""
    parser = argparse.ArgumentParser(prog="python -m models.training.recalibrate", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--data-dir", type=Path, required=True, help="folder with the public data sets")
    parser.add_argument(
        "--targets", type=read_targets, help="how often the fast tier may disagree, e.g. category=0.05,tagger=0.1"
    )
    options = parser.parse_args()
    configure_logging("INFO", "console")
    recalibrate(options.folder, options.data_dir, options.targets)


if __name__ == "__main__":
    main()
