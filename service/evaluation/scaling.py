"""In: logits of held-out rows and their right labels. Out: a head's temperature and biases, and cuts with evidence.

Temperature and biases are the vector scaling of Guo et al. 2017 (arXiv 1706.04599) with one shared slope; how far the
biases may go is chosen by cross-validation, since held-out tickets are few. A cut comes from fixed-sequence testing
with the one-sided Clopper-Pearson bound: the threshold walks from strict to loose and stops before the bound passes the
target.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_ALPHA = 0.05
_ERRORS_AT_START = 2
_STEP = 5
_FOLDS = 5
_PENALTIES = (0.003, 0.01, 0.03, 0.1, math.inf)
_DESCENT_STEPS = 500
_FOLLOWING_STEPS = 400
_LEAST_SLOPE = 0.05
_DIGITS = 1e4


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Logits (float64, shape [n, labels]) and the right label of each row, for one head."""

    logits: Floats
    labels: Ints


@dataclass(frozen=True, slots=True)
class Scaling:
    """What is done to a head's logits before the softmax: divided by the temperature, then one bias a label added."""

    temperature: float
    biases: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """Accept at or above ``threshold``: of ``accepted`` rows ``errors`` were wrong, at most ``bound`` with 95 %."""

    threshold: float
    target: float
    accepted: int
    errors: int
    bound: float


def fit_scaling(held_out: HeldOut, seed: int) -> Scaling:
    """Temperature and biases, with the penalty on the biases that does best in five-fold cross-validation."""
    folds = np.random.default_rng(seed).permutation(len(held_out.labels)) % _FOLDS
    penalty = min(_PENALTIES, key=lambda candidate: _cross_validated_loss(held_out, folds, candidate))
    return _fit_scaling(held_out, penalty)


def plain_scaling(held_out: HeldOut) -> Scaling:
    """A temperature and no biases."""
    return _fit_scaling(held_out, math.inf)


def _cross_validated_loss(held_out: HeldOut, folds: Ints, penalty: float) -> float:
    losses = []
    for fold in range(_FOLDS):
        inside, outside = folds != fold, folds == fold
        scaling = _fit_scaling(HeldOut(held_out.logits[inside], held_out.labels[inside]), penalty)
        chances = probabilities(held_out.logits[outside], scaling)
        right = chances[np.arange(len(chances)), held_out.labels[outside]]
        losses.append(-np.log(np.maximum(right, 1e-12)).mean())
    return float(np.mean(losses))


def _fit_scaling(held_out: HeldOut, penalty: float) -> Scaling:
    """Gradient descent on slope and biases from the best plain temperature; an infinite penalty leaves biases at 0."""
    temperature = fit_temperature(held_out)
    biases = np.zeros(held_out.logits.shape[1])
    if not math.isinf(penalty):
        truth = np.eye(len(biases))[held_out.labels]
        slope = 1 / temperature
        for _ in range(_DESCENT_STEPS):
            error = probabilities(held_out.logits, Scaling(1 / slope, tuple(biases))) - truth
            slope = max(_LEAST_SLOPE, slope - 0.01 * float((error * held_out.logits).sum(axis=1).mean()))
            biases -= 0.3 * (error.mean(axis=0) + 2 * penalty * biases)
        temperature = 1 / slope
    return Scaling(round(temperature, 4), tuple(round(float(bias), 4) for bias in biases))


def fit_temperature(held_out: HeldOut) -> float:
    """The temperature (0.25 to 8) with the least negative log-likelihood, by golden-section search on its logarithm."""
    low, high = math.log(0.25), math.log(8.0)
    golden = (math.sqrt(5) - 1) / 2
    for _ in range(40):
        left, right = high - golden * (high - low), low + golden * (high - low)
        if _log_loss(held_out, math.exp(left)) < _log_loss(held_out, math.exp(right)):
            high = right
        else:
            low = left
    return round(math.exp((low + high) / 2), 4)


def follow(logits: Floats, target: Floats, *, with_biases: bool = True) -> Scaling:
    """Temperature and biases with the least cross-entropy to another's probabilities, by gradient descent.

    So a fast tier is fitted to the full one: both arguments have shape [n, labels], and no label is needed.
    """
    biases = np.zeros(logits.shape[1])
    # In units of their spread, logits of any scale take the same steps.
    spread = max(float(logits.std()), 1e-6)
    slope = 1.0
    for _ in range(_FOLLOWING_STEPS):
        error = probabilities(logits / spread, Scaling(1 / slope, tuple(biases))) - target
        slope = max(_LEAST_SLOPE, slope - 0.5 * float((error * logits / spread).sum(axis=1).mean()))
        if with_biases:
            biases -= 0.3 * error.mean(axis=0)
    biases -= biases.mean()
    return Scaling(round(spread / slope, 4), tuple(round(float(bias), 4) for bias in biases))


