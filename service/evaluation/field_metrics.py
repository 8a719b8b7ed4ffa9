"""In: right and found field spans of each ticket. Out: precision, recall and F1, by overlap and exact, and by type.

A found span is right where it overlaps a right one of the same type; each right span is matched once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from service.evaluation.metrics import ClassFigures, precision_recall_f1


@dataclass(frozen=True, slots=True, order=True)
class SpanKey:
    """A span to compare: characters ``start`` to ``end`` (exclusive), and its type."""

    start: int
    end: int
    type: str


@dataclass(frozen=True, slots=True)
class FieldFigures:
    """All field types together (micro), and each by itself."""

    spans: int
    precision: float
    recall: float
    micro_f1: float
    exact_micro_f1: float
    types: tuple[ClassFigures, ...]


def field_figures(truth: Sequence[Sequence[SpanKey]], found: Sequence[Sequence[SpanKey]]) -> FieldFigures:
    """Measure the found spans against the right ones, ticket by ticket."""
    support: Counter[str] = Counter()
    claimed: Counter[str] = Counter()
    right: Counter[str] = Counter()
    exact = 0
    for right_spans, found_spans in zip(truth, found, strict=True):
        support.update(span.type for span in right_spans)
        claimed.update(span.type for span in found_spans)
        right.update(matched_types(right_spans, found_spans))
        exact += len(set(right_spans) & set(found_spans))
    total_right, total_claimed, total_support = right.total(), claimed.total(), support.total()
    precision, recall, f1 = precision_recall_f1(total_right, total_claimed, total_support)
    return FieldFigures(
        spans=total_support,
        precision=precision,
        recall=recall,
        micro_f1=f1,
        exact_micro_f1=precision_recall_f1(exact, total_claimed, total_support)[2],
        types=tuple(
            ClassFigures(name, support[name], *precision_recall_f1(right[name], claimed[name], support[name]))
            for name in sorted(support | claimed)
        ),
    )


def matched_types(truth: Sequence[SpanKey], found: Sequence[SpanKey]) -> list[str]:
    """The types of the found spans that are right."""
    free = sorted(truth)
    matched = []
    for span in sorted(found):
        for candidate in free:
            if candidate.type == span.type and candidate.start < span.end and span.start < candidate.end:
                matched.append(span.type)
                free.remove(candidate)
                break
    return matched
