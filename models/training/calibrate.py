"""In: an exported graph and held-out tickets. Out: the logits that it gives them, where the right answer is known.

What is made of them stands in `service.evaluation.scaling`, since a help desk calibrates the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort

from models.training.dataset import UNKNOWN, TrainingRow, padded_arrays
from service.evaluation.scaling import Floats, HeldOut, Ints
from service.inference.tier import OUTPUTS

_EVAL_BATCH_ROWS = 16


def held_out_logits(graph: Path, rows: Sequence[TrainingRow]) -> dict[str, HeldOut]:
    """The logits that the exported graph gives on rows it was not trained on, where the right answer is known."""
    session = ort.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    logits: dict[str, list[Floats]] = {}
    labels: dict[str, list[Ints]] = {}
    ordered = sorted(rows, key=lambda row: len(row.ids))
    for start in range(0, len(ordered), _EVAL_BATCH_ROWS):
        inputs, targets = padded_arrays(ordered[start : start + _EVAL_BATCH_ROWS])
        outputs = dict(zip(OUTPUTS, session.run(OUTPUTS, inputs), strict=True))
        category = targets["category"]
        known = {
            "category": np.where(category.sum(axis=1) > 0, category.argmax(axis=1), UNKNOWN),
            "sentiment": targets["sentiment"],
            "urgency": targets["urgency"],
            "tag": targets["tag"].ravel(),
        }
        for name, target in known.items():
            output = outputs[f"{name}_logits"]
            chosen = target != UNKNOWN
            logits.setdefault(name, []).append(output.reshape(-1, output.shape[-1])[chosen].astype(np.float64))
            labels.setdefault(name, []).append(target[chosen])
    return {name: HeldOut(np.concatenate(logits[name]), np.concatenate(labels[name])) for name in logits}
