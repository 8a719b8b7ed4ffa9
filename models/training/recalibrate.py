"""In: a model folder of the default recipe. Out: the same graph with its scalings and cuts set anew on the dev tickets.

Run as ``python -m models.training.recalibrate DIR``, after dev tickets or the calibration itself have changed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from models.training.export import ModelFiles
from models.training.labels import read_labels
from models.training.recipe import TICKETS, calibrate_and_write
from models.training.written import read_written
from service.inference.manifest import MANIFEST_FILE, ONNX_FILE, TOKENIZER_FILE


def recalibrate(folder: Path) -> None:
    """Rewrite the folder's manifest."""
    manifest = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
    files = ModelFiles(folder / ONNX_FILE, folder / TOKENIZER_FILE)
    calibrate_and_write(files, read_written(TICKETS / "dev", read_labels()), folder, manifest)


if __name__ == "__main__":
    recalibrate(Path(sys.argv[1]))
