"""In: what a student and its teacher say of tickets that nothing trained on. Out: the student's scalings and cuts.

Half of the tickets fit temperature and biases to the teacher's calibrated probabilities; the other half sets the cut.
An accepted ticket on which the tiers disagree counts as an error there; for the tagger, by the share of its spans.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.training.distil.measure import (
    Decisions,
    EncodedTickets,
    TicketLogits,
    TierScaling,
    agreements,
    decide,
)
from models.training.distil.teacher import Teacher
from models.training.network import HEADS
from service.evaluation.scaling import (
    Cut,
    Scaling,
    fast_cut_entry,
    follow,
    guaranteed_cut,
    guaranteed_loss_cut,
    probabilities,
)
from service.evaluation.span_agreement import span_losses

DEFAULT_TARGETS: Mapping[str, float] = {"category": 0.01, "sentiment": 0.03, "urgency": 0.03, "tagger": 0.2}
_TEMPERATURE_TOKENS = 20_000


def read_targets(text: str) -> dict[str, float]:
    """Head and share, separated by commas; raises `ValueError` for another head or a share that is none."""
    targets = dict(DEFAULT_TARGETS)
    for entry in text.split(","):
        head, _, share = entry.partition("=")
        if head not in targets or not 0 < float(share) < 1:
            raise ValueError(f"{entry!r} is not HEAD=SHARE with one of {', '.join(targets)}")
        targets[head] = float(share)
    return targets


@dataclass(frozen=True, slots=True)
class FastTier:
    """A student ready to serve: its scaling and, by head, its cut; a head without one always asks the teacher.

    ``accepted_by_source`` counts by head and source the tickets accepted on the half that set the cut, and those of
    them on which the tiers disagree: the guarantee is for the mixture, and this says how even it is.
    """

    scaling: TierScaling
    cuts: dict[str, Cut | None]
    accepted_by_source: dict[str, dict[str, tuple[int, int]]]


def fit_fast_tier(
    encoded: EncodedTickets,
    student: TicketLogits,
    teacher_logits: TicketLogits,
    teacher: Teacher,
    full: TierScaling,
    targets: Mapping[str, float] = DEFAULT_TARGETS,
) -> FastTier:
    """Scaling from every second ticket, cuts from the others."""
    fitting = np.arange(len(encoded.tickets)) % 2 == 0
    cutting = ~fitting
    scaling = TierScaling(
        heads={
            name: follow(
                student.heads[name][fitting], probabilities(teacher_logits.heads[name][fitting], full.heads[name])
            )
            for name in HEADS
        },
        tag_temperature=_tag_temperature(student, teacher_logits, full, fitting),
        keep_above=full.keep_above,
    )
    types = teacher.labels.fields
    fast = decide(encoded, student, scaling, types)
    asked = decide(encoded, teacher_logits, full, types)
    same = agreements(fast, asked)
    cuts = {name: guaranteed_cut(fast.confidences[name][cutting], same[name][cutting], targets[name]) for name in HEADS}
    cuts["tagger"] = guaranteed_loss_cut(
        fast.confidences["tagger"][cutting], span_losses(fast.spans, asked.spans)[cutting], targets["tagger"]
    )
    sources = np.array([ticket.source for ticket in encoded.tickets])
    accepted = {name: ~again & cutting for name, again in unsure_of(fast, cuts).items()}
    return FastTier(
        scaling, cuts, {name: _by_source(sources[chosen], same[name][chosen]) for name, chosen in accepted.items()}
    )


def fast_section(tier: FastTier, teacher: Teacher) -> dict[str, Any]:
    """The manifest's ``fast``: the four heads with their scaling and, where there is one, the cut with its evidence."""
    heads: dict[str, Any] = {
        name: {
            "labels": list(getattr(teacher.labels, name)),
            "temperature": tier.scaling.heads[name].temperature,
            "biases": list(tier.scaling.heads[name].biases),
        }
        for name in HEADS
    }
    heads["tagger"] = {
        "tags": list(teacher.labels.tags),
        "temperature": tier.scaling.tag_temperature,
        "keep_above": tier.scaling.keep_above,
    }
    return {
        name: head | fast_cut_entry(tier.cuts[name], "span_disagreement" if name == "tagger" else "disagreement")
        for name, head in heads.items()
    }


def unsure_of(fast: Decisions, cuts: Mapping[str, Cut | None]) -> dict[str, NDArray[np.bool_]]:
    """For each head the tickets that go on to the teacher."""
    return {
        name: np.ones(len(fast.spans), bool) if cut is None else fast.confidences[name] < cut.threshold
        for name, cut in cuts.items()
    }


def _by_source(sources: NDArray[np.str_], agrees: NDArray[np.bool_]) -> dict[str, tuple[int, int]]:
    return {
        str(source): (int((sources == source).sum()), int((~agrees[sources == source]).sum()))
        for source in np.unique(sources)
    }


def _tag_temperature(
    student: TicketLogits, teacher_logits: TicketLogits, full: TierScaling, fitting: NDArray[np.bool_]
) -> float:
    chosen = np.flatnonzero(fitting)
    logits = np.concatenate([student.tags[index] for index in chosen])
    every = max(1, len(logits) // _TEMPERATURE_TOKENS)
    logits = logits[::every]
    theirs = np.concatenate([teacher_logits.tags[index] for index in chosen])[::every]
    none = (0.0,) * logits.shape[1]
    target = probabilities(theirs, Scaling(full.tag_temperature, none))
    return follow(logits, target, with_biases=False).temperature
