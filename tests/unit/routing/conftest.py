"""In: nothing. Out: the default model's vocabulary, and makers of facts and rule sets for the routing tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from models.training.labels import read_labels
from service.result import ExtractedField, Normalized
from service.routing.engine import RoutingFacts
from service.routing.facts import RuleVocabulary
from service.routing.rules import RuleSet, load_rules


@pytest.fixture(scope="session")
def vocabulary() -> RuleVocabulary:
    labels = read_labels()
    return RuleVocabulary(labels.category, labels.sentiment, labels.urgency, labels.fields)


@pytest.fixture
def load(tmp_path: Path, vocabulary: RuleVocabulary) -> Callable[[str], RuleSet]:
    """Load the text of a rules file called ``rules.toml``, exactly as given."""

    def load_text(text: str) -> RuleSet:
        file = tmp_path / "rules.toml"
        file.write_text(text, encoding="utf-8", newline="")
        return load_rules(file, vocabulary)

    return load_text


@pytest.fixture
def facts() -> Callable[..., RoutingFacts]:
    """Facts of an ordinary billing ticket, with some of them replaced."""

    def make(**changes: object) -> RoutingFacts:
        ordinary: dict[str, object] = {
            "category": "billing",
            "category_confidence": 0.9,
            "sentiment": "neutral",
            "sentiment_confidence": 0.8,
            "sentiment_score": 0.0,
            "urgency": "normal",
            "urgency_confidence": 0.7,
            "language": "en",
            "channel": "email",
            "tenant": "acme",
        }
        return RoutingFacts(**{**ordinary, **changes})  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def field() -> Callable[..., ExtractedField]:
    """A field of some type, with its normalised form."""

    def make(kind: str, normalized: Normalized = None) -> ExtractedField:
        return ExtractedField(kind, "as written", normalized, 0, 10, 0.9, "pattern")

    return make
