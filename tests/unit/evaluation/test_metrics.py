"""In: labels and confidences worked out by hand. Out: the measures that they must give."""

from __future__ import annotations

import numpy as np
import pytest

from service.evaluation.field_metrics import SpanKey, field_figures, matched_types
from service.evaluation.metrics import area_under_roc, calibration_error, coverage_at_precision, head_figures


def test_head_figures_of_a_small_table() -> None:
    figures = head_figures(["a", "a", "b", "b"], ["a", "b", "b", "b"], [1.0, 1.0, 1.0, 1.0])

    first, second = figures.classes
    assert figures.accuracy == 0.75
    assert (first.precision, first.recall, first.f1) == pytest.approx((1, 0.5, 2 / 3))
    assert (second.precision, second.recall, second.f1) == pytest.approx((2 / 3, 1, 0.8))
    assert figures.macro_f1 == pytest.approx((2 / 3 + 0.8) / 2)
    assert figures.calibration_error == pytest.approx(0.25)


def test_head_figures_label_that_only_the_model_says_counts_in_f1_and_not_in_recall() -> None:
    figures = head_figures(["a", "a"], ["a", "c"], [0.5, 0.5])

    assert figures.macro_recall == 0.5
    assert figures.macro_f1 == pytest.approx((2 / 3 + 0) / 2)


def test_calibration_error_of_confidences_that_are_right_is_zero() -> None:
    correct = np.array([True] * 3 + [False])

    assert calibration_error(np.full(4, 0.75), correct) == pytest.approx(0)


def test_calibration_error_full_confidence_falls_in_the_last_bin() -> None:
    assert calibration_error(np.array([1.0, 0.95]), np.array([True, True])) == pytest.approx(0.025)


def test_coverage_at_precision_takes_the_largest_part_that_is_right_often_enough() -> None:
    confidences, correct = np.array([0.6, 0.9, 0.8, 0.7]), np.array([False, True, False, True])

    assert coverage_at_precision(confidences, correct, 0.6) == (0.75, 0.7)
    assert coverage_at_precision(confidences, correct, 0.9) == (0.25, 0.9)


def test_coverage_at_precision_that_no_row_reaches_is_nothing() -> None:
    assert coverage_at_precision(np.array([0.9, 0.8]), np.array([False, True]), 0.9) == (0.0, 1.0)


def test_coverage_at_precision_rows_of_equal_confidence_stand_together() -> None:
    assert coverage_at_precision(np.array([0.9, 0.9]), np.array([True, False]), 0.9) == (0.0, 1.0)


def test_area_under_roc_counts_ties_half() -> None:
    positive = np.array([True, True, False, False])

    assert area_under_roc(np.array([0.9, 0.5, 0.5, 0.1]), positive) == pytest.approx(3.5 / 4)
    assert area_under_roc(np.array([0.9, 0.5]), np.array([True, True])) is None


def test_matched_types_overlap_of_the_same_type_is_right_and_counts_once() -> None:
    truth = [SpanKey(0, 10, "date"), SpanKey(20, 30, "amount")]

    found = [SpanKey(0, 4, "date"), SpanKey(5, 9, "date"), SpanKey(29, 35, "amount"), SpanKey(10, 12, "date")]

    assert matched_types(truth, found) == ["date", "amount"]


def test_matched_types_other_type_or_mere_touch_is_wrong() -> None:
    assert matched_types([SpanKey(0, 10, "date")], [SpanKey(0, 10, "amount"), SpanKey(10, 12, "date")]) == []


def test_field_figures_are_micro_averaged_over_tickets() -> None:
    truth = [[SpanKey(0, 4, "date")], [SpanKey(0, 4, "date"), SpanKey(8, 9, "amount")]]

    figures = field_figures(truth, [[SpanKey(0, 4, "date")], [SpanKey(2, 6, "date")]])

    assert (figures.spans, figures.precision, figures.recall) == pytest.approx((3, 1, 2 / 3))
    assert figures.micro_f1 == pytest.approx(0.8)
    assert figures.exact_micro_f1 == pytest.approx(2 * 1 / (2 + 3))
    assert [(item.label, item.support) for item in figures.types] == [("amount", 1), ("date", 2)]


def test_field_figures_nothing_to_find_and_nothing_found_is_zero_and_no_error() -> None:
    assert field_figures([[]], [[]]).micro_f1 == 0.0
