"""In: trained students and their teacher. Out: what each costs and how good it is, on one table, and which one wins.

Quality is measured on the dev tickets, cost on the same tickets: all candidates take turns in one run, on one thread,
and the median of their turns counts, in CPU time, so that a busy machine disturbs all alike. The winner is the student
with which a ticket costs least in the end, those included that go on to the teacher.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.training.distil.cuts import FastTier, unsure_of
from models.training.distil.measure import (
    Decisions,
    EncodedTickets,
    agreements,
    field_keys,
)
from models.training.labels import LabelSet
from models.training.network import HEADS
from service.evaluation.field_metrics import SpanKey, field_figures
from service.evaluation.metrics import head_figures
from service.inference.tier import Tier

_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Quality:
    """Macro-F1 of each classification head, and micro-F1 of the fields with patterns merged in, by overlap."""

    category: float
    sentiment: float
    urgency: float
    fields: float


@dataclass(frozen=True, slots=True)
class CandidateFigures:
    """One line of the table. ``agreement`` and ``asked_again`` are shares of the dev tickets by head.

    ``expected_us`` is CPU time a ticket where this is the fast tier and unsure tickets go on to the teacher; ``tier``
    is None for the teacher itself.
    """

    name: str
    mflop_per_token: float
    cpu_us_per_ticket: float
    megabytes: float
    alone: Quality
    agreement: dict[str, float]
    cascade: Quality
    asked_again: dict[str, float]
    expected_us: float
    tier: FastTier | None


@dataclass(frozen=True, slots=True)
class Costs:
    """What a graph costs, beside the teacher's time, and the names of the labels."""

    mflop_per_token: float
    cpu_us_per_ticket: float
    megabytes: float
    teacher_us_per_ticket: float
    names: LabelSet


def cpu_us_per_ticket(tiers: dict[str, Tier], encoded: EncodedTickets) -> dict[str, float]:
    """Median CPU microseconds a ticket of each tier, padding included; each runs once before anything is timed."""
    turns: dict[str, list[float]] = {name: [] for name in tiers}
    for tier in tiers.values():
        _run(tier, encoded)
    for _ in range(_ROUNDS):
        for name, tier in tiers.items():
            turns[name].append(_run(tier, encoded) * 1e6 / len(encoded.tickets))
    return {name: statistics.median(times) for name, times in turns.items()}


def quality(
    encoded: EncodedTickets,
    labels: dict[str, NDArray[np.int64]],
    fields: Sequence[Sequence[SpanKey]],
    names: LabelSet,
) -> Quality:
    """Figures of these answers on tickets with every label; fields on those of them whose spans are marked."""
    scores = {}
    for head in HEADS:
        known = getattr(names, head)
        truth = [getattr(ticket, head) for ticket in encoded.tickets]
        scores[head] = head_figures(truth, [known[index] for index in labels[head]], [1.0] * len(truth)).macro_f1
    marked = [
        ([SpanKey(span.start, span.end, span.type) for span in ticket.spans], found)
        for ticket, found in zip(encoded.tickets, fields, strict=True)
        if ticket.spans is not None
    ]
    return Quality(
        **scores, fields=field_figures([right for right, _ in marked], [found for _, found in marked]).micro_f1
    )


def student_figures(
    name: str, encoded: EncodedTickets, fast: Decisions, full: Decisions, tier: FastTier, costs: Costs
) -> CandidateFigures:
    """A student's line: alone, beside its teacher, and as the fast tier before it."""
    unsure = unsure_of(fast, tier.cuts)
    labels = {head: np.where(unsure[head], full.labels[head], fast.labels[head]) for head in HEADS}
    fast_fields, full_fields = field_keys(encoded, fast.spans), field_keys(encoded, full.spans)
    fields = [
        theirs if again else own for own, theirs, again in zip(fast_fields, full_fields, unsure["tagger"], strict=True)
    ]
    return CandidateFigures(
        name=name,
        mflop_per_token=costs.mflop_per_token,
        cpu_us_per_ticket=costs.cpu_us_per_ticket,
        megabytes=costs.megabytes,
        alone=quality(encoded, fast.labels, fast_fields, costs.names),
        agreement={head: float(same.mean()) for head, same in agreements(fast, full).items()},
        cascade=quality(encoded, labels, fields, costs.names),
        asked_again={head: float(again.mean()) for head, again in unsure.items()}
        | {"any": float(np.logical_or.reduce(list(unsure.values())).mean())},
        expected_us=costs.cpu_us_per_ticket + tokens_going_on(encoded, unsure) * costs.teacher_us_per_ticket,
        tier=tier,
    )


def teacher_figures(encoded: EncodedTickets, full: Decisions, costs: Costs) -> CandidateFigures:
    """The teacher's own line."""
    own = quality(encoded, full.labels, field_keys(encoded, full.spans), costs.names)
    heads = (*HEADS, "tagger")
    return CandidateFigures(
        name="teacher",
        mflop_per_token=costs.mflop_per_token,
        cpu_us_per_ticket=costs.cpu_us_per_ticket,
        megabytes=costs.megabytes,
        alone=own,
        agreement=dict.fromkeys(heads, 1.0),
        cascade=own,
        asked_again=dict.fromkeys((*heads, "any"), 0.0),
        expected_us=costs.cpu_us_per_ticket,
        tier=None,
    )


def winner(students: Sequence[CandidateFigures], teacher_megabytes: float, most_megabytes: float) -> CandidateFigures:
    """The student with the least expected time among those that fit beside the teacher; the smallest if none does."""
    fitting = [student for student in students if teacher_megabytes + student.megabytes <= most_megabytes]
    if not fitting:
        return min(students, key=lambda student: student.megabytes)
    return min(fitting, key=lambda student: student.expected_us)


def tokens_going_on(encoded: EncodedTickets, unsure: dict[str, NDArray[np.bool_]]) -> float:
    """The share of the tokens of all rows that the teacher reads too, by the service's rule."""
    any_label = np.logical_or.reduce([unsure[name] for name in HEADS])
    rows = encoded.batch.rows
    goes_on = [unsure["tagger"][row.text_index] or (row.for_labels and any_label[row.text_index]) for row in rows]
    lengths = np.array([len(row.positions) + 2 for row in rows])
    return float(lengths[np.array(goes_on, bool)].sum() / lengths.sum())


def _run(tier: Tier, encoded: EncodedTickets) -> float:
    """CPU seconds of this process for all rows."""
    started = time.process_time()
    tier.run(encoded.batch, encoded.batch.rows)
    return time.process_time() - started
