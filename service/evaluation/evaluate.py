"""In: a decider and labelled tickets. Out: an `Evaluation`: labels, fields, confidences, groups, tickets a second."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from service.decide import Decider, Understanding
from service.evaluation.data import LabelledTicket
from service.evaluation.field_metrics import FieldFigures, SpanKey, field_figures
from service.evaluation.metrics import HeadFigures, area_under_roc, coverage_at_precision, head_figures
from service.ticket import Ticket

OUT_OF_SCOPE = "other"
_BATCH_TICKETS = 256
_MIN_GROUP_ROWS = 5


@dataclass(frozen=True, slots=True)
class Coverage:
    """The share of rows that can be decided without a person at this precision, as measured on these rows."""

    target_precision: float
    coverage: float
    threshold: float


@dataclass(frozen=True, slots=True)
class OutOfScope:
    """How well tickets that no support desk handles are told from the others, with `other` as the sign."""

    rows: int
    recall: float
    in_scope_kept: float
    area_under_roc: float | None


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """Category accuracy within one group of tickets, for the fairness report."""

    dimension: str
    group: str
    rows: int
    accuracy: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything measured; a part whose labels the data does not have is None.

    ``fast_share`` is the share of rows whose answer, head by head, came from the fast tier.
    """

    rows: int
    tickets_per_s: float
    category: HeadFigures | None
    sentiment: HeadFigures | None
    urgency: HeadFigures | None
    fields: FieldFigures | None
    coverage: tuple[Coverage, ...]
    out_of_scope: OutOfScope | None
    groups: tuple[GroupFigures, ...]
    fast_share: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        """Plain data with every figure rounded to four digits."""
        rounded: dict[str, Any] = _rounded(asdict(self))
        return rounded


def evaluate(
    decider: Decider, rows: Sequence[LabelledTicket], monotonic: Callable[[], float] = time.monotonic
) -> Evaluation:
    """Run every row through the decider and compare; raises `ValueError` where there is no row."""
    if not rows:
        raise ValueError("nothing to evaluate: the data has no rows")
    tickets = [Ticket(ticket_id=str(number), subject=row.subject, body=row.body) for number, row in enumerate(rows)]
    started_s = monotonic()
    answers: list[Understanding] = []
    for start in range(0, len(tickets), _BATCH_TICKETS):
        answers += decider.understand(tickets[start : start + _BATCH_TICKETS])
    elapsed_s = monotonic() - started_s
    pairs = list(zip(rows, answers, strict=True))
    categorized = [(row, answer) for row, answer in pairs if row.category is not None]
    return Evaluation(
        rows=len(rows),
        tickets_per_s=len(rows) / elapsed_s if elapsed_s > 0 else 0.0,
        category=_head(pairs, "category"),
        sentiment=_head(pairs, "sentiment"),
        urgency=_head(pairs, "urgency"),
        fields=_fields(pairs),
        coverage=_coverage(categorized),
        out_of_scope=_out_of_scope(categorized),
        groups=_groups(categorized),
        fast_share=_fast_share(answers),
    )


_Pairs = Sequence[tuple[LabelledTicket, Understanding]]


def _head(pairs: _Pairs, name: str) -> HeadFigures | None:
    known = [(getattr(row, name), getattr(answer, name)) for row, answer in pairs if getattr(row, name) is not None]
    if not known:
        return None
    return head_figures(
        [truth for truth, _ in known], [answer.label for _, answer in known], [answer.confidence for _, answer in known]
    )


def _fields(pairs: _Pairs) -> FieldFigures | None:
    known = [(row.spans, answer.fields) for row, answer in pairs if row.spans is not None]
    if not known:
        return None
    return field_figures(
        [[SpanKey(span.start, span.end, span.type) for span in spans] for spans, _ in known],
        [[SpanKey(field.start, field.end, field.type) for field in fields] for _, fields in known],
    )


def _coverage(pairs: _Pairs) -> tuple[Coverage, ...]:
    if not pairs:
        return ()
    confidences = np.array([answer.category.confidence for _, answer in pairs])
    correct = np.array([row.category == answer.category.label for row, answer in pairs])
    return tuple(
        Coverage(target, *coverage_at_precision(confidences, correct, target)) for target in (0.90, 0.95, 0.98, 0.99)
    )


def _out_of_scope(pairs: _Pairs) -> OutOfScope | None:
    outside = np.array([row.category == OUT_OF_SCOPE for row, _ in pairs], bool)
    if not outside.any():
        return None
    said_outside = np.array([answer.category.label == OUT_OF_SCOPE for _, answer in pairs])
    scores = np.array([answer.category.scores.get(OUT_OF_SCOPE, 0.0) for _, answer in pairs])
    return OutOfScope(
        rows=int(outside.sum()),
        recall=float(said_outside[outside].mean()),
        in_scope_kept=float((~said_outside[~outside]).mean()) if (~outside).any() else 1.0,
        area_under_roc=area_under_roc(scores, outside),
    )


def _fast_share(answers: Sequence[Understanding]) -> dict[str, float]:
    heads = dict.fromkeys(head for answer in answers for head in answer.tiers)
    return {head: sum(answer.tiers[head] == "fast" for answer in answers) / len(answers) for head in heads}


def _groups(pairs: _Pairs) -> tuple[GroupFigures, ...]:
    dimensions: dict[str, Callable[[LabelledTicket], str | None]] = {
        "language": lambda row: row.language,
        "channel": lambda row: row.channel,
        "trade": lambda row: row.trade,
        "length": lambda row: _length_group(row.text),
    }
    figures = []
    for dimension, group_of in dimensions.items():
        members: dict[str, list[bool]] = {}
        for row, answer in pairs:
            group = group_of(row)
            if group is not None:
                members.setdefault(group, []).append(row.category == answer.category.label)
        figures += [
            GroupFigures(dimension, group, len(right), sum(right) / len(right))
            for group, right in sorted(members.items())
            if len(right) >= _MIN_GROUP_ROWS
        ]
    return tuple(figures)


def _length_group(text: str) -> str:
    words = len(text.split())
    return next(
        name
        for limit, name in ((25, "under 25 words"), (90, "25-89 words"), (10**9, "90 words or more"))
        if words < limit
    )


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value
