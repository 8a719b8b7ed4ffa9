"""In: a trained network, its tokenizer and what there is to say of it. Out: a model folder that the service opens.

The graph is exported with optimum, cut in two where the early heads read it, and made small (`models.training.shrink`).
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import onnx
from onnx import helper, version_converter
from optimum.exporters.onnx import export
from optimum.exporters.onnx.config import TextEncoderOnnxConfig
from optimum.utils import NormalizedTextConfig

from models.training.network import EARLY, HEADS, TicketNetwork
from models.training.shrink import shrink_weights
from service.inference.manifest import EMBEDDINGS_FILE, FAST_FILE, MANIFEST_FILE, ONNX_FILE, TOKENIZER_FILE
from service.inference.tier import INPUTS, OUTPUTS, STATES

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
        """Classification heads are [rows, labels], the tagger [rows, tokens, tags]; in the order of the network's."""
        heads: dict[str, dict[int, str]] = {f"{name}_logits": {0: "rows"} for name in HEADS}
        heads["tag_logits"] = {0: "rows", 1: "tokens"}
        if not getattr(self._config, "exit_layers", 0):
            return heads
        early = {f"{EARLY}{name}": axes for name, axes in heads.items()}
        return early | {STATES: {0: "rows", 1: "tokens"}} | heads


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """Where the files that a folder is built from lie; ``fast`` is the fast tier's graph, if there is one."""

    onnx: Path
    tokenizer: Path
    fast: Path | None = None


def export_graph(network: TicketNetwork, target: Path) -> None:
    """Write the graph of a network without early heads, its weights shrunk."""
    graph = _exported(network)
    _shrink_and_save(graph, OUTPUTS, target)


def export_tiers(network: TicketNetwork, fast: Path, full: Path) -> None:
    """Write a network with early heads as two graphs, weights shrunk: up to the states, and on from them."""
    graph = _exported(network)
    mask = next(given for given in graph.graph.input if given.name == "attention_mask")
    states = next(given for given in graph.graph.output if given.name == STATES)
    first = part_of(graph, list(graph.graph.input), [*(f"{EARLY}{name}" for name in OUTPUTS), STATES])
    for node in first.graph.node:
        node.output[:] = [name.removeprefix(EARLY) for name in node.output]
    for output in first.graph.output:
        output.name = output.name.removeprefix(EARLY)
    _shrink_and_save(first, (*OUTPUTS, STATES), fast)
    _shrink_and_save(part_of(graph, [states, mask], OUTPUTS), OUTPUTS, full)


def part_of(model: onnx.ModelProto, inputs: Sequence[onnx.ValueInfoProto], outputs: Sequence[str]) -> onnx.ModelProto:
    """The part of a graph that computes these outputs from these inputs; raises `ValueError` if it needs others."""
    graph = model.graph
    producers = {output: node for node in graph.node for output in node.output}
    weights = {weight.name: weight for weight in graph.initializer}
    given = {value.name for value in inputs}
    needed, pending = set[str](), list(outputs)
    while pending:
        name = pending.pop()
        if name in needed or name in given or not name:
            continue
        needed.add(name)
        if name in producers:
            pending += producers[name].input
        elif name not in weights:
            raise ValueError(f"the part of the graph for {', '.join(outputs)} also needs {name}")
    part = helper.make_graph(
        [node for node in graph.node if needed & set(node.output)],
        graph.name,
        inputs,
        [value for value in graph.output if value.name in outputs],
        [weight for name, weight in weights.items() if name in needed],
    )
    return helper.make_model(part, opset_imports=model.opset_import, ir_version=model.ir_version)


def _exported(network: TicketNetwork) -> onnx.ModelProto:
    with TemporaryDirectory() as scratch:
        whole = Path(scratch) / "whole.onnx"
        config = TicketOnnxConfig(network.config, task="feature-extraction")
        export(network.float().eval(), config, whole, opset=_EXPORT_OPSET)
        return version_converter.convert_version(onnx.load(str(whole)), OPSET)


def _shrink_and_save(model: onnx.ModelProto, outputs: Sequence[str], target: Path) -> None:
    names = {output.name for output in model.graph.output}
    if names != set(outputs):
        raise ValueError(f"optimum exported the outputs {sorted(names)}")
    shrink_weights(model)
    onnx.checker.check_model(model)
    onnx.save(model, str(target))


def write_folder(folder: Path, files: ModelFiles, manifest: Mapping[str, Any]) -> None:
    """Lay the files in ``folder`` and write the manifest with their digests."""
    folder.mkdir(parents=True, exist_ok=True)
    sources = {ONNX_FILE: files.onnx, TOKENIZER_FILE: files.tokenizer}
    if files.fast is not None:
        sources[FAST_FILE] = files.fast
    for name, source in sources.items():
        if source != folder / name:
            shutil.copyfile(source, folder / name)
    names = [*sources, *([EMBEDDINGS_FILE] if (folder / EMBEDDINGS_FILE).exists() else [])]
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
