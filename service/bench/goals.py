"""In: the figures of one run. Out: each goal of the project beside what was measured, and whether it is reached.

A figure that was not reached or not measured is None and says why; none is estimated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from service.bench.quality import ACCEPTED_ERROR_TARGET, Quality

SAME_OUTPUTS_WITHIN = 1e-4
_SMALL_LOSS_POINTS = 0.3
_LOSS_POINTS = 1.0
_FIELDS_LOSS_POINTS = 2.0

Reached = Literal["ambitious", "firm", "no", "not measured"]


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal: at least, or ``at_most``, ``firm``, better ``ambitious``. ``note`` says why ``measured`` is None."""

    name: str
    firm: float
    ambitious: float | None
    measured: float | None
    at_most: bool = False
    note: str = ""
    tried: bool = True

    @property
    def reached(self) -> Reached:
        """The stricter of the two columns that the figure satisfies."""
        if self.measured is None:
            return "no" if self.tried else "not measured"
        sign = -1 if self.at_most else 1
        if self.ambitious is not None and sign * self.measured >= sign * self.ambitious:
            return "ambitious"
        return "firm" if sign * self.measured >= sign * self.firm else "no"


@dataclass(frozen=True, slots=True)
class Headline:
    """The figures that the goals are about; what was not measured, or not reached within its loss, is None.

    Ratios and the CPU share are those of the ticket set that does worst.
    """

    ratio_same_outputs: float | None
    ratio_at_0_3_points: float | None
    ratio_at_1_point: float | None
    category_loss_points: float | None
    fields_loss_points: float | None
    accepted_error_bound: float | None
    coverage: float | None
    cpu_outside_model_share: float
    model_mb: float
    worker_rss_mb: float | None
    ready_s: float


@dataclass(frozen=True, slots=True)
class SetRatios:
    """What one ticket set gave: the ratios, and the largest difference between our answers and the naive ones."""

    same_outputs: float
    largest_difference: float
    naive_service_to_cascade: float
    cpu_outside_model_share: float


@dataclass(frozen=True, slots=True)
class Footprint:
    """Size and start-up of what is shipped."""

    model_mb: float
    worker_rss_mb: float | None
    ready_s: float


def headline(sets: list[SetRatios], quality: Quality | None, footprint: Footprint) -> Headline:
    """Apply the definitions: a ratio counts only at the loss that it is allowed."""
    loss = quality.loss_points if quality else {}
    category, fields = loss.get("category"), loss.get("fields")
    accepted = quality.accepted if quality else None
    ratio = min(one.naive_service_to_cascade for one in sets)
    is_same = all(one.largest_difference <= SAME_OUTPUTS_WITHIN for one in sets)
    within_a_point = (
        category is not None and category <= _LOSS_POINTS and fields is not None and fields <= _FIELDS_LOSS_POINTS
    )
    return Headline(
        ratio_same_outputs=min(one.same_outputs for one in sets) if is_same else None,
        ratio_at_0_3_points=ratio if category is not None and category <= _SMALL_LOSS_POINTS else None,
        ratio_at_1_point=ratio if within_a_point else None,
        category_loss_points=category,
        fields_loss_points=fields,
        accepted_error_bound=round(accepted.bound, 4) if accepted else None,
        coverage=round(accepted.coverage, 4) if accepted else None,
        cpu_outside_model_share=max(one.cpu_outside_model_share for one in sets),
        model_mb=footprint.model_mb,
        worker_rss_mb=footprint.worker_rss_mb,
        ready_s=footprint.ready_s,
    )


def goals(figures: Headline, *, is_labelled: bool) -> tuple[Goal, ...]:
    """All goals, those that this command cannot measure too."""
    unlabelled = "" if is_labelled else "needs --labelled"
    lost = f"loses {figures.category_loss_points} points of category, {figures.fields_loss_points} of fields"
    missed = lost if is_labelled else unlabelled
    share = f"coverage at <= {ACCEPTED_ERROR_TARGET:.0%} accepted error (95 % bound)"
    return (
        Goal("x naive order and padding, same outputs", 1.5, 2, figures.ratio_same_outputs, note="outputs differ"),
        Goal(
            "x naive service at <= 0.3 points of category",
            *(4, 7, figures.ratio_at_0_3_points),
            note=missed,
            tried=is_labelled,
        ),
        Goal(
            "x naive service at <= 1 point, <= 2 F1 on fields",
            *(7, 12, figures.ratio_at_1_point),
            note=missed,
            tried=is_labelled,
        ),
        Goal(share, 0.8, 0.9, figures.coverage, note=unlabelled or "at no coverage", tried=is_labelled),
        Goal("CPU outside the model, share", 0.25, 0.12, figures.cpu_outside_model_share, at_most=True),
        Goal("model folder, MB", 40, None, figures.model_mb, at_most=True),
        Goal("worker, resident MB", 350, None, figures.worker_rss_mb, at_most=True, note="no /proc", tried=False),
        Goal("ready in s", 3, None, figures.ready_s, at_most=True),
        Goal("CLINC150 out-of-scope recall", 0.6, 0.78, None, note="needs a model of CLINC150", tried=False),
        Goal("h to train on 10,000 tickets", 2, 1, None, at_most=True, note="needs the training extra", tried=False),
    )
