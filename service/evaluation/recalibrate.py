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
    guaranteed_loss_cut,
    probabilities,
    rounded_down,
)
from service.evaluation.span_agreement import span_losses
from service.inference.cascade import FAST, FULL, TierName, softmax, tag_confidence
from service.inference.engine import InferenceEngine
from service.inference.manifest import MANIFEST_FILE, FastHead, Head, Tagger
from service.inference.spans import read_spans
from service.inference.tier import LABEL_HEADS, TierLogits
from service.normalize import normalize

MIN_ROWS = 100
"""Fewer labelled rows say too little of a head to set it by."""

NO_CUT = 1.0
DISAGREEMENT_TARGET = 0.02
"""How often an accepted fast answer may differ from the full tier's, where the model says nothing else."""
SPAN_DISAGREEMENT_TARGET = 0.2
"""Likewise the share of an accepted text's spans that only one tier has, on average."""

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
    """The manifest to write, and what it rests on, head by head.

    ``tagger_cut`` is that of the fast tier's tagger, on the share of spans that only one tier has; None as above.
    """

    manifest: dict[str, Any]
    heads: dict[str, HeadCalibration]
    tagger_cut: Cut | None = None

    def to_json(self) -> dict[str, Any]:
        """The figures of each head, by name."""
        figures: dict[str, Any] = {name: asdict(head) for name, head in self.heads.items()}
        if self.manifest.get("fast"):
            figures["tagger"] = {"fast_cut": None if self.tagger_cut is None else asdict(self.tagger_cut)}
        return figures


def recalibrate(folder: Path, engine: InferenceEngine, rows: Sequence[LabelledTicket], target: float) -> Calibration:
    """Fit every label head that has `MIN_ROWS` labelled rows, and the category's review cut at this error target.

    Where the model has a fast tier, that head of it is fitted to the full tier's new answers on every second row, and
    the others set from which confidence on it is not asked again; rows without labels serve here too, and the tagger's
    cut needs none.
    """
    manifest: dict[str, Any] = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
    answers = _ask(engine, rows)
    logits = answers.logits[FULL]
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
        if FAST in answers.logits and engine.manifest.fast is not None:
            was: FastHead = getattr(engine.manifest.fast, name)
            fast, fast_cut = _fit_fast_head(answers.logits[FAST][name], probabilities(logits[name], scaling), was)
            manifest["fast"][name] = fast
            heads[name] = replace(heads[name], fast_cut=fast_cut)
        if name == "category":
            cut = heads[name].cut
            manifest[name]["review_below"] = NO_CUT if cut is None else cut.threshold
    if not heads:
        raise LabelledDataError(f"no head has {MIN_ROWS} labelled rows: {len(rows)} rows were read")
    tagger_cut = None
    if engine.manifest.fast is not None and FAST in answers.logits:
        evidence = engine.manifest.fast.tagger.evidence
        target = SPAN_DISAGREEMENT_TARGET if evidence is None else evidence.target
        tagger_cut = guaranteed_loss_cut(answers.tag_confidences, answers.span_losses, target)
        manifest["fast"]["tagger"] = _without_cut(manifest["fast"]["tagger"]) | fast_cut_entry(
            tagger_cut, "span_disagreement"
        )
    return Calibration(manifest, heads, tagger_cut)


def write_calibrated(calibration: Calibration, source: Path, target: Path, version: str, at: datetime) -> None:
    """Write the model folder ``target``: the source's files and the new manifest. It must not exist yet."""
    target.mkdir(parents=True)
    for name in calibration.manifest["files"]:
        shutil.copyfile(source / name, target / name)
    manifest = calibration.manifest | {"version": version, "created_at": at.isoformat(timespec="seconds")}
    manifest["provenance"] = manifest["provenance"] | {"calibration": calibration.to_json()}
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


@dataclass(frozen=True, slots=True)
class _Answers:
    """Each tier's logits (float64, [rows, labels]) by head; of the tagger, the fast tier's confidence and its loss."""

    logits: dict[TierName, dict[str, Floats]]
    tag_confidences: Floats
    span_losses: Floats


def _ask(engine: InferenceEngine, rows: Sequence[LabelledTicket]) -> _Answers:
    texts = [normalize(row.subject, row.body) for row in rows]
    parts: dict[TierName, list[TierLogits]] = {}
    confidences: list[float] = []
    losses: list[Floats] = []
    for start in range(0, len(texts), _BATCH_TICKETS):
        some = texts[start : start + _BATCH_TICKETS]
        batch = engine.encode(some)
        asked = engine.tier_logits(batch)
        for tier, logits in asked.items():
            parts.setdefault(tier, []).append(replace(logits, tags=[], states=[]))
        if FAST in asked and engine.manifest.fast is not None:
            taggers: dict[TierName, Tagger] = {FAST: engine.manifest.fast.tagger, FULL: engine.manifest.tagger}
            chances = {
                tier: [softmax(tags / tagger.temperature) for tags in asked[tier].tags]
                for tier, tagger in taggers.items()
            }
            spans = {
                tier: [
                    read_spans(text.text, tokens, tags, tagger.field_types, tagger.keep_above)
                    for text, tokens, tags in zip(some, batch.texts, chances[tier], strict=True)
                ]
                for tier, tagger in taggers.items()
            }
            confidences += [tag_confidence(tags) for tags in chances[FAST]]
            losses.append(span_losses(spans[FAST], spans[FULL]))
    return _Answers(
        {
            tier: {name: np.concatenate([one.labels[name] for one in given]).astype(np.float64) for name in LABEL_HEADS}
            for tier, given in parts.items()
        },
        rounded_down(np.array(confidences, np.float64)),
        np.concatenate([np.zeros(0), *losses]),
    )


def _without_cut(head: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in head.items() if key not in ("accept_above", "evidence")}


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
