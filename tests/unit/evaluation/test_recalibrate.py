"""In: the default model and the project's dev tickets. Out: a copy of it, calibrated on them, that opens."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from service.bundled import default_model_folder
from service.cli.app import app
from service.inference.cascade import softmax
from service.inference.engine import InferenceEngine
from service.inference.manifest import MANIFEST_FILE
from service.inference.tier import LABEL_HEADS, EngineSettings
from service.normalize import normalize

pytestmark = [pytest.mark.model, pytest.mark.timeout(300)]
DEV = Path(__file__).parents[3] / "models" / "training" / "tickets" / "dev"
_TOO_SURE = 0.1
_runner = CliRunner()


def test_calibrate_writes_a_folder_that_opens_with_the_same_graph_and_new_cuts(tmp_path: Path) -> None:
    out = tmp_path / "ours"

    outcome = _runner.invoke(app, ["calibrate", str(DEV), "--out", str(out), "--target", "0.2", "--json"])

    assert outcome.exit_code == 0, outcome.stderr
    figures = json.loads(outcome.stdout)
    assert figures["category"]["rows"] >= 170
    cut = figures["category"]["cut"]
    assert cut["errors"] <= cut["accepted"]
    assert cut["bound"] <= 0.2
    manifest = InferenceEngine(out).manifest
    assert manifest.version == "ours"
    assert manifest.category.review_below == cut["threshold"]
    shipped = InferenceEngine(default_model_folder()).manifest
    assert manifest.files == shipped.files


def test_calibrate_target_that_few_rows_cannot_show_sends_every_ticket_to_review(tmp_path: Path) -> None:
    out = tmp_path / "strict"

    outcome = _runner.invoke(app, ["calibrate", str(DEV), "--out", str(out), "--target", "0.001"])

    assert outcome.exit_code == 0, outcome.stderr
    assert "every ticket goes to review" in outcome.stdout
    assert json.loads((out / MANIFEST_FILE).read_text(encoding="utf-8"))["category"]["review_below"] == 1.0


@pytest.mark.parametrize(
    ("rows", "said"),
    [([("where is it", "shipping")] * 99, "no head has 100"), ([("x", "parcels")] * 100, "row 1: category 'parcels'")],
)
def test_calibrate_rows_that_cannot_serve_are_refused_and_nothing_is_written(
    tmp_path: Path, rows: list[tuple[str, str]], said: str
) -> None:
    data = tmp_path / "data.csv"
    with data.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "category"), *rows])

    outcome = _runner.invoke(app, ["calibrate", str(data), "--out", str(tmp_path / "out")])

    assert outcome.exit_code == 1
    assert said in outcome.stderr
    assert not (tmp_path / "out").exists()


def test_calibrate_folder_that_exists_is_refused(tmp_path: Path) -> None:
    outcome = _runner.invoke(app, ["calibrate", str(DEV), "--out", str(tmp_path)])

    assert outcome.exit_code == 2
    assert "exists already" in outcome.stderr


def test_tier_logits_scaled_are_the_predicted_probabilities() -> None:
    engine = InferenceEngine(default_model_folder(), EngineSettings(fast_tier=False))
    texts = [normalize("Charged twice", "You took 49.90 EUR twice."), normalize(None, "I cannot sign in.")]

    logits = engine.tier_logits(engine.encode(texts))["full"].labels

    for name in LABEL_HEADS:
        head = getattr(engine.manifest, name)
        expected = np.array([getattr(prediction, name) for prediction in engine.predict(texts)])
        scaled = logits[name] / head.temperature + np.array(head.biases or 0, np.float32)
        assert np.allclose(softmax(scaled), expected, atol=1e-5)


def test_calibrate_fits_the_fast_tier_to_the_full_one_as_it_is_now(tmp_path: Path) -> None:
    source, out = tmp_path / "two-tiers", tmp_path / "ours"
    source.mkdir()
    _with_a_fast_tier(source, target=0.2)

    outcome = _runner.invoke(app, ["calibrate", str(DEV), "--model", str(source), "--out", str(out), "--json"])

    assert outcome.exit_code == 0, outcome.stderr
    engine = InferenceEngine(out)
    assert engine.manifest.fast is not None
    said = json.loads(outcome.stdout)
    tagger, tagger_cut = engine.manifest.fast.tagger, said.pop("tagger")["fast_cut"]
    assert tagger.accept_above == tagger_cut["threshold"] < 1
    assert tagger.evidence is not None
    assert (tagger.evidence.kind, tagger.evidence.target) == ("span_disagreement", 0.2)
    assert (tagger.evidence.n, tagger.evidence.bound) == (tagger_cut["accepted"], tagger_cut["bound"])
    for name, figures in said.items():
        full, fast = getattr(engine.manifest, name), getattr(engine.manifest.fast, name)
        assert _TOO_SURE * 3 < fast.temperature < 3 * full.temperature
        assert fast.accept_above == figures["fast_cut"]["threshold"] < 1
        assert (fast.evidence.kind, fast.evidence.target) == ("disagreement", 0.2)
        assert (fast.evidence.n, fast.evidence.k) == (figures["fast_cut"]["accepted"], figures["fast_cut"]["errors"])


def test_calibrate_too_few_rows_for_a_fast_cut_leave_every_answer_to_the_full_tier(tmp_path: Path) -> None:
    source, out = tmp_path / "two-tiers", tmp_path / "ours"
    source.mkdir()
    _with_a_fast_tier(source, target=0.001)

    outcome = _runner.invoke(app, ["calibrate", str(DEV), "--model", str(source), "--out", str(out)])

    assert outcome.exit_code == 0, outcome.stderr
    assert outcome.stdout.count("the full tier answers every ticket") == len(LABEL_HEADS) + 1
    (answer,) = InferenceEngine(out).predict([normalize(None, "I was charged twice.")])
    assert set(answer.tiers.values()) == {"full"}


def _with_a_fast_tier(folder: Path, target: float) -> None:
    """The default model with a fast tier that is far too sure of itself."""
    manifest = json.loads((default_model_folder() / MANIFEST_FILE).read_bytes())
    for name in manifest["files"]:
        (folder / name).symlink_to(default_model_folder() / name)
    evidence = {"kind": "disagreement", "target": target, "n": 0, "k": 0, "bound": 1.0}
    for name in LABEL_HEADS:
        manifest["fast"][name] |= {"temperature": _TOO_SURE, "accept_above": 0.5, "evidence": evidence}
    spans = evidence | {"kind": "span_disagreement"}
    manifest["fast"]["tagger"] |= {"accept_above": 0.0, "evidence": spans}
    (folder / MANIFEST_FILE).write_text(json.dumps(manifest), encoding="utf-8")
