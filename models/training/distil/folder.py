"""In: the teacher's folder, a student's graph and what the manifest shall say of it. Out: a model folder of two tiers.

The manifest's ``fast`` and what ``provenance`` says of distillation and of tickets out of scope are written here; the
rest is the teacher's. The service does not read the energy cut yet.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.training.distil.teacher import Teacher
from models.training.export import file_entries
from models.training.shrink import write_graphs
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
    names = write_graphs({ONNX_FILE: teacher.graph, FAST_FILE: files.graph}, folder)
    tokenizer = teacher.folder / TOKENIZER_FILE
    if tokenizer.resolve() != (folder / TOKENIZER_FILE).resolve():
        shutil.copyfile(tokenizer, folder / TOKENIZER_FILE)
    document = teacher.manifest | {"fast": files.fast}
    said = {"distillation": files.distillation, "out_of_scope": files.out_of_scope}
    document["provenance"] = teacher.manifest["provenance"] | said
    document["files"] = file_entries(folder, [*names, TOKENIZER_FILE])
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    (folder / MANIFEST_FILE).write_text(text, encoding="utf-8")
