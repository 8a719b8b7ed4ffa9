"""In: a trained network and held-out tickets. Out: each head's temperature, and cuts with the numbers they rest on.

Temperature scaling follows Guo et al. 2017 (arXiv 1706.04599). A cut comes from fixed-sequence testing with the
one-sided Clopper-Pearson bound: the threshold walks from strict to loose and stops before the bound passes the target.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from models.training.dataset import UNKNOWN, TrainingRow
from models.training.fit import collate
from models.training.network import TicketNetwork

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_EVAL_BATCH_ROWS = 16
_MIN_ACCEPTED = 30


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Logits (float64, shape [n, labels]) and the right label of each row, for one head."""

    logits: Floats
    labels: Ints


@dataclass(frozen=True, slots=True)
class Cut:
    """Accept at or above ``threshold``: of ``accepted`` rows ``errors`` were wrong, at most ``bound`` with 95 %."""

    threshold: float
    target: float
    accepted: int
    errors: int
    bound: float


def held_out_logits(network: TicketNetwork, rows: Sequence[TrainingRow]) -> dict[str, HeldOut]:
    """The logits of every head on rows it was not trained on, where the right answer is known."""
    logits: dict[str, list[Floats]] = {}
    labels: dict[str, list[Ints]] = {}
    ordered = sorted(rows, key=lambda row: len(row.ids))
    network.eval()
    for start in range(0, len(ordered), _EVAL_BATCH_ROWS):
        inputs, targets = collate(ordered[start : start + _EVAL_BATCH_ROWS])
        with torch.no_grad():
            outputs = network(**inputs)
        category = targets["category"]
        known = {
            "category": torch.where(category.sum(dim=1) > 0, category.argmax(dim=1), UNKNOWN),
            "sentiment": targets["sentiment"],
            "urgency": targets["urgency"],
            "tag": targets["tag"].flatten(),
        }
        for name, target in known.items():
            chosen = target != UNKNOWN
            flat = outputs[f"{name}_logits"].flatten(0, -2)
            logits.setdefault(name, []).append(flat[chosen].double().numpy())
            labels.setdefault(name, []).append(target[chosen].numpy())
    return {name: HeldOut(np.concatenate(logits[name]), np.concatenate(labels[name])) for name in logits}


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


def probabilities(logits: Floats, temperature: float) -> Floats:
    """Softmax of ``logits / temperature`` over the last axis."""
    scaled = logits / temperature
    exponentials = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    result: Floats = exponentials / exponentials.sum(axis=1, keepdims=True)
    return result


def expected_calibration_error(confidences: Floats, correct: NDArray[np.bool_], bins: int = 10) -> float:
    """Mean gap between confidence and accuracy over equal-width bins, weighted by their size (Naeini et al. 2015)."""
    which = np.minimum((confidences * bins).astype(int), bins - 1)
    gaps = [
        abs(confidences[which == b].mean() - correct[which == b].mean()) * (which == b).sum()
        for b in range(bins)
        if (which == b).any()
    ]
    return float(sum(gaps) / len(confidences))


def upper_error_bound(errors: int, trials: int, alpha: float = 0.05) -> float:
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
    """The loosest threshold whose bound stays within ``target``; None where not even the strictest does."""
    order = np.argsort(-confidences, kind="stable")
    wrong = np.cumsum(~correct[order])
    best: Cut | None = None
    for accepted in range(_MIN_ACCEPTED, len(order) + 1, 5):
        errors = int(wrong[accepted - 1])
        bound = upper_error_bound(errors, accepted)
        if bound > target:
            if best is not None:
                break
            continue
        best = Cut(round(float(confidences[order[accepted - 1]]), 4), target, accepted, errors, round(bound, 4))
    return best


def _log_loss(held_out: HeldOut, temperature: float) -> float:
    chosen = probabilities(held_out.logits, temperature)[np.arange(len(held_out.labels)), held_out.labels]
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
