"""In: nothing. Out: what routing rules may look at, and the labels that a rule may name. Raises nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from service.inference.manifest import Manifest
from service.result import CategoryResult, ExtractedField, Label, SentimentResult


class Answers(Protocol):
    """What the model said, or a person: an understanding, or a whole result."""

    @property
    def category(self) -> CategoryResult: ...
    @property
    def sentiment(self) -> SentimentResult: ...
    @property
    def urgency(self) -> Label: ...
    @property
    def language(self) -> Label: ...
    @property
    def fields(self) -> tuple[ExtractedField, ...]: ...
    @property
    def truncated(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What rules may ask of a ticket beside the answers."""

    tenant: str
    channel: str
    requester_tier: str | None
    tags: tuple[str, ...] = field(repr=False)


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

    @classmethod
    def of(cls, answers: Answers, about: Circumstances, review_reasons: tuple[str, ...] = ()) -> RoutingFacts:
        """The facts of a ticket with these answers."""
        return cls(
            category=answers.category.label,
            category_confidence=answers.category.confidence,
            secondary=answers.category.secondary,
            sentiment=answers.sentiment.label,
            sentiment_confidence=answers.sentiment.confidence,
            sentiment_score=answers.sentiment.score,
            urgency=answers.urgency.label,
            urgency_confidence=answers.urgency.confidence,
            language=answers.language.label,
            channel=about.channel,
            tenant=about.tenant,
            requester_tier=about.requester_tier,
            tags=about.tags,
            fields=answers.fields,
            truncated=answers.truncated,
            review_reasons=review_reasons,
        )


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
