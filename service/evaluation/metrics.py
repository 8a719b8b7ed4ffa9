"""In: right labels, predicted labels and confidences. Out: the usual measures of a classifier.

Macro-F1 is the mean of the classes' F1; classes that neither occur nor are predicted count in none of the means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

CALIBRATION_BINS = 10


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """One class: how many rows have it, and how well it is found."""

    label: str
    support: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class HeadFigures:
    """One classification head on rows whose right label is known."""

    rows: int
    accuracy: float
    macro_f1: float
    macro_recall: float
    calibration_error: float
    classes: tuple[ClassFigures, ...]


def head_figures(truth: Sequence[str], predicted: Sequence[str], confidences: Sequence[float]) -> HeadFigures:
    """Measure one head; the three sequences belong together row by row and are not empty."""
    labels = sorted(set(truth) | set(predicted))
    classes = tuple(_class_figures(label, truth, predicted) for label in labels)
    present = [figures for figures in classes if figures.support]
    correct = np.array([t == p for t, p in zip(truth, predicted, strict=True)])
    return HeadFigures(
        rows=len(truth),
        accuracy=float(correct.mean()),
        macro_f1=float(np.mean([figures.f1 for figures in classes])),
        macro_recall=float(np.mean([figures.recall for figures in present])),
        calibration_error=calibration_error(np.array(confidences), correct),
        classes=classes,
    )


def calibration_error(confidences: Floats, correct: Flags) -> float:
    """Expected calibration error over ten equal-width bins (Naeini et al. 2015)."""
    bins = np.minimum((confidences * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gaps = [
        abs(confidences[bins == b].mean() - correct[bins == b].mean()) * (bins == b).sum()
        for b in range(CALIBRATION_BINS)
        if (bins == b).any()
    ]
    return float(sum(gaps) / len(confidences))


def coverage_at_precision(confidences: Floats, correct: Flags, target: float) -> tuple[float, float]:
    """The largest share of rows whose most confident part is right at least as often as ``target``, and its threshold.

    Measured on these rows, so no guarantee for others; (0, 1) where not even the most confident row will do.
    """
    order = np.argsort(-confidences, kind="stable")
    precision = np.cumsum(correct[order]) / np.arange(1, len(order) + 1)
    is_last_of_tie = np.r_[np.diff(confidences[order]) != 0, True]
    good = np.flatnonzero((precision >= target) & is_last_of_tie)
    if not len(good):
        return 0.0, 1.0
    last = int(good[-1])
    return (last + 1) / len(order), float(confidences[order[last]])


def area_under_roc(scores: Floats, positive: Flags) -> float | None:
    """The chance that a positive row scores above a negative one, ties counting half; None without both kinds."""
    positives, negatives = scores[positive], scores[~positive]
    if not len(positives) or not len(negatives):
        return None
    ordered = np.sort(negatives)
    below = np.searchsorted(ordered, positives, side="left")
    below_or_equal = np.searchsorted(ordered, positives, side="right")
    return float((below + below_or_equal).mean() / 2 / len(negatives))


def _class_figures(label: str, truth: Sequence[str], predicted: Sequence[str]) -> ClassFigures:
    support = sum(t == label for t in truth)
    claimed = sum(p == label for p in predicted)
    right = sum(t == p == label for t, p in zip(truth, predicted, strict=True))
    return ClassFigures(label, support, *precision_recall_f1(right, claimed, support))


def precision_recall_f1(right: int, claimed: int, support: int) -> tuple[float, float, float]:
    """Precision, recall and F1 from counts; each 0 where it is undefined."""
    precision = right / claimed if claimed else 0.0
    recall = right / support if support else 0.0
    return precision, recall, 2 * right / (claimed + support) if claimed + support else 0.0
