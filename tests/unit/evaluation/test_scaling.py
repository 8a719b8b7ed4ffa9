"""In: confidences and whether each answer was right; logits. Out: cuts whose bound holds, or none; scalings."""

from __future__ import annotations

import numpy as np
import pytest

from service.evaluation.scaling import (
    Scaling,
    follow,
    guaranteed_cut,
    guaranteed_loss_cut,
    probabilities,
    upper_error_bound,
)


def test_guaranteed_cut_stops_before_the_errors_and_its_bound_holds() -> None:
    confidences = np.floor(np.linspace(1, 0.5, 3_000) * 1e4) / 1e4
    right = np.ones(3_000, bool)
    right[1_500::10] = False

    cut = guaranteed_cut(confidences, right, 0.01)

    assert cut is not None
    accepted = confidences >= cut.threshold
    assert (cut.accepted, cut.errors) == (accepted.sum(), (~right[accepted]).sum())
    assert 1_500 < cut.accepted < 1_700
    assert upper_error_bound(cut.errors, cut.accepted) <= cut.bound <= 0.01


def test_guaranteed_cut_does_not_go_on_after_a_threshold_that_failed() -> None:
    right = np.ones(3_000, bool)
    right[:30] = False

    assert guaranteed_cut(np.linspace(1, 0.5, 3_000), right, 0.05) is None


@pytest.mark.parametrize("count", [10, 600])
def test_guaranteed_cut_of_too_few_rows_is_none(count: int) -> None:
    assert guaranteed_cut(np.full(count, 0.99), np.ones(count, bool), 0.01) is None


def test_guaranteed_loss_cut_holds_for_losses_and_is_stricter_than_that_for_errors() -> None:
    rng = np.random.default_rng(5)
    confidences = np.linspace(1, 0, 2_000)
    # Losses grow as confidence falls: their mean among the first n is n / 8,000.
    losses = rng.uniform(0, 1, 2_000) * np.linspace(0, 0.5, 2_000) * 2

    cut = guaranteed_loss_cut(confidences, losses, 0.1)

    assert cut is not None
    accepted = losses[confidences >= cut.threshold]
    assert cut.accepted == len(accepted)
    assert accepted.sum() <= cut.errors < accepted.sum() + 1
    assert accepted.mean() < cut.bound <= 0.1
    assert cut.bound > upper_error_bound(cut.errors, cut.accepted)


def test_guaranteed_loss_cut_of_certain_losses_is_none() -> None:
    assert guaranteed_loss_cut(np.linspace(1, 0, 2_000), np.full(2_000, 0.3), 0.1) is None


def test_scaling_that_follows_probabilities_of_a_known_scaling_finds_it() -> None:
    logits = np.random.default_rng(2).normal(scale=4, size=(2_000, 4))
    biases = (0.6, -0.2, -0.4, 0.0)

    found = follow(logits, probabilities(logits, Scaling(2.5, biases)))

    assert found.temperature == pytest.approx(2.5, abs=0.1)
    np.testing.assert_allclose(found.biases, biases, atol=0.1)
