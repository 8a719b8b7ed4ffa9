"""In: confidences, and whether each answer was right. Out: the widest acceptance whose error stays within a target.

The bound is the one-sided 95 % Clopper-Pearson bound of the share of wrong answers among the accepted ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.evaluation.scaling import upper_error_bound


@dataclass(frozen=True, slots=True)
class Acceptance:
    """All answers at or above ``threshold``: ``errors`` of ``accepted`` are wrong, so at most a share ``bound`` is."""

    coverage: float
    threshold: float
    accepted: int
    errors: int
    bound: float


def widest_acceptance(confidences: NDArray[np.float64], correct: NDArray[np.bool_], target: float) -> Acceptance | None:
    """The most confident answers, as many as the bound allows; None where it allows none.

    The threshold is chosen on the same answers that it is measured on, so it says what is there, and no cut for others.
    """
    order = np.argsort(-confidences, kind="stable")
    errors = np.cumsum(~correct[order])
    is_last_of_tie = np.r_[np.diff(confidences[order]) != 0, True]
    for last in np.flatnonzero(is_last_of_tie)[::-1].tolist():
        accepted, wrong = last + 1, int(errors[last])
        # An error share above the target has a bound above it too.
        if wrong / accepted <= target and (bound := upper_error_bound(wrong, accepted)) <= target:
            return Acceptance(accepted / len(order), float(confidences[order[last]]), accepted, wrong, bound)
    return None
