"""In: labelled tickets and two deciders whose answers are known. Out: losses that follow by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import pytest

from service.bench.quality import measure_quality, read_categorized
from service.decide import Decider, Understanding
from service.errors import ConfigurationError
from service.evaluation.data import LabelledTicket, Span
from service.result import CategoryResult, ExtractedField, Label, SentimentResult
from service.ticket import Ticket

ORDER = ExtractedField("order_id", "A-1", None, 0, 3, 0.9, "pattern")


class Known:
    """Says of each body what a function says, always 0.9 sure, and finds an order number where it should."""

    def __init__(self, category_of: Callable[[str], str], *, finds_orders: bool) -> None:
        self._category_of, self._finds_orders = category_of, finds_orders

    def understand(self, tickets: Sequence[Ticket]) -> list[Understanding]:
        return [self._answer(self._category_of(ticket.body)) for ticket in tickets]

    def _answer(self, label: str) -> Understanding:
        return Understanding(
            category=CategoryResult(label, 0.9, {label: 0.9}, None),
            sentiment=SentimentResult("neutral", 0.8, 0.0),
            urgency=Label("normal", 0.7),
            language=Label("en", 0.9),
            fields=(ORDER,) if self._finds_orders else (),
            truncated=False,
            review_reasons=(),
            tiers={"category": "full"},
        )


def decider(category_of: Callable[[str], str], *, finds_orders: bool = True) -> Decider:
    return cast(Decider, Known(category_of, finds_orders=finds_orders))


def rows(count: int = 200) -> list[LabelledTicket]:
    """Half `refund`, half `billing`; the body is the label."""
    labels = ["refund", "billing"] * (count // 2)
    return [
        LabelledTicket(None, label, "test", label, sentiment="neutral", spans=(Span(0, 3, "order_id"),))
        for label in labels
    ]


def test_quality_of_one_decider_has_no_loss() -> None:
    perfect = decider(str)

    quality = measure_quality(rows(), perfect, perfect)

    assert quality.loss_points == {"category": 0.0, "sentiment": 0.0, "fields": 0.0}
    assert quality.f1["category"] == 1.0
    assert quality.accepted is not None
    assert quality.accepted.coverage == 1.0


def test_quality_loss_is_that_of_the_tiers_against_the_full_tier_in_points() -> None:
    full = decider(str)
    cascade = decider(lambda _: "refund", finds_orders=False)

    quality = measure_quality(rows(), cascade, full)

    # F1 of refund 2/3, of billing 0.
    assert quality.loss_points["category"] == pytest.approx(66.67)
    assert quality.loss_points["fields"] == 100.0
    assert quality.accepted is None


@pytest.mark.parametrize("content", ["", '{"body": "x", "sentiment": "neutral"}\n'])
def test_read_categorized_refuses_a_file_without_categories(tmp_path: Path, content: str) -> None:
    file = tmp_path / "tickets.jsonl"
    file.write_text(content, encoding="utf-8")

    with pytest.raises(ConfigurationError, match="no ticket has a category"):
        read_categorized(file)
