"""In: the teacher's category logits. Out: the manifest's ``out_of_scope``: from which energy on a ticket is `other`.

The score is the energy of Liu et al. 2020 (arXiv 2010.03759) over the labels that a desk handles, without `other`: it
is high where none of them fits. The cut costs at most one point of the in-scope accuracy on the dev tickets; what it
finds is counted on out-of-scope sentences that nothing trained on. A Mahalanobis distance would need the pooled states,
which the graph does not give.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.training.distil.measure import EncodedTickets
from service.evaluation.evaluate import OUT_OF_SCOPE
from service.evaluation.metrics import area_under_roc
from service.evaluation.scaling import Floats, Scaling, probabilities

SCORE = "energy"
MOST_LOSS = 0.01


def energies(logits: Floats, labels: tuple[str, ...]) -> Floats:
    """Minus the log of the sum of the exponentials of the raw logits of every label but `other`, for each row."""
    inside = logits[:, [index for index, label in enumerate(labels) if label != OUT_OF_SCOPE]]
    highest = inside.max(axis=1)
    energy: Floats = -(highest + np.log(np.exp(inside - highest[:, None]).sum(axis=1)))
    return energy


def loosest_energy(energy: Floats, right: NDArray[np.bool_], most_loss: float = MOST_LOSS) -> tuple[float, int]:
    """The lowest cut for in-scope rows, and how many right answers it costs: at most this share of all rows."""
    allowed = int(most_loss * len(energy))
    of_right = np.sort(energy[right])[::-1]
    if len(of_right) <= allowed:
        return float(energy.min()), int(right.sum())
    above = float(np.ceil(of_right[allowed] * 1e4) / 1e4)
    return above, int((of_right > above).sum())


def out_of_scope_section(
    dev: EncodedTickets, dev_logits: Floats, outside_logits: Floats, scaling: Scaling, labels: tuple[str, ...]
) -> dict[str, Any]:
    """Cut and evidence: what it costs on dev tickets and how much more of the out-of-scope rows (`outside_logits`)."""
    truth = np.array([labels.index(ticket.category or OUT_OF_SCOPE) for ticket in dev.tickets])
    inside = truth != labels.index(OUT_OF_SCOPE)
    energy, outside_energy = energies(dev_logits, labels), energies(outside_logits, labels)
    right = probabilities(dev_logits, scaling).argmax(axis=1) == truth
    above, lost = loosest_energy(energy[inside], right[inside])
    said_outside = probabilities(outside_logits, scaling).argmax(axis=1) == labels.index(OUT_OF_SCOPE)
    found = said_outside | (outside_energy > above)
    separation = area_under_roc(
        np.concatenate([energy[inside], outside_energy]),
        np.repeat([False, True], [int(inside.sum()), len(outside_energy)]),
    )
    return {
        "score": SCORE,
        "above": above,
        "evidence": {
            "labels": [label for label in labels if label != OUT_OF_SCOPE],
            "in_scope_rows": int(inside.sum()),
            "in_scope_lost": lost,
            "out_of_scope_rows": len(outside_energy),
            "recall_without": round(float(said_outside.mean()), 4),
            "recall": round(float(found.mean()), 4),
            "area_under_roc": None if separation is None else round(separation, 4),
        },
    }
