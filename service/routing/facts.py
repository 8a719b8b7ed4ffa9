"""In: nothing. Out: what routing rules may look at, and the labels that a rule may name. Raises nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from service.inference.manifest import Manifest
from service.result import ExtractedField


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingFacts:
    """Everything about one ticket that a rule may look at; confidences are 0 to 1, the score is -1 to 1.

    ``review_reasons`` are the model stage's own; they send the ticket to a person unless a rule says otherwise.
    """

    category: str
    category_confidence: float
    sentiment: str
    sentiment_confidence: float
    sentiment_score: float
    urgency: str
    urgency_confidence: float
    language: str
    channel: str
    tenant: str
    secondary: str | None = None
    requester_tier: str | None = None
    tags: tuple[str, ...] = field(default=(), repr=False)
    fields: tuple[ExtractedField, ...] = ()
    truncated: bool = False
    review_reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleVocabulary:
    """The labels that rules may name, from the model's manifest; urgencies stand in rising order."""

    categories: tuple[str, ...]
    sentiments: tuple[str, ...]
    urgencies: tuple[str, ...]
    field_types: tuple[str, ...]

    @classmethod
    def from_manifest(cls, manifest: Manifest) -> RuleVocabulary:
        """The labels of a model."""
        return cls(
            categories=manifest.category.labels,
            sentiments=manifest.sentiment.labels,
            urgencies=manifest.urgency.labels,
            field_types=manifest.tagger.field_types,
        )
