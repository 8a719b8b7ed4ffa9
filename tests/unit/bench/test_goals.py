"""In: figures of a run. Out: goals that say what is reached, and None for what is not, never an estimate."""

from __future__ import annotations

import pytest

from service.bench.accepted import Acceptance
from service.bench.goals import Footprint, Goal, SetRatios, goals, headline
from service.bench.quality import Quality

FOOTPRINT = Footprint(model_mb=35.0, worker_rss_mb=300.0, ready_s=1.5)
SAMPLE = SetRatios(same_outputs=1.8, largest_difference=1e-6, naive_service_to_cascade=9.0, cpu_outside_model_share=0.2)
CFPB = SetRatios(same_outputs=1.3, largest_difference=1e-5, naive_service_to_cascade=8.0, cpu_outside_model_share=0.1)


def quality(category: float, fields: float | None) -> Quality:
    loss = {"category": category} | ({} if fields is None else {"fields": fields})
    return Quality(rows=300, f1={}, loss_points=loss, accepted=Acceptance(0.85, 0.9, 255, 1, 0.0185))


def test_headline_of_several_sets_takes_the_one_that_does_worst() -> None:
    figures = headline([SAMPLE, CFPB], quality(0.1, 0.5), FOOTPRINT)

    assert figures.ratio_same_outputs == 1.3
    assert figures.ratio_at_0_3_points == 8.0
    assert figures.cpu_outside_model_share == 0.2
    assert (figures.coverage, figures.accepted_error_bound) == (0.85, 0.0185)


@pytest.mark.parametrize(
    ("category", "fields", "at_0_3", "at_1"),
    [
        (-0.4, 1.0, True, True),
        (0.3, 2.0, True, True),
        (0.31, 2.0, False, True),
        (1.01, 0.0, False, False),
        (0.2, 2.01, True, False),
        (0.2, None, True, False),
    ],
)
def test_headline_ratio_counts_only_within_its_loss(
    category: float, fields: float | None, at_0_3: bool, at_1: bool
) -> None:
    figures = headline([SAMPLE], quality(category, fields), FOOTPRINT)

    assert (figures.ratio_at_0_3_points is not None, figures.ratio_at_1_point is not None) == (at_0_3, at_1)


def test_headline_without_labelled_tickets_has_no_losses_and_no_ratio_at_a_loss() -> None:
    figures = headline([SAMPLE], None, FOOTPRINT)

    assert figures.ratio_same_outputs == 1.8
    assert (figures.ratio_at_0_3_points, figures.ratio_at_1_point) == (None, None)
    assert (figures.category_loss_points, figures.fields_loss_points) == (None, None)
    assert (figures.coverage, figures.accepted_error_bound) == (None, None)


def test_headline_where_outputs_differ_has_no_same_outputs_ratio() -> None:
    different = SetRatios(1.8, 2e-4, 9.0, 0.2)

    assert headline([SAMPLE, different], None, FOOTPRINT).ratio_same_outputs is None


@pytest.mark.parametrize(
    ("goal", "reached"),
    [
        (Goal("x", 4, 7, 7.0), "ambitious"),
        (Goal("x", 4, 7, 6.9), "firm"),
        (Goal("x", 4, 7, 3.9), "no"),
        (Goal("x", 4, 7, None), "no"),
        (Goal("x", 4, 7, None, tried=False), "not measured"),
        (Goal("x", 0.25, 0.12, 0.12, at_most=True), "ambitious"),
        (Goal("x", 0.25, 0.12, 0.2, at_most=True), "firm"),
        (Goal("x", 3, None, 0.1, at_most=True), "firm"),
        (Goal("x", 3, None, 3.1, at_most=True), "no"),
    ],
)
def test_goal_is_reached_in_the_strictest_column_that_holds(goal: Goal, reached: str) -> None:
    assert goal.reached == reached


def test_goals_without_labels_say_what_is_missing() -> None:
    rows = goals(headline([SAMPLE], None, FOOTPRINT), is_labelled=False)

    missing = {goal.note for goal in rows if goal.reached == "not measured"}
    assert "needs --labelled" in missing
    assert len(rows) == 10


def test_goals_with_too_large_a_loss_are_not_met_and_say_the_loss() -> None:
    rows = goals(headline([SAMPLE], quality(2.5, 0.5), FOOTPRINT), is_labelled=True)

    ratios = [goal for goal in rows if "naive service" in goal.name]
    assert [(goal.measured, goal.reached) for goal in ratios] == [(None, "no"), (None, "no")]
    assert all("2.5 points" in goal.note for goal in ratios)
