"""In: the teacher's folder, a student's graph and what the manifest shall say of it. Out: a model folder of two tiers.

The manifest's ``fast`` and what ``provenance`` says of distillation and of tickets out of scope are written here; the
rest is the teacher's. The service does not read the energy cut yet.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.training.distil.teacher import Teacher
from service.inference.manifest import FAST_FILE, MANIFEST_FILE, ONNX_FILE, TOKENIZER_FILE


@dataclass(frozen=True, slots=True)
class FastFiles:
    """A student's graph and the parts of the manifest that come with it."""

    graph: Path
    fast: dict[str, Any]
    out_of_scope: dict[str, Any]
    distillation: dict[str, Any]


def write_tiers(folder: Path, teacher: Teacher, files: FastFiles) -> None:
    """Write the folder, which may be the teacher's own; the manifest comes last."""
    folder.mkdir(parents=True, exist_ok=True)
    sources = {
        ONNX_FILE: teacher.graph,
        TOKENIZER_FILE: teacher.folder / TOKENIZER_FILE,
        FAST_FILE: files.graph,
    }
    for name, source in sources.items():
        if source.resolve() != (folder / name).resolve():
            shutil.copyfile(source, folder / name)
    document = teacher.manifest | {"fast": files.fast}
    said = {"distillation": files.distillation, "out_of_scope": files.out_of_scope}
    document["provenance"] = teacher.manifest["provenance"] | said
    document["files"] = {
        name: {
            "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest(),
            "bytes": (folder / name).stat().st_size,
        }
        for name in sources
    }
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    (folder / MANIFEST_FILE).write_text(text, encoding="utf-8")
