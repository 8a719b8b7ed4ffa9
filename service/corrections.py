"""In: what a person corrected, and the result that it corrects. Out: a new result, decided by a human.

Decoding raises `InvalidMessageError`. A correction is a revision of its ticket like any other: it is stored, published
and replayed by the same steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from service.decode import condense, parse_object
from service.errors import InvalidMessageError, Reason, Stage
from service.result import Label, SentimentResult, TicketResult
from service.revisions import Version, microseconds
from service.routing.actions import PRIORITIES
from service.routing.engine import route
from service.routing.facts import Circumstances, RoutingFacts
from service.routing.rules import RuleSet
from service.store.values import StoredTicket
from service.ticket import Tenant, TicketId

CORRECTED = "corrected_by_person"
_DIGEST_BYTES = 16
_LAST_US = microseconds(datetime.max.replace(tzinfo=UTC))
_LABELS = ("category", "secondary_category", "sentiment", "urgency", "queue", "priority", "sla_minutes")

Name = Annotated[str, StringConstraints(min_length=1, max_length=128)]


class Correction(BaseModel):
    """One correction as it stands on `tickets.corrections`; what is None stays as the model decided it.

    ``of_revision`` is the revision that the person looked at: the correction comes after it, whatever the clocks say.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ticket_id: TicketId
    tenant: Tenant = "default"
    corrected_at: AwareDatetime
    corrected_by: Name = Field(repr=False)
    of_revision: Annotated[int, Field(ge=0, lt=_LAST_US)] = 0
    category: Name | None = None
    secondary_category: Name | None = None
    sentiment: Name | None = None
    urgency: Name | None = None
    queue: Name | None = None
    priority: Name | None = None
    sla_minutes: Annotated[int, Field(gt=0, le=525_600)] | None = None

    @model_validator(mode="after")
    def _corrects_something(self) -> Correction:
        if all(getattr(self, name) is None for name in _LABELS):
            raise ValueError(f"at least one of {', '.join(_LABELS)} must be given")
        return self

    @property
    def key(self) -> str:
        """The Kafka key of everything about this ticket."""
        return f"{self.tenant}/{self.ticket_id}"


def try_decode_correction(raw: bytes) -> Correction | InvalidMessageError:
    """Decode one message, or say why that cannot be done."""
    try:
        return Correction.model_validate(parse_object(raw))
    except InvalidMessageError as error:
        return error
    except ValidationError as error:
        return InvalidMessageError(Reason.SCHEMA, Stage.DECODE, condense(error))


def version_of_correction(correction: Correction) -> Version:
    """The version of the ticket that a correction makes."""
    revised_us = max(microseconds(correction.corrected_at), correction.of_revision + 1)
    content = correction.model_dump_json(exclude_defaults=True).encode()
    digest = blake2b(content, digest_size=_DIGEST_BYTES).hexdigest()
    return Version(correction.tenant, correction.ticket_id, revised_us, None, digest)


def check_labels(correction: Correction, labels: Mapping[str, tuple[str, ...]]) -> None:
    """Raise `InvalidMessageError` for a label that the model in use does not have, or a priority that there is not."""
    wanted = {
        "category": (correction.category, labels["category"]),
        "secondary_category": (correction.secondary_category, labels["category"]),
        "sentiment": (correction.sentiment, labels["sentiment"]),
        "urgency": (correction.urgency, labels["urgency"]),
        "priority": (correction.priority, PRIORITIES),
    }
    for name, (label, known) in wanted.items():
        if label is not None and label not in known:
            raise InvalidMessageError(Reason.SCHEMA, Stage.ROUTE, f"{name}: should be one of {', '.join(known)}")


def corrected_result(
    base: StoredTicket, correction: Correction, revision: int, rules: RuleSet, processed_at: datetime
) -> TicketResult:
    """The base with what the person said in it, routed anew by the rules where a label is another.

    Queue, priority and SLA that the person named stand above the rules; a named priority brings its own SLA. Scores and
    fields stay those of the model.
    """
    result = base.result
    category, sentiment, urgency = result.category, result.sentiment, result.urgency
    if correction.category is not None:
        category = replace(category, label=correction.category, confidence=1.0, secondary=None)
    if correction.secondary_category is not None:
        secondary = correction.secondary_category
        category = replace(category, secondary=secondary if secondary != category.label else None)
    if correction.sentiment is not None:
        score = {"negative": -1.0, "positive": 1.0}.get(correction.sentiment, 0.0)
        sentiment = SentimentResult(correction.sentiment, 1.0, score)
    if correction.urgency is not None:
        urgency = Label(correction.urgency, 1.0)
    labelled = replace(result, category=category, sentiment=sentiment, urgency=urgency)
    about = Circumstances(result.tenant, base.channel, base.facts.requester_tier, base.facts.tags)
    where = route(rules, RoutingFacts.of(labelled, about)) if labelled != result else result.route
    sla_minutes = rules.defaults.sla_minutes.get(correction.priority or "", where.sla_minutes)
    where = replace(
        where,
        queue=correction.queue or where.queue,
        priority=correction.priority or where.priority,
        sla_minutes=correction.sla_minutes or sla_minutes,
        needs_review=False,
        reasons=(CORRECTED,),
    )
    return replace(
        labelled, revision=revision, route=where, decided_by="human", processed_at=processed_at, latency_ms=0.0
    )
