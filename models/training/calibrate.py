"""In: exported graphs and held-out tickets. Out: the manifest's scalings and cuts, and the figures that they rest on.

Tickets are laid out in rows and run as the service does it. The methods stand in `service.evaluation.scaling`, since a
help desk calibrates the same way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from models.training.dataset import CLS_ID, SEP_ID, UNKNOWN, label_targets, open_tokenizer, tag_targets
from models.training.distil.cuts import fast_section, fit_fast_tier
from models.training.distil.measure import EncodedTickets, encode_tickets, manifest_scaling, ticket_logits
from models.training.distil.teacher import Teacher
from models.training.export import ModelFiles
from models.training.labels import LabelSet
from models.training.network import HEADS
from service.evaluation.data import LabelledTicket
from service.evaluation.metrics import calibration_error
from service.evaluation.scaling import (
    Cut,
    HeldOut,
    fit_scaling,
    fit_temperature,
    guaranteed_cut,
    plain_scaling,
    probabilities,
)
from service.inference.cascade import FAST, FULL, TierName, tier_logits
from service.inference.encode import WindowLimits
from service.inference.tier import EngineSettings, Tier, TierLogits

BIASED_HEADS = ("category", "urgency")
"""Heads whose labels are as frequent at a desk as among the dev tickets; feelings are not, so sentiment stays even."""
SECONDARY_ABOVE = 0.25
KEEP_SPANS_ABOVE = 0.7


def full_tier_section(
    held_out: Mapping[str, HeldOut], labels: LabelSet, review_target: float, seed: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The manifest's heads with their scalings and cuts, and the figures that these rest on."""
    heads: dict[str, Any] = {}
    figures: dict[str, Any] = {}
    for name in HEADS:
        scaling = fit_scaling(held_out[name], seed) if name in BIASED_HEADS else plain_scaling(held_out[name])
        heads[name] = {"labels": list(getattr(labels, name)), **asdict(scaling)}
        chances = probabilities(held_out[name].logits, scaling)
        correct = chances.argmax(axis=1) == held_out[name].labels
        cut = guaranteed_cut(chances.max(axis=1), correct, review_target) if name == "category" else None
        if cut is not None:
            heads[name]["review_below"] = cut.threshold
        figures[name] = {
            "rows": len(correct),
            "accuracy": round(float(correct.mean()), 4),
            "calibration_error": round(calibration_error(chances.max(axis=1), correct), 4),
            "cut": _cut_json(cut),
        }
    heads["category"]["secondary_above"] = SECONDARY_ABOVE
    heads["tagger"] = {
        "tags": list(labels.tags),
        "temperature": fit_temperature(held_out["tag"]),
        "keep_above": KEEP_SPANS_ABOVE,
    }
    return heads, figures


class Calibration:
    """The graphs of a folder that is being made, ready to be asked."""

    def __init__(self, files: ModelFiles, labels: LabelSet, limits: WindowLimits) -> None:
        self._labels = labels
        self._full = self._open(files.onnx)
        self._fast = None if files.fast is None else self._open(files.fast)
        self._reader = Teacher(files.onnx.parent, {}, labels, limits, open_tokenizer(files.tokenizer))

    def known_answers(self, tickets: Sequence[LabelledTicket]) -> dict[str, HeldOut]:
        """The full tier's logits by head, and of the tagger by token (``tag``), where the right answer is known."""
        encoded = encode_tickets(tickets, self._reader)
        logits = self._ask(encoded)[FULL]
        category, sentiment, urgency = zip(*(label_targets(ticket, self._labels) for ticket in tickets), strict=True)
        shares = np.stack(category)
        tags = [
            tag_targets(*one, self._labels)
            for one in zip(encoded.tickets, encoded.texts, encoded.batch.texts, strict=True)
        ]
        known = {
            "category": (logits.labels["category"], np.where(shares.sum(axis=1) > 0, shares.argmax(axis=1), UNKNOWN)),
            "sentiment": (logits.labels["sentiment"], np.array(sentiment)),
            "urgency": (logits.labels["urgency"], np.array(urgency)),
            "tag": (np.concatenate(logits.tags), np.concatenate(tags)),
        }
        return {
            name: HeldOut(output[target != UNKNOWN].astype(np.float64), target[target != UNKNOWN])
            for name, (output, target) in known.items()
        }

    def fast_tier(
        self, tickets: Sequence[LabelledTicket], full: dict[str, Any], targets: Mapping[str, float]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """The manifest's ``fast`` beside these heads of the full tier, and how often cuts accept, source by source."""
        encoded = encode_tickets(tickets, self._reader)
        logits = self._ask(encoded)
        fast, asked = (ticket_logits(logits[name]) for name in (FAST, FULL))
        tier = fit_fast_tier(encoded, fast, asked, self._reader, manifest_scaling(full), targets)
        return fast_section(tier, self._reader), tier.accepted_by_source

    def _ask(self, encoded: EncodedTickets) -> dict[TierName, TierLogits]:
        return tier_logits(self._full, self._fast, encoded.batch, encoded.batch.rows)

    def _open(self, graph: Path) -> Tier:
        widths = [len(getattr(self._labels, name)) for name in (*HEADS, "tags")]
        return Tier(graph, widths, (CLS_ID, SEP_ID), EngineSettings())


def _cut_json(cut: Cut | None) -> dict[str, Any] | None:
    return None if cut is None else asdict(cut)
