"""In: a model folder and labelled tickets of a help desk. Out: the same model with scalings and cuts set on those rows.

The graphs stay as they are: only the manifest changes. Raises `LabelledDataError` where the rows are too few, or have a
label that the model does not know, and `ModelError` for a folder that is none.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from service.evaluation.data import LabelledDataError, LabelledTicket
from service.evaluation.metrics import calibration_error
from service.evaluation.scaling import (
    Cut,
    Floats,
    HeldOut,
    Scaling,
    fast_cut_entry,
    fit_scaling,
    follow,
    guaranteed_cut,
    probabilities,
    rounded_down,
)
from service.inference.cascade import TierName
from service.inference.engine import InferenceEngine
from service.inference.manifest import MANIFEST_FILE, FastHead, Head
from service.inference.tier import LABEL_HEADS
from service.normalize import normalize

MIN_ROWS = 100
"""Fewer labelled rows say too little of a head to set it by."""

NO_CUT = 1.0
DISAGREEMENT_TARGET = 0.02
"""How often an accepted fast answer may differ from the full tier's, where the model says nothing else."""

_SEED = 7
_BATCH_TICKETS = 256


@dataclass(frozen=True, slots=True)
class HeadCalibration:
    """One head before and after; a ``cut`` of None: no threshold keeps the error within the target on so few rows.

    ``fast_cut`` is that of the fast tier, on disagreement with the full tier; None also where there is no fast tier.
    """

    rows: int
    accuracy: float
    calibration_error_before: float
    calibration_error_after: float
    cut: Cut | None
    coverage: float
    fast_cut: Cut | None = None


@dataclass(frozen=True, slots=True)
class Calibration:
    """The manifest to write, and what it rests on, head by head."""

    manifest: dict[str, Any]
    heads: dict[str, HeadCalibration]


def recalibrate(folder: Path, engine: InferenceEngine, rows: Sequence[LabelledTicket], target: float) -> Calibration:
    """Fit every label head that has `MIN_ROWS` labelled rows, and the category's review cut at this error target.

    Where the model has a fast tier, that head of it is fitted to the full tier's new answers on every second row, and
    the others set from which confidence on it is not asked again; rows without labels serve here too.
    """
    manifest: dict[str, Any] = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
    tiers = _logits(engine, rows)
    logits = tiers["full"]
    heads: dict[str, HeadCalibration] = {}
    for name in LABEL_HEADS:
        head: Head = getattr(engine.manifest, name)
        known = [(index, getattr(row, name)) for index, row in enumerate(rows) if getattr(row, name) is not None]
        for index, label in known:
            if label not in head.labels:
                raise LabelledDataError(f"row {index + 1}: {name} {label!r} is not one of {', '.join(head.labels)}")
        if len(known) < MIN_ROWS:
            continue
        indices = [index for index, _ in known]
        truth = np.array([head.labels.index(label) for _, label in known], np.int64)
        held_out = HeldOut(logits[name][indices], truth)
        scaling = fit_scaling(held_out, _SEED)
        heads[name] = _judge(held_out, head, scaling, target)
        manifest[name] |= asdict(scaling)
        if "fast" in tiers and engine.manifest.fast is not None:
            was: FastHead = getattr(engine.manifest.fast, name)
            fast, fast_cut = _fit_fast_head(tiers["fast"][name], probabilities(logits[name], scaling), was)
            manifest["fast"][name] = fast
            heads[name] = replace(heads[name], fast_cut=fast_cut)
        if name == "category":
            cut = heads[name].cut
            manifest[name]["review_below"] = NO_CUT if cut is None else cut.threshold
    if not heads:
        raise LabelledDataError(f"no head has {MIN_ROWS} labelled rows: {len(rows)} rows were read")
    return Calibration(manifest, heads)


def write_calibrated(calibration: Calibration, source: Path, target: Path, version: str, at: datetime) -> None:
    """Write the model folder ``target``: the source's files and the new manifest. It must not exist yet."""
    target.mkdir(parents=True)
    for name in calibration.manifest["files"]:
        shutil.copyfile(source / name, target / name)
    manifest = calibration.manifest | {"version": version, "created_at": at.isoformat(timespec="seconds")}
    figures = {name: asdict(head) for name, head in calibration.heads.items()}
    manifest["provenance"] = manifest["provenance"] | {"calibration": figures}
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    (target / MANIFEST_FILE).write_text(text, encoding="utf-8")


def _fit_fast_head(logits: Floats, full: Floats, was: FastHead) -> tuple[dict[str, Any], Cut | None]:
    """The manifest's entry for a head of the fast tier beside these probabilities of the full one, and its cut."""
    fitting = np.arange(len(logits)) % 2 == 0
    scaling = follow(logits[fitting], full[fitting])
    fast = probabilities(logits[~fitting], scaling)
    same = fast.argmax(axis=1) == full[~fitting].argmax(axis=1)
    target = DISAGREEMENT_TARGET if was.evidence is None else was.evidence.target
    cut = guaranteed_cut(rounded_down(fast.max(axis=1)), same, target)
    return {"labels": list(was.labels)} | asdict(scaling) | fast_cut_entry(cut), cut


def _logits(engine: InferenceEngine, rows: Sequence[LabelledTicket]) -> dict[TierName, dict[str, Floats]]:
    texts = [normalize(row.subject, row.body) for row in rows]
    parts = [
        engine.label_logits(texts[start : start + _BATCH_TICKETS]) for start in range(0, len(texts), _BATCH_TICKETS)
    ]
    return {
        tier: {name: np.concatenate([part[tier][name] for part in parts]).astype(np.float64) for name in LABEL_HEADS}
        for tier in parts[0]
    }


def _judge(held_out: HeldOut, head: Head, scaling: Scaling, target: float) -> HeadCalibration:
    was = Scaling(head.temperature, head.biases or (0.0,) * len(head.labels))
    before, after = (probabilities(held_out.logits, each) for each in (was, scaling))
    right_before, right = (chances.argmax(axis=1) == held_out.labels for chances in (before, after))
    confidences = after.max(axis=1)
    cut = guaranteed_cut(confidences, right, target)
    return HeadCalibration(
        rows=len(right),
        accuracy=round(float(right.mean()), 4),
        calibration_error_before=round(calibration_error(before.max(axis=1), right_before), 4),
        calibration_error_after=round(calibration_error(confidences, right), 4),
        cut=cut,
        coverage=0.0 if cut is None else round(float((confidences >= cut.threshold).mean()), 4),
    )
