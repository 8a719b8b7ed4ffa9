"""In: confidences and whether each answer was right. Out: the widest acceptance, compared with trying every cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.bench.accepted import widest_acceptance
from service.evaluation.scaling import upper_error_bound

ANSWERS = st.lists(st.tuples(st.integers(0, 20), st.sampled_from([True, True, True, False])), min_size=1, max_size=60)


def test_widest_acceptance_without_errors_covers_all_from_149_answers_on() -> None:
    enough, too_few = (widest_acceptance(np.linspace(0.5, 1, n), np.ones(n, bool), 0.02) for n in (149, 148))

    assert enough is not None
    assert (enough.coverage, enough.errors, enough.accepted) == (1.0, 0, 149)
    assert enough.bound == pytest.approx(1 - 0.05 ** (1 / 149))
    assert too_few is None


def test_widest_acceptance_of_equal_confidences_takes_all_or_none() -> None:
    confidences = np.full(400, 0.9)
    correct = np.r_[np.zeros(40, bool), np.ones(360, bool)]

    assert widest_acceptance(confidences, correct, 0.02) is None


@given(ANSWERS, st.sampled_from([0.05, 0.2, 0.5]))
def test_widest_acceptance_is_the_largest_whose_bound_holds(answers: list[tuple[int, bool]], target: float) -> None:
    confidences = np.array([confidence / 20 for confidence, _ in answers])
    correct = np.array([right for _, right in answers])

    found = widest_acceptance(confidences, correct, target)

    sizes = [
        int(accepted.sum())
        for threshold in set(confidences)
        if upper_error_bound(int((~correct[accepted := confidences >= threshold]).sum()), int(accepted.sum())) <= target
    ]
    assert (found.accepted if found else None) == max(sizes, default=None)
    assert found is None or found.bound <= target
