"""In: labelled tickets and a decider whose answers are known. Out: an evaluation whose figures follow by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import cast

import pytest

from service.decide import Decider, Understanding
from service.evaluation.data import LabelledTicket, Span
from service.evaluation.evaluate import evaluate
from service.result import CategoryResult, ExtractedField, Label, SentimentResult
from service.ticket import Ticket


class Known:
    """Answers with the first word of the body as the category, 0.9 sure; finds one order number at 0 to 4."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def understand(self, tickets: Sequence[Ticket]) -> list[Understanding]:
        self.batches.append(len(tickets))
        return [self._answer(ticket) for ticket in tickets]

    @staticmethod
    def _answer(ticket: Ticket) -> Understanding:
        label = ticket.body.split()[0]
        return Understanding(
            category=CategoryResult(label, 0.9, {label: 0.9, "other": 0.9 if label == "other" else 0.1}, None),
            sentiment=SentimentResult("neutral", 0.8, 0.0),
            urgency=Label("normal", 0.7),
            language=Label("en", 0.9),
            fields=(ExtractedField("order_id", ticket.text[:4], None, 0, 4, 0.9, "pattern"),),
            truncated=False,
            review_reasons=(),
            tiers={"category": "fast" if label == "billing" else "full"},
        )


def row(body: str, category: str | None, **known: object) -> LabelledTicket:
    return LabelledTicket(None, body, "test", category, **known)  # type: ignore[arg-type]


def decider() -> Decider:
    return cast(Decider, Known())


def test_evaluate_counts_each_part_over_the_rows_that_have_its_label() -> None:
    rows = [
        row("billing x", "billing", sentiment="negative", spans=(Span(2, 6, "order_id"),)),
        row("billing x", "refund", urgency="normal"),
        row("refund x", "refund"),
        row("other x", None),
    ]

    figures = evaluate(decider(), rows)

    assert figures.rows == 4
    assert figures.category is not None
    assert figures.category.rows == 3
    assert figures.category.accuracy == pytest.approx(2 / 3)
    assert figures.sentiment is not None
    assert (figures.sentiment.rows, figures.sentiment.accuracy) == (1, 0.0)
    assert figures.urgency is not None
    assert (figures.urgency.rows, figures.urgency.accuracy) == (1, 1.0)
    assert figures.fields is not None
    assert (figures.fields.micro_f1, figures.fields.exact_micro_f1) == (1.0, 0.0)


def test_evaluate_parts_without_labels_are_none() -> None:
    figures = evaluate(decider(), [row("billing x", None)])

    assert (figures.category, figures.sentiment, figures.urgency, figures.fields) == (None, None, None, None)
    assert (figures.coverage, figures.out_of_scope, figures.groups) == ((), None, ())


def test_evaluate_out_of_scope_is_told_from_the_rest() -> None:
    rows = [row("other x", "other"), row("billing x", "other"), row("billing x", "billing"), row("other x", "refund")]

    outside = evaluate(decider(), rows).out_of_scope

    assert outside is not None
    assert (outside.rows, outside.recall, outside.in_scope_kept, outside.area_under_roc) == (2, 0.5, 0.5, 0.5)


def test_evaluate_groups_of_five_rows_and_more_are_reported() -> None:
    rows = [row("billing x", "billing", language="en")] * 4 + [row("refund x", "billing", language="en")]
    rows += [row("billing x", "billing", language="de")] * 4

    groups = evaluate(decider(), rows).groups

    assert [(g.group, g.rows, g.accuracy) for g in groups if g.dimension == "language"] == [("en", 5, 0.8)]


def test_evaluate_many_rows_are_answered_in_bounded_batches() -> None:
    known = Known()

    evaluate(cast(Decider, known), [row("billing x", "billing")] * 600)

    assert known.batches == [256, 256, 88]


def test_evaluate_speed_is_rows_by_the_time_that_the_decider_took() -> None:
    times = iter([10.0, 12.0])

    assert evaluate(decider(), [row("billing x", "billing")] * 8, lambda: next(times)).tickets_per_s == 4.0


def test_evaluate_share_of_the_fast_tier_is_counted_by_head() -> None:
    rows = [row("billing x", "billing")] * 3 + [row("refund x", "refund")]

    assert evaluate(decider(), rows).fast_share == {"category": 0.75}


def test_evaluate_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no rows"):
        evaluate(decider(), [])


def test_evaluation_json_is_plain_data_with_short_figures() -> None:
    document = evaluate(decider(), [row("billing x", "billing"), row("refund x", "billing"), row("a b", "a")]).to_json()

    assert document["category"]["accuracy"] == 0.6667
    assert json.loads(json.dumps(document)) == json.loads(json.dumps(document, allow_nan=False))
