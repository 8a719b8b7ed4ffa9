"""In: an exported graph in float32. Out: the same graph with small weights, and the way back to float32.

Word embeddings become int8 with a scale a row, read after the gather. A matrix that many tokens are multiplied with
becomes int8 in blocks of 128 with a scale each, behind a standard ``DequantizeLinear`` (opset 21): onnxruntime makes
``MatMulNBits`` of the pair, which computes in int8 with activations scaled a row and block at a time, so that a
row's answer depends on no other row; opened with ``session.disable_quant_qdq`` the same file computes in float32.
Other large weights become float16, cast back when the session loads.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from service.inference.manifest import EMBEDDINGS_FILE

BLOCK = 128
WORDS = "bert.embeddings.word_embeddings.weight"
_MIN_HALF_ELEMENTS = 1_024
_MAX_INT8 = 127


def shrink_weights(model: onnx.ModelProto) -> None:
    """Store the large weights small, in place; the graph must be of opset 21."""
    graph = model.graph
    gathered = {node.input[0]: node for node in graph.node if node.op_type == "Gather"}
    multiplied = {node.input[1] for node in graph.node if node.op_type == "MatMul"}
    added: list[onnx.NodeProto] = []
    for weight in list(graph.initializer):
        name, values = weight.name, numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < _MIN_HALF_ELEMENTS:
            continue
        if name in gathered and values.shape[0] > _MIN_HALF_ELEMENTS:
            _quantize_rows(graph, weight, values, gathered[name])
        elif name in multiplied and values.shape[0] % BLOCK == 0:
            added.append(_quantize_blocks(graph, weight, values))
        else:
            weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
            added.append(helper.make_node("Cast", [f"{name}_half"], [name], f"{name}_cast", to=TensorProto.FLOAT))
    nodes = added + list(graph.node)
    del graph.node[:]
    graph.node.extend(nodes)


def float_weights(model: onnx.ModelProto) -> dict[str, NDArray[np.float32]]:
    """Every weight of a shrunk graph by the name that it had before, in float32."""
    stored = {weight.name: numpy_helper.to_array(weight) for weight in model.graph.initializer}
    weights: dict[str, NDArray[np.float32]] = {}
    for name, values in stored.items():
        if name.endswith("_int8"):
            scales = stored[name.removesuffix("_int8") + "_scale"]
            # Blocks have a scale for each 128 lines of a column, rows one for themselves.
            weights[name.removesuffix("_int8")] = values.astype(np.float32) * (
                scales if len(scales) == len(values) else np.repeat(scales, BLOCK, axis=0)
            )
        elif not name.endswith("_scale"):
            weights[name.removesuffix("_half")] = values.astype(np.float32)
    return weights


def write_graphs(sources: Mapping[str, Path], folder: Path) -> list[str]:
    """Write each graph of ``sources`` to ``folder`` under its name; returns the names of all files written.

    Where all have the same word embeddings these go to one file beside the graphs, which all read: stored once, and
    mapped into memory instead of copied. Scales stay in each graph.
    """
    models = {name: onnx.load(str(source)) for name, source in sources.items()}
    tables = {name: _word_table(model) for name, model in models.items()}
    contents = {None if table is None else numpy_helper.to_array(table).tobytes() for table in tables.values()}
    content = contents.pop() if len(contents) == 1 else None
    for name, model in models.items():
        table = tables[name]
        if content is not None and table is not None:
            _point_to(table, EMBEDDINGS_FILE, len(content))
        (folder / name).write_bytes(model.SerializeToString())
    if content is None:
        (folder / EMBEDDINGS_FILE).unlink(missing_ok=True)
        return list(sources)
    (folder / EMBEDDINGS_FILE).write_bytes(content)
    return [*sources, EMBEDDINGS_FILE]


def megabytes_beside(graph: Path, other: Path) -> float:
    """What a graph adds to a folder that holds the other one: its size, but for word embeddings that both have."""
    tables = [_word_table(onnx.load(str(path))) for path in (graph, other)]
    contents = [b"" if table is None else numpy_helper.to_array(table).tobytes() for table in tables]
    shared = len(contents[0]) if contents[0] == contents[1] else 0
    return (graph.stat().st_size - shared) / 1e6


def _word_table(model: onnx.ModelProto) -> onnx.TensorProto | None:
    return next((weight for weight in model.graph.initializer if weight.name == f"{WORDS}_int8"), None)


def _point_to(tensor: onnx.TensorProto, file: str, length: int) -> None:
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", file), ("offset", "0"), ("length", str(length))):
        tensor.external_data.add(key=key, value=value)


def _quantize_rows(
    graph: onnx.GraphProto, weight: onnx.TensorProto, values: NDArray[Any], gather: onnx.NodeProto
) -> None:
    """Replace a float gather by: gather int8 rows, cast, times the gathered scale of each row."""
    scales = _scales(np.abs(values).max(axis=1, keepdims=True))
    name, indices, output = gather.input[0], gather.input[1], gather.output[0]
    weight.CopyFrom(numpy_helper.from_array(np.rint(values / scales).astype(np.int8), f"{name}_int8"))
    graph.initializer.append(numpy_helper.from_array(scales, f"{name}_scale"))
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


def _quantize_blocks(graph: onnx.GraphProto, weight: onnx.TensorProto, values: NDArray[Any]) -> onnx.NodeProto:
    """Replace a matrix [in, out] by int8 and scales [in / 128, out]; returns the node that multiplies them."""
    name, (lines, columns) = weight.name, values.shape
    blocks = values.reshape(lines // BLOCK, BLOCK, columns)
    scales = _scales(np.abs(blocks).max(axis=1))
    rounded = np.rint(blocks / scales[:, None, :]).astype(np.int8).reshape(lines, columns)
    weight.CopyFrom(numpy_helper.from_array(rounded, f"{name}_int8"))
    graph.initializer.append(numpy_helper.from_array(scales, f"{name}_scale"))
    return helper.make_node(
        "DequantizeLinear", [f"{name}_int8", f"{name}_scale"], [name], f"{name}_dequantize", axis=0, block_size=BLOCK
    )


def _scales(largest: NDArray[Any]) -> NDArray[np.float32]:
    scales = (largest / _MAX_INT8).astype(np.float32)
    scales[scales == 0] = 1
    return scales
