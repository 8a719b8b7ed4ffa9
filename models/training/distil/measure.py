"""In: a graph and tickets. Out: its logits for each ticket, and what is decided from them as the service decides.

Texts are made plain, laid out in windows and read with the service's own functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.training.distil.teacher import Teacher
from models.training.network import HEADS
from service.decide import extract_fields
from service.evaluation.data import LabelledTicket
from service.evaluation.field_metrics import SpanKey
from service.evaluation.scaling import Floats, Scaling, probabilities, rounded_down
from service.evaluation.span_agreement import span_keys
from service.inference.encode import EncodedBatch, encode_texts
from service.inference.spans import read_spans
from service.inference.tier import EngineSettings, Tier, TierLogits
from service.normalize import normalize
from service.normalized import NormalizedText
from service.result import FieldSpan
from service.ticket import Ticket

_READ_AT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class EncodedTickets:
    """Tickets with their normalised texts and their rows of model input."""

    tickets: tuple[LabelledTicket, ...]
    texts: tuple[NormalizedText, ...]
    batch: EncodedBatch


@dataclass(frozen=True, slots=True)
class TicketLogits:
    """Logits (float64) of ``n`` tickets: [n, labels] by head, and [tokens, tags] of each ticket."""

    heads: dict[str, Floats]
    tags: tuple[Floats, ...]


@dataclass(frozen=True, slots=True)
class TierScaling:
    """What turns a graph's logits into probabilities, and which spans are kept."""

    heads: dict[str, Scaling]
    tag_temperature: float
    keep_above: float


@dataclass(frozen=True, slots=True)
class Decisions:
    """What a tier says of ``n`` tickets: label number and confidence by head (``tagger``: confidence only), and spans.

    Confidences are rounded down to four digits, so that one at a cut is at it in float32 too.
    """

    labels: dict[str, NDArray[np.int64]]
    confidences: dict[str, Floats]
    spans: tuple[tuple[FieldSpan, ...], ...]


def encode_tickets(tickets: Sequence[LabelledTicket], teacher: Teacher) -> EncodedTickets:
    """Rows of all tickets, as the service makes them."""
    texts = tuple(normalize(ticket.subject, ticket.body) for ticket in tickets)
    return EncodedTickets(tuple(tickets), texts, encode_texts(teacher.tokenizer, texts, teacher.limits))


def open_tier(graph: Path, teacher: Teacher, threads: int) -> Tier:
    """A graph with the teacher's labels as the service opens it; raises `ModelError` where it does not fit them."""
    special_ids = (teacher.tokenizer.token_to_id("[CLS]"), teacher.tokenizer.token_to_id("[SEP]"))
    widths = [len(getattr(teacher.labels, name)) for name in (*HEADS, "tags")]
    return Tier(graph, widths, special_ids, EngineSettings(threads=threads))


def asked(tier: Tier, encoded: EncodedTickets) -> TicketLogits:
    """The graph's logits of every ticket."""
    return ticket_logits(tier.run(encoded.batch, encoded.batch.rows))


def ticket_logits(logits: TierLogits) -> TicketLogits:
    """The same in float64, as calibration reads them."""
    heads = {name: values.astype(np.float64) for name, values in logits.labels.items()}
    return TicketLogits(heads, tuple(tags.astype(np.float64) for tags in logits.tags))


def manifest_scaling(manifest: dict[str, Any]) -> TierScaling:
    """The scaling that a manifest says."""
    heads = {}
    for name in HEADS:
        head = manifest[name]
        biases = tuple(head.get("biases") or (0.0,) * len(head["labels"]))
        heads[name] = Scaling(head["temperature"], biases)
    tagger = manifest["tagger"]
    return TierScaling(heads, tagger["temperature"], tagger.get("keep_above", 0.0))


def decide(
    encoded: EncodedTickets, logits: TicketLogits, scaling: TierScaling, field_types: Sequence[str]
) -> Decisions:
    """Labels, confidences and spans; the tagger is as sure of a ticket as of its least sure token."""
    chances = {name: probabilities(logits.heads[name], scaling.heads[name]) for name in HEADS}
    confidences = {name: rounded_down(values.max(axis=1)) for name, values in chances.items()}
    no_biases = Scaling(scaling.tag_temperature, (0.0,) * (1 + 2 * len(field_types)))
    tag_chances = [probabilities(tags, no_biases) if len(tags) else tags for tags in logits.tags]
    confidences["tagger"] = rounded_down(
        np.array([values.max(axis=1).min() if len(values) else 1.0 for values in tag_chances])
    )
    spans = tuple(
        read_spans(text.text, tokens, values.astype(np.float32), field_types, scaling.keep_above)
        for text, tokens, values in zip(encoded.texts, encoded.batch.texts, tag_chances, strict=True)
    )
    return Decisions({name: values.argmax(axis=1) for name, values in chances.items()}, confidences, spans)


def agreements(one: Decisions, other: Decisions) -> dict[str, NDArray[np.bool_]]:
    """For each head whether two tiers say the same of each ticket; the tagger: exactly the same spans."""
    same = {name: one.labels[name] == other.labels[name] for name in HEADS}
    same["tagger"] = np.array(
        [span_keys(mine) == span_keys(theirs) for mine, theirs in zip(one.spans, other.spans, strict=True)]
    )
    return same


def field_keys(encoded: EncodedTickets, spans: Sequence[Sequence[FieldSpan]]) -> list[list[SpanKey]]:
    """The fields that the service would find with these model spans, patterns merged in, on the text as received."""
    found = []
    for number, (row, text, own) in enumerate(zip(encoded.tickets, encoded.texts, spans, strict=True)):
        ticket = Ticket(ticket_id=str(number), subject=row.subject, body=row.body)
        fields = extract_fields(ticket, text, own, _READ_AT)
        found.append([SpanKey(field.start, field.end, field.type) for field in fields])
    return found
