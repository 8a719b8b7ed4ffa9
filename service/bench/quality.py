"""In: labelled tickets, a decider with all tiers and one with the full tier. Out: what the fast tier costs in quality.

Losses are in points (hundredths of F1): the full tier's figure minus that of the tiers together, below zero where these
are better. Raises `ConfigurationError` where no ticket has a category.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from service.bench.accepted import Acceptance, widest_acceptance
from service.decide import Decider, Understanding
from service.errors import ConfigurationError
from service.evaluation.data import LabelledTicket, read_labelled
from service.evaluation.field_metrics import SpanKey, field_figures
from service.evaluation.metrics import head_figures
from service.ticket import Ticket

ACCEPTED_ERROR_TARGET = 0.02
_BATCH_TICKETS = 256
_LABEL_HEADS = ("category", "sentiment", "urgency")


@dataclass(frozen=True, slots=True)
class Quality:
    """F1 of the model as it ships, by head (macro; ``fields``: micro, by overlap), and the points lost by its tiers.

    A head that no ticket has a label of is missing. ``accepted`` is about the category.
    """

    rows: int
    f1: dict[str, float]
    loss_points: dict[str, float]
    accepted: Acceptance | None


def read_categorized(path: Path) -> list[LabelledTicket]:
    """Labelled tickets. Raises `ConfigurationError` where none of them has a category."""
    rows = list(read_labelled(path))
    if not any(row.category for row in rows):
        raise ConfigurationError(f"{path}: no ticket has a category")
    return rows


def measure_quality(rows: Sequence[LabelledTicket], cascade: Decider, full: Decider) -> Quality:
    """Compare the two on the same rows, of which some have a category; they may be the same decider."""
    shipped = _understand(cascade, rows)
    reference = shipped if full is cascade else _understand(full, rows)
    f1, reference_f1 = _f1(rows, shipped), _f1(rows, reference)
    known = [(row, answer) for row, answer in zip(rows, shipped, strict=True) if row.category is not None]
    return Quality(
        rows=len(rows),
        f1={head: round(value, 4) for head, value in f1.items()},
        loss_points={head: round(100 * (reference_f1[head] - value), 2) for head, value in f1.items()},
        accepted=widest_acceptance(
            np.array([answer.category.confidence for _, answer in known]),
            np.array([answer.category.label == row.category for row, answer in known]),
            ACCEPTED_ERROR_TARGET,
        ),
    )


def _understand(decider: Decider, rows: Sequence[LabelledTicket]) -> list[Understanding]:
    tickets = [Ticket(ticket_id=str(number), subject=row.subject, body=row.body) for number, row in enumerate(rows)]
    answers: list[Understanding] = []
    for start in range(0, len(tickets), _BATCH_TICKETS):
        answers += decider.understand(tickets[start : start + _BATCH_TICKETS])
    return answers


def _f1(rows: Sequence[LabelledTicket], answers: Sequence[Understanding]) -> dict[str, float]:
    pairs = list(zip(rows, answers, strict=True))
    f1: dict[str, float] = {}
    for head in _LABEL_HEADS:
        known = [(getattr(row, head), getattr(answer, head)) for row, answer in pairs if getattr(row, head)]
        if known:
            truth, said = [label for label, _ in known], [answer.label for _, answer in known]
            f1[head] = head_figures(truth, said, [answer.confidence for _, answer in known]).macro_f1
    marked = [(row.spans, answer.fields) for row, answer in pairs if row.spans is not None]
    if marked:
        f1["fields"] = field_figures(
            [[SpanKey(span.start, span.end, span.type) for span in spans] for spans, _ in marked],
            [[SpanKey(field.start, field.end, field.type) for field in fields] for _, fields in marked],
        ).micro_f1
    return f1
