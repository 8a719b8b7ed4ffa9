"""In: a trained network, its tokenizer and what there is to say of it. Out: a model folder that the service opens.

The graph is exported with optimum and then made small: the word embeddings as int8 with a scale a row, read after the
gather, so that they stay small in memory too; all other weights in half precision, cast back when the session loads.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from optimum.exporters.onnx import export
from optimum.exporters.onnx.config import TextEncoderOnnxConfig
from optimum.utils import NormalizedTextConfig

from models.training.network import HEADS, TicketNetwork
from service.inference.manifest import FAST_FILE, MANIFEST_FILE, ONNX_FILE, TOKENIZER_FILE
from service.inference.tier import INPUTS, OUTPUTS

OPSET = 17
_MIN_HALF_ELEMENTS = 1_024


class TicketOnnxConfig(TextEncoderOnnxConfig):  # type: ignore[misc]
    """Tells optimum the names and moving axes of the network's inputs and outputs."""

    NORMALIZED_CONFIG_CLASS = NormalizedTextConfig
    DEFAULT_ONNX_OPSET = OPSET

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
        export(network.float().eval(), TicketOnnxConfig(network.config, task="feature-extraction"), full, opset=OPSET)
        graph = onnx.load(str(full))
    names = {output.name for output in graph.graph.output}
    if names != set(OUTPUTS):
        raise ValueError(f"optimum exported the outputs {sorted(names)}")
    shrink_weights(graph)
    onnx.checker.check_model(graph)
    onnx.save(graph, str(target))


def shrink_weights(model: onnx.ModelProto) -> None:
    """Store the gathered word embeddings as int8 with a scale a row, and every other large weight in float16."""
    graph = model.graph
    weights = {weight.name: weight for weight in graph.initializer}
    gathered = {node.input[0]: node for node in graph.node if node.op_type == "Gather"}
    added: list[onnx.NodeProto] = []
    for name, weight in weights.items():
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < _MIN_HALF_ELEMENTS:
            continue
        if name in gathered and values.shape[0] > _MIN_HALF_ELEMENTS:
            _quantize_rows(graph, weight, values, gathered[name])
        else:
            weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
            added.append(helper.make_node("Cast", [f"{name}_half"], [name], f"{name}_cast", to=TensorProto.FLOAT))
    nodes = added + list(graph.node)
    del graph.node[:]
    graph.node.extend(nodes)


def _quantize_rows(
    graph: onnx.GraphProto, weight: onnx.TensorProto, values: np.ndarray[Any, Any], gather: onnx.NodeProto
) -> None:
    """Replace a float gather by: gather int8 rows, cast, times the gathered scale of each row."""
    scales = np.abs(values).max(axis=1, keepdims=True) / 127
    scales[scales == 0] = 1
    name, indices, output = gather.input[0], gather.input[1], gather.output[0]
    weight.CopyFrom(numpy_helper.from_array(np.rint(values / scales).astype(np.int8), f"{name}_int8"))
    graph.initializer.append(numpy_helper.from_array(scales.astype(np.float32), f"{name}_scale"))
    replacement = [
        helper.make_node("Gather", [f"{name}_int8", indices], [f"{output}_int8"], axis=0),
        helper.make_node("Cast", [f"{output}_int8"], [f"{output}_float"], to=TensorProto.FLOAT),
        helper.make_node("Gather", [f"{name}_scale", indices], [f"{output}_scale"], axis=0),
        helper.make_node("Mul", [f"{output}_float", f"{output}_scale"], [output]),
    ]
    position = list(graph.node).index(gather)
    graph.node.remove(gather)
    for offset, node in enumerate(replacement):
        graph.node.insert(position + offset, node)


def write_folder(folder: Path, files: ModelFiles, manifest: Mapping[str, Any]) -> None:
    """Lay the files in ``folder`` and write the manifest with their digests; a fast tier must lie there already."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, source in ((ONNX_FILE, files.onnx), (TOKENIZER_FILE, files.tokenizer)):
        if source != folder / name:
            shutil.copyfile(source, folder / name)
    names = (ONNX_FILE, TOKENIZER_FILE, *([FAST_FILE] if manifest.get("fast") else []))
    entries = {
        name: {
            "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest(),
            "bytes": (folder / name).stat().st_size,
        }
        for name in names
    }
    document = {**manifest, "files": entries}
    (folder / MANIFEST_FILE).write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
