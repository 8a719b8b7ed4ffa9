"""In: the default model that ships. Out: one engine and one decider for the whole session."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from service.bundled import default_model_folder
from service.decide import Decider
from service.inference.engine import InferenceEngine
from service.routing.facts import RuleVocabulary
from service.routing.rules import DEFAULT_RULES_FILE, load_rules

NOW = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def engine() -> InferenceEngine:
    """The default model, opened once; tests that ask for it carry the marker ``model``."""
    return InferenceEngine(default_model_folder())


@pytest.fixture(scope="session")
def decider(engine: InferenceEngine) -> Decider:
    """The default model with the default rules, at a fixed time."""
    rules = load_rules(DEFAULT_RULES_FILE, RuleVocabulary.from_manifest(engine.manifest))
    return Decider(engine, rules, lambda: NOW)
