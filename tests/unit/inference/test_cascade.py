"""In: the default model with other cuts. Out: each head answered by the right tier, whatever the batch."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.bundled import default_model_folder
from service.errors import ModelError
from service.evaluation.data import LabelledTicket
from service.evaluation.recalibrate import recalibrate, write_calibrated
from service.inference import cascade
from service.inference.cascade import TAGGER
from service.inference.engine import InferenceEngine, Prediction
from service.inference.manifest import MANIFEST_FILE
from service.inference.tier import LABEL_HEADS, EngineSettings
from service.normalize import normalize
from service.sample import SAMPLE_TICKETS_FILE

pytestmark = pytest.mark.model
HEADS = (*LABEL_HEADS, TAGGER)
NEVER, ALWAYS = 1.01, 0.0
MakeEngine = Callable[[dict[str, float]], InferenceEngine]
TEXTS = [
    normalize(ticket.get("subject"), ticket["body"])
    for ticket in map(json.loads, SAMPLE_TICKETS_FILE.read_bytes().splitlines()[:32])
]


@pytest.fixture(scope="module")
def engine() -> InferenceEngine:
    """The full tier of the default model."""
    return InferenceEngine(default_model_folder(), EngineSettings(fast_tier=False))


@pytest.fixture
def make_engine(tmp_path: Path) -> MakeEngine:
    """An engine with these cuts; what is not named is always asked of the full tier."""

    def make(accept_above: dict[str, float]) -> InferenceEngine:
        return InferenceEngine(write_folder(tmp_path, accept_above), EngineSettings(threads=2))

    return make


def write_folder(folder: Path, accept_above: dict[str, float]) -> Path:
    original = default_model_folder()
    manifest: dict[str, Any] = json.loads((original / MANIFEST_FILE).read_bytes())
    for name in manifest["files"]:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(original / name)
    for name in HEADS:
        manifest["fast"][name]["accept_above"] = accept_above.get(name, NEVER)
    (folder / MANIFEST_FILE).write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def same(one: Prediction, other: Prediction, head: str) -> bool:
    if head == TAGGER:
        return [(span.start, span.end, span.type) for span in one.spans] == [
            (span.start, span.end, span.type) for span in other.spans
        ] and np.allclose([span.confidence for span in one.spans], [span.confidence for span in other.spans], atol=1e-3)
    return np.allclose(getattr(one, head), getattr(other, head), atol=1e-4)


def test_cascade_that_accepts_nothing_answers_as_the_full_tier(
    make_engine: MakeEngine, engine: InferenceEngine
) -> None:
    answers = make_engine({}).predict(TEXTS)

    full = engine.predict(TEXTS)
    assert all(same(one, other, head) for one, other in zip(answers, full, strict=True) for head in HEADS)
    assert {tier for answer in answers for tier in answer.tiers.values()} == {"full"}


def test_cascade_that_accepts_everything_never_asks_the_full_tier(make_engine: MakeEngine) -> None:
    answers = make_engine(dict.fromkeys(HEADS, ALWAYS)).predict(TEXTS)

    assert {tier for answer in answers for tier in answer.tiers.values()} == {"fast"}


def test_cascade_each_head_takes_the_fast_answer_where_that_is_sure_and_else_the_full_one(
    make_engine: MakeEngine, engine: InferenceEngine
) -> None:
    fast = make_engine(dict.fromkeys(HEADS, ALWAYS)).predict(TEXTS)
    full = engine.predict(TEXTS)
    cuts = {head: float(np.median([getattr(one, head).max() for one in fast])) for head in LABEL_HEADS} | {TAGGER: 0.4}

    answers = make_engine(cuts).predict(TEXTS)

    for head in HEADS:
        for answer, by_fast, by_full in zip(answers, fast, full, strict=True):
            assert same(answer, by_fast if answer.tiers[head] == "fast" else by_full, head)
    for head in LABEL_HEADS:
        sure = [getattr(one, head).max() >= cuts[head] for one in fast]
        assert [answer.tiers[head] == "fast" for answer in answers] == sure
        assert True in sure
        assert False in sure


def test_cascade_answers_do_not_depend_on_the_batch(make_engine: MakeEngine) -> None:
    engine = make_engine({"category": 0.5, "sentiment": 0.5, "urgency": 0.4, TAGGER: 0.4})

    together = engine.predict(TEXTS)
    alone = [engine.predict([text])[0] for text in TEXTS[:20]]

    assert [one.tiers for one in alone] == [one.tiers for one in together[:20]]
    assert all(same(one, other, head) for one, other in zip(alone, together, strict=False) for head in LABEL_HEADS)


def test_cascade_answers_do_not_depend_on_how_many_tokens_are_answered_at_once(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make_engine({"category": 0.5, "sentiment": 0.5, "urgency": 0.4, TAGGER: 0.4})
    together = engine.predict(TEXTS)

    monkeypatch.setattr(cascade, "_PORTION_TOKENS", 200)
    in_portions = engine.predict(TEXTS)

    assert [one.tiers for one in in_portions] == [one.tiers for one in together]
    assert all(same(*pair, head) for pair in zip(in_portions, together, strict=True) for head in HEADS)


def test_engine_told_to_do_without_the_fast_tier_has_only_the_full_one(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, dict.fromkeys(HEADS, ALWAYS))

    (answer,) = InferenceEngine(folder, EngineSettings(fast_tier=False)).predict(TEXTS[:1])

    assert set(answer.tiers.values()) == {"full"}


def test_engine_full_tier_that_goes_on_from_a_fast_one_which_is_not_there_is_refused(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, {})
    manifest = json.loads((folder / MANIFEST_FILE).read_bytes())
    del manifest["fast"]
    (folder / MANIFEST_FILE).write_text(json.dumps(manifest), encoding="utf-8")

    with pytest.raises(ModelError, match="states of width 384, the fast one gives None"):
        InferenceEngine(folder)


def test_manifest_fast_tier_with_other_labels_is_refused(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, {})
    manifest = json.loads((folder / MANIFEST_FILE).read_bytes())
    manifest["fast"]["category"]["labels"].reverse()
    (folder / MANIFEST_FILE).write_text(json.dumps(manifest), encoding="utf-8")

    with pytest.raises(ModelError, match="fast tier's category labels"):
        InferenceEngine(folder)


def test_calibrated_two_tier_model_asks_the_full_tier_again_for_what_was_calibrated(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, dict.fromkeys(HEADS, ALWAYS))
    rows = [LabelledTicket(None, f"ticket {number}", "test", category="other") for number in range(100)]
    engine = InferenceEngine(folder, EngineSettings(threads=2))

    calibration = recalibrate(folder, engine, rows, target=0.2)
    write_calibrated(calibration, folder, tmp_path / "ours", "ours", datetime(2026, 3, 3, tzinfo=UTC))

    (answer,) = InferenceEngine(tmp_path / "ours").predict(TEXTS[:1])
    assert answer.tiers["category"] == "full"
    assert answer.tiers["sentiment"] == "fast"