def probabilities(logits: Floats, scaling: Scaling) -> Floats:
    """Softmax of ``logits / temperature + biases`` over the last axis."""
    scaled = logits / scaling.temperature + np.array(scaling.biases)
    exponentials = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    result: Floats = exponentials / exponentials.sum(axis=1, keepdims=True)
    return result


def rounded_down(values: Floats) -> Floats:
    """To four digits."""
    lowered: Floats = np.floor(values * _DIGITS) / _DIGITS
    return lowered


def fast_cut_entry(cut: Cut | None, kind: str = "disagreement") -> dict[str, Any]:
    """What a manifest says of a fast tier's head that was cut on disagreement with the full tier; nothing for None."""
    if cut is None:
        return {}
    evidence = {"target": cut.target, "n": cut.accepted, "k": cut.errors, "bound": cut.bound, "kind": kind}
    return {"accept_above": cut.threshold, "evidence": evidence}


def upper_error_bound(errors: int, trials: int, alpha: float = _ALPHA) -> float:
    """One-sided Clopper-Pearson upper bound of an error rate, by bisection on the binomial tail."""
    if errors >= trials:
        return 1.0
    low, high = errors / trials, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if _binomial_tail(errors, trials, middle) > alpha:
            low = middle
        else:
            high = middle
    return high


def guaranteed_cut(confidences: Floats, correct: NDArray[np.bool_], target: float) -> Cut | None:
    """The loosest threshold that the walk reaches; None where it fails at once or there are too few rows.

    It starts where two errors would still pass: before that, one alone would end the walk. The order rests on
    confidences alone, and the walk stops at the first threshold that fails (fixed-sequence testing: Bauer 1991; as
    Learn then Test, Angelopoulos et al. 2021, arXiv 2110.01052).
    """
    return _walk(confidences, (~correct).astype(np.float64), target, _ALPHA)


def guaranteed_loss_cut(confidences: Floats, losses: Floats, target: float) -> Cut | None:
    """The same for losses between 0 and 1, of which the mean is bounded; ``errors`` is their sum, rounded up.

    By Bentkus' inequality (2004, Annals of Probability 32) the bound of Clopper and Pearson holds for such losses at a
    confidence of 1 - 0.05/e.
    """
    return _walk(confidences, losses, target, _ALPHA / math.e)


def _walk(confidences: Floats, losses: Floats, target: float, alpha: float) -> Cut | None:
    order = np.argsort(-confidences, kind="stable")
    ordered = confidences[order]
    lost = np.cumsum(losses[order])
    best: Cut | None = None
    accepted = 0
    for at_least in range(_least_accepted(_ERRORS_AT_START, target, alpha), len(order) + 1, _STEP):
        if at_least <= accepted:
            continue
        # All that are as sure as the last one are accepted with it.
        threshold = float(ordered[at_least - 1])
        accepted = int(np.searchsorted(-ordered, -threshold, side="right"))
        errors = math.ceil(round(float(lost[accepted - 1]), 6))
        bound = upper_error_bound(errors, accepted, alpha)
        if bound > target:
            break
        best = Cut(threshold, target, accepted, errors, math.ceil(bound * 1e4) / 1e4)
    return best


def _least_accepted(errors: int, target: float, alpha: float) -> int:
    """The fewest accepted rows at which this many errors pass."""
    low, high = errors + 1, errors + 2
    while upper_error_bound(errors, high, alpha) > target:
        low, high = high, high * 2
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if upper_error_bound(errors, middle, alpha) > target else (low, middle)
    return high


def _log_loss(held_out: HeldOut, temperature: float) -> float:
    unbiased = Scaling(temperature, (0.0,) * held_out.logits.shape[1])
    chosen = probabilities(held_out.logits, unbiased)[np.arange(len(held_out.labels)), held_out.labels]
    return float(-np.log(np.maximum(chosen, 1e-12)).mean())


def _binomial_tail(errors: int, trials: int, rate: float) -> float:
    """P(at most ``errors`` of ``trials``) at this rate."""
    return sum(
        math.exp(
            math.lgamma(trials + 1)
            - math.lgamma(k + 1)
            - math.lgamma(trials - k + 1)
            + k * math.log(rate)
            + (trials - k) * math.log1p(-rate)
        )
        for k in range(errors + 1)
    )
