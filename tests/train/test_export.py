"""In: a tiny teacher with random weights. Out: proof that exported graphs answer as torch does and share embeddings."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from models.training.distil.teacher import Teacher
    from models.training.network import TicketNetwork

pytestmark = [pytest.mark.train, pytest.mark.timeout(600), pytest.mark.filterwarnings("ignore")]

_FAMILIES = ("cnn", "shallow", "early")


def test_read_encoder_of_an_exported_graph_gives_the_networks_weights(teacher: Teacher, network: TicketNetwork) -> None:
    from models.training.distil.teacher import read_encoder

    encoder = read_encoder(teacher.graph)

    assert (encoder.layers, encoder.hidden_size, encoder.attention_heads, encoder.intermediate_size) == (3, 128, 4, 256)
    for name, weight in network.bert.state_dict().items():
        if name != "embeddings.position_ids":
            # Rows of int8 are the coarsest part: half a step of the largest weight.
            np.testing.assert_allclose(encoder.tensors[name], weight.numpy(), atol=0.006)


@pytest.mark.parametrize("family", _FAMILIES)
def test_student_exported_answers_as_in_torch_and_whatever_its_padding(
    family: str, teacher: Teacher, inputs: dict[str, Any], tmp_path: Path
) -> None:
    import onnxruntime as ort
    import torch

    from models.training.distil.students import make_student, student_shape
    from models.training.distil.teacher import read_encoder
    from models.training.export import export_graph
    from service.inference.tier import OUTPUTS

    encoder = read_encoder(teacher.graph)
    student = make_student(student_shape(family, encoder), encoder, teacher.labels).eval()

    export_graph(student, tmp_path / "student.onnx")
    with torch.no_grad():
        expected = student(**{name: torch.from_numpy(array) for name, array in inputs.items()})
    in_float32 = ort.SessionOptions()
    in_float32.add_session_config_entry("session.disable_quant_qdq", "1")
    exact = ort.InferenceSession(str(tmp_path / "student.onnx"), in_float32).run(OUTPUTS, inputs)
    session = ort.InferenceSession(str(tmp_path / "student.onnx"))
    outputs = dict(zip(OUTPUTS, session.run(OUTPUTS, inputs), strict=True))
    alone = dict(zip(OUTPUTS, session.run(OUTPUTS, {k: v[1:, :8] for k, v in inputs.items()}), strict=True))

    for name, output in zip(OUTPUTS, exact, strict=True):
        scale = float(expected[name].abs().max())
        # Weights are stored in int8 and half precision.
        np.testing.assert_allclose(output, expected[name].numpy(), atol=0.03 * max(scale, 1))
    for name, output in outputs.items():
        np.testing.assert_allclose(output[1:, :8] if name == "tag_logits" else output[1:], alone[name], atol=1e-4)


def test_early_student_of_all_layers_has_the_teachers_states(
    teacher: Teacher, network: TicketNetwork, inputs: dict[str, Any]
) -> None:
    import torch

    from models.training.distil.students import make_student, teacher_shape
    from models.training.distil.teacher import read_encoder

    encoder = read_encoder(teacher.graph)
    shape = teacher_shape(encoder)
    early = make_student(type(shape)("early", 128, 128, 3, 4, 256), encoder, teacher.labels).eval()
    tensors = {name: torch.from_numpy(array) for name, array in inputs.items()}

    # What the file's rounding does to weights is another test's; here both have the rounded ones.
    rounded = deepcopy(network.bert)
    rounded.load_state_dict(
        rounded.state_dict() | {name: torch.from_numpy(array) for name, array in encoder.tensors.items()}
    )

    with torch.no_grad():
        difference = early.bert(**tensors).last_hidden_state - rounded(**tensors).last_hidden_state

    assert float(difference[:, :4].abs().max()) < 1e-5


def test_tiers_with_the_same_word_embeddings_store_them_once_and_answer_as_before(
    teacher: Teacher, inputs: dict[str, Any], tmp_path: Path
) -> None:
    import onnxruntime as ort

    from models.training.distil.students import make_student, student_shape
    from models.training.distil.teacher import read_encoder
    from models.training.export import export_graph
    from models.training.shrink import megabytes_beside, write_graphs
    from service.inference.tier import OUTPUTS

    encoder = read_encoder(teacher.graph)
    graphs = {"full.onnx": teacher.graph}
    for family in ("early", "cnn"):
        graphs[f"{family}.onnx"] = tmp_path / f"{family}.onnx"
        student = make_student(student_shape(family, encoder), encoder, teacher.labels).eval()
        export_graph(student, graphs[f"{family}.onnx"])
    shared, apart = tmp_path / "shared", tmp_path / "apart"
    shared.mkdir()
    apart.mkdir()

    names = write_graphs({name: graphs[name] for name in ("full.onnx", "early.onnx")}, shared)
    whole = write_graphs({name: graphs[name] for name in ("full.onnx", "cnn.onnx")}, apart)

    assert names == ["full.onnx", "early.onnx", "embeddings.bin"]
    assert whole == ["full.onnx", "cnn.onnx"]
    for folder, names_of in ((shared, names[:2]), (apart, whole)):
        for name in names_of:
            before, after = (
                ort.InferenceSession(str(path)).run(OUTPUTS, inputs) for path in (graphs[name], folder / name)
            )
            for one, other in zip(before, after, strict=True):
                np.testing.assert_array_equal(one, other)
    words = (shared / "embeddings.bin").stat().st_size
    assert megabytes_beside(graphs["early.onnx"], teacher.graph) < graphs["early.onnx"].stat().st_size / 1e6
    assert (shared / "early.onnx").stat().st_size < graphs["early.onnx"].stat().st_size - words * 0.9
