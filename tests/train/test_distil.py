"""In: a tiny teacher with random weights and a handful of tickets. Out: proof that the fast tier's recipe holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from service.inference.engine import InferenceEngine
from service.inference.manifest import MANIFEST_FILE
from service.normalize import normalize

if TYPE_CHECKING:
    from models.training.distil.teacher import Teacher
    from models.training.recipe import Sources

pytestmark = [pytest.mark.train, pytest.mark.timeout(600), pytest.mark.filterwarnings("ignore")]

_FAMILIES = ("cnn", "shallow", "early")
_LOOSE = {"category": 0.9, "sentiment": 0.9, "urgency": 0.9, "tagger": 0.99}


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
    material = Material(sources, [*sources.dev, *generated], generated[:10])
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
    from models.training.distil.transfer import TransferSettings, build_transfer_set

    encoder = read_encoder(teacher.graph)
    made = TransferSettings(passes=2, generated_per_pass=10, written_variants=0)
    passes = build_transfer_set(teacher, sources, tmp_path / "transfer", made, threads=1)

    def training() -> Training:
        torch.manual_seed(1)
        student = make_student(student_shape("cnn", encoder), encoder, teacher.labels)
        return Training(student, encoder.hidden_size, DistilSettings(tokens_per_batch=256))

    with pytest.raises(FileNotFoundError):
        training().run([passes[0], [tmp_path / "lost.npz"]], tmp_path / "cut_off.pt")
    resumed = training().run(passes, tmp_path / "cut_off.pt").state_dict()
    whole = training().run(passes, tmp_path / "whole.pt").state_dict()

    assert all(torch.equal(resumed[name], weight) for name, weight in whole.items())


def test_transfer_folder_of_another_teacher_is_refused(teacher: Teacher, sources: Sources, tmp_path: Path) -> None:
    from models.training.distil.transfer import TransferSettings, build_transfer_set

    settings = TransferSettings(passes=1, generated_per_pass=4, written_variants=0)
    build_transfer_set(teacher, sources, tmp_path, settings, threads=1)

    with pytest.raises(ValueError, match="another teacher"):
        build_transfer_set(teacher, sources, tmp_path, TransferSettings(passes=1, seed=5), threads=1)
