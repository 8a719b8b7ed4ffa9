"""In: a trained network, its tokenizer and what there is to say of it. Out: a model folder that the service opens.

The graph is exported with optimum and then made small (`models.training.shrink`).
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import onnx
from onnx import version_converter
from optimum.exporters.onnx import export
from optimum.exporters.onnx.config import TextEncoderOnnxConfig
from optimum.utils import NormalizedTextConfig

from models.training.network import HEADS, TicketNetwork
from models.training.shrink import shrink_weights
from service.inference.manifest import EMBEDDINGS_FILE, FAST_FILE, MANIFEST_FILE, ONNX_FILE, TOKENIZER_FILE
from service.inference.tier import INPUTS, OUTPUTS

OPSET = 21
_EXPORT_OPSET = 17
"""What torch's exporter writes best; blocks of int8 need 21."""


class TicketOnnxConfig(TextEncoderOnnxConfig):  # type: ignore[misc]
    """Tells optimum the names and moving axes of the network's inputs and outputs."""

    NORMALIZED_CONFIG_CLASS = NormalizedTextConfig
    DEFAULT_ONNX_OPSET = _EXPORT_OPSET

    @property
    def inputs(self) -> dict[str, dict[int, str]]:
        """Each input is [rows, tokens]."""
        return {name: {0: "rows", 1: "tokens"} for name in INPUTS}

    @property
    def outputs(self) -> dict[str, dict[int, str]]:
        """Classification heads are [rows, labels], the tagger [rows, tokens, tags]."""
        heads: dict[str, dict[int, str]] = {f"{name}_logits": {0: "rows"} for name in HEADS}
        return heads | {"tag_logits": {0: "rows", 1: "tokens"}}


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """Where the files that a folder is built from lie."""

    onnx: Path
    tokenizer: Path


def export_graph(network: TicketNetwork, target: Path) -> None:
    """Write the network's graph in float32 with optimum, then shrink its weights."""
    with TemporaryDirectory() as scratch:
        full = Path(scratch) / "full.onnx"
        config = TicketOnnxConfig(network.config, task="feature-extraction")
        export(network.float().eval(), config, full, opset=_EXPORT_OPSET)
        graph = version_converter.convert_version(onnx.load(str(full)), OPSET)
    names = {output.name for output in graph.graph.output}
    if names != set(OUTPUTS):
        raise ValueError(f"optimum exported the outputs {sorted(names)}")
    shrink_weights(graph)
    onnx.checker.check_model(graph)
    onnx.save(graph, str(target))


def write_folder(folder: Path, files: ModelFiles, manifest: Mapping[str, Any]) -> None:
    """Lay the files in ``folder`` and write the manifest with their digests; a fast tier must lie there already."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, source in ((ONNX_FILE, files.onnx), (TOKENIZER_FILE, files.tokenizer)):
        if source != folder / name:
            shutil.copyfile(source, folder / name)
    names = [ONNX_FILE, TOKENIZER_FILE]
    if manifest.get("fast"):
        names += [name for name in (FAST_FILE, EMBEDDINGS_FILE) if (folder / name).exists()]
    document = {**manifest, "files": file_entries(folder, names)}
    (folder / MANIFEST_FILE).write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def file_entries(folder: Path, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """What a manifest says of each of these files."""
    return {
        name: {
            "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest(),
            "bytes": (folder / name).stat().st_size,
        }
        for name in names
    }
