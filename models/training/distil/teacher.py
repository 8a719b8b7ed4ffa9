"""In: a model folder. Out: the teacher: its labels, limits and tokenizer, its encoder's weights, a session to ask it.

The weights come from the graph itself, so a teacher is any folder that this project's export wrote. Raises `ValueError`
where the graph is another network's.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer

from models.training.dataset import open_tokenizer
from models.training.labels import LabelSet
from models.training.network import HEADS
from models.training.shrink import WORDS, float_weights
from service.inference.encode import WindowLimits
from service.inference.manifest import MANIFEST_FILE, ONNX_FILE, TOKENIZER_FILE

POOLED_OUTPUT = "pooled"
Weights = dict[str, NDArray[np.float32]]

_DENSE = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
)
_FIRST_POOLED = "hidden.category.weight"
_HEAD_SHAPE_NODE = "/bert/encoder/layer.0/attention/self/Concat"


@dataclass(frozen=True, slots=True)
class Teacher:
    """A model folder that students learn from; ``manifest`` is its JSON."""

    folder: Path
    manifest: dict[str, Any]
    labels: LabelSet
    limits: WindowLimits
    tokenizer: Tokenizer

    @property
    def graph(self) -> Path:
        """Its ONNX file."""
        return self.folder / ONNX_FILE


@dataclass(frozen=True, slots=True)
class EncoderWeights:
    """The encoder's weights in float32 by BERT's names (`embeddings.…`, `encoder.layer.…`), and their geometry."""

    tensors: Weights
    layers: int
    hidden_size: int
    attention_heads: int
    intermediate_size: int


def open_teacher(folder: Path) -> Teacher:
    """Read the folder's manifest and tokenizer."""
    manifest = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
    category, sentiment, urgency = (tuple(manifest[name]["labels"]) for name in HEADS)
    labels = LabelSet(category, sentiment, urgency, tuple(tag[2:] for tag in manifest["tagger"]["tags"][1::2]))
    limits = WindowLimits(manifest["max_tokens"], manifest["max_windows"])
    return Teacher(folder, manifest, labels, limits, open_tokenizer(folder / TOKENIZER_FILE))


def open_pooled_session(graph: Path, threads: int) -> ort.InferenceSession:
    """A session with one output more: each head's pooled states, float32 of shape [rows, heads, hidden size]."""
    model = onnx.load(str(graph))
    producers = {output: node for node in model.graph.node for output in node.output}
    first = next((node for node in model.graph.node if _FIRST_POOLED in node.input), None)
    if first is None or first.input[0] not in producers:
        raise ValueError(f"{graph} is not a graph of this project's network: it has no {_FIRST_POOLED}")
    pooled = producers[first.input[0]].input[0]
    model.graph.node.append(helper.make_node("Identity", [pooled], [POOLED_OUTPUT]))
    model.graph.output.append(helper.make_tensor_value_info(POOLED_OUTPUT, TensorProto.FLOAT, None))
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def read_encoder(graph: Path) -> EncoderWeights:
    """The encoder's weights, as exact as the graph stores them (int8, float16)."""
    model = onnx.load(str(graph))
    stored = float_weights(model)
    nodes = {node.name: node for node in model.graph.node if node.name}
    tensors: Weights = {}
    try:
        rows = stored[WORDS]
        tensors["embeddings.word_embeddings.weight"] = rows
        for name in (
            "position_embeddings.weight",
            "token_type_embeddings.weight",
            "LayerNorm.weight",
            "LayerNorm.bias",
        ):
            tensors[f"embeddings.{name}"] = stored[f"bert.embeddings.{name}"]
        layers = sum(name.endswith("/attention/self/query/MatMul") for name in nodes)
        for layer in range(layers):
            _read_layer(f"encoder.layer.{layer}", stored, nodes, tensors)
        head_size = _last_constant(nodes[_HEAD_SHAPE_NODE], model.graph)
    except KeyError as error:
        raise ValueError(f"{graph} is not a graph of this project's network: {error} is missing") from error
    hidden_size = rows.shape[1]
    return EncoderWeights(
        tensors=tensors,
        layers=layers,
        hidden_size=hidden_size,
        attention_heads=hidden_size // head_size,
        intermediate_size=len(tensors["encoder.layer.0.intermediate.dense.bias"]),
    )


def _read_layer(layer: str, stored: Weights, nodes: dict[str, onnx.NodeProto], tensors: Weights) -> None:
    for dense in _DENSE:
        # The export renames and transposes what a matrix product reads; the node still says whose weight it is.
        node = nodes[f"/bert/{layer}/{dense}".replace(".", "/").replace("layer/", "layer.") + "/MatMul"]
        tensors[f"{layer}.{dense}.weight"] = stored[node.input[1]].T
        tensors[f"{layer}.{dense}.bias"] = stored[f"bert.{layer}.{dense}.bias"]
    for norm in ("attention.output.LayerNorm", "output.LayerNorm"):
        for part in ("weight", "bias"):
            tensors[f"{layer}.{norm}.{part}"] = stored[f"bert.{layer}.{norm}.{part}"]


def _last_constant(node: onnx.NodeProto, graph: onnx.GraphProto) -> int:
    """The number that stands last among the node's inputs."""
    constant = next(other for other in graph.node if node.input[-1] in other.output)
    return int(numpy_helper.to_array(constant.attribute[0].t).ravel()[0])
