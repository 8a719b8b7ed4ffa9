"""In: a model folder of the default recipe. Out: the same graph with its scalings and cuts set anew on the dev tickets.

Run as ``python -m models.training.recalibrate DIR``, after dev tickets or the calibration itself have changed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from models.training.dataset import make_rows
from models.training.export import ModelFiles
from models.training.labels import read_labels
from models.training.recipe import LIMITS, TICKETS, calibrate_and_write, open_tokenizer
from models.training.written import read_written
from service.inference.manifest import MANIFEST_FILE, ONNX_FILE, TOKENIZER_FILE


def recalibrate(folder: Path) -> None:
    """Rewrite the folder's manifest."""
    labels = read_labels()
    manifest = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
    files = ModelFiles(folder / ONNX_FILE, folder / TOKENIZER_FILE)
    dev = read_written(TICKETS / "dev", labels)
    calibrate_and_write(files, make_rows(dev, open_tokenizer(files.tokenizer), labels, LIMITS), folder, manifest)


if __name__ == "__main__":
    recalibrate(Path(sys.argv[1]))
