"""In: an encoded batch. Out: calibrated probabilities of every head, each from the smallest tier that is sure of it.

Every row of a text that is not too long for it runs through the fast tier. What that is unsure of, head by head, is
gathered with the long texts, sorted by length again and run through the full tier; a head that was sure keeps its fast
answer. Without a fast tier all answers are the full tier's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.inference.encode import EncodedBatch
from service.inference.manifest import FastTier, Head, Manifest, Tagger
from service.inference.tier import LABEL_HEADS, Floats, Tier, TierLogits

Bools = NDArray[np.bool_]

TAGGER = "tagger"


@dataclass(frozen=True, slots=True)
class Answers:
    """Probabilities of a batch: [texts, labels] a label head, [tokens, tags] a text.

    ``from_full`` says for each head, the tagger among them, which texts' answers are the full tier's.
    """

    labels: Mapping[str, Floats]
    tags: Sequence[Floats]
    from_full: Mapping[str, Bools]


class Cascade:
    """The tiers of one model."""

    def __init__(self, manifest: Manifest, full: Tier, fast: Tier | None) -> None:
        self._manifest, self._full, self._fast = manifest, full, fast

    def answer(self, batch: EncodedBatch) -> Answers:
        """Ask the fast tier everything, and the full tier what is left."""
        count = len(batch.texts)
        if self._fast is None or self._manifest.fast is None:
            everything = {name: np.ones(count, bool) for name in (*LABEL_HEADS, TAGGER)}
            return self._answers(self._full.run(batch, batch.rows), self._manifest, everything)
        most = self._manifest.fast.max_text_tokens
        too_long = np.array([most is not None and len(text.ids) > most for text in batch.texts], bool)
        for_fast = [row for row in batch.rows if not too_long[row.text_index]]
        fast = self._answers(
            self._fast.run(batch, for_fast), self._manifest.fast, {name: np.zeros(count, bool) for name in _HEADS}
        )
        unsure = {name: again | too_long for name, again in _unsure(fast, self._manifest.fast).items()}
        any_label = np.logical_or.reduce([unsure[name] for name in LABEL_HEADS])
        rows = [
            row
            for row in batch.rows
            if unsure[TAGGER][row.text_index] or (row.for_labels and any_label[row.text_index])
        ]
        if not rows:
            return fast
        full = self._answers(self._full.run(batch, rows), self._manifest, unsure)
        return Answers(
            labels={
                name: np.where(unsure[name][:, None], full.labels[name], fast.labels[name]) for name in LABEL_HEADS
            },
            tags=[full.tags[index] if unsure[TAGGER][index] else fast.tags[index] for index in range(count)],
            from_full=unsure,
        )

    def _answers(self, logits: TierLogits, scaling: Manifest | FastTier, from_full: Mapping[str, Bools]) -> Answers:
        heads: dict[str, Head] = {name: getattr(scaling, name) for name in LABEL_HEADS}
        tagger: Tagger = scaling.tagger
        return Answers(
            labels={
                name: softmax(logits.labels[name] / head.temperature + np.array(head.biases or 0, np.float32))
                for name, head in heads.items()
            },
            tags=[softmax(tags / tagger.temperature) for tags in logits.tags],
            from_full=from_full,
        )


_HEADS = (*LABEL_HEADS, TAGGER)


def _unsure(fast: Answers, cuts: FastTier) -> dict[str, Bools]:
    unsure: dict[str, Bools] = {
        name: fast.labels[name].max(axis=1) < getattr(cuts, name).accept_above for name in LABEL_HEADS
    }
    unsure[TAGGER] = np.array([tag_confidence(tags) < cuts.tagger.accept_above for tags in fast.tags], bool)
    return unsure


def tag_confidence(probabilities: Floats) -> float:
    """How sure the tagger is of a text: the smallest, over its tokens, of the chosen tag's probability; 1 for none."""
    return float(probabilities.max(axis=1).min()) if len(probabilities) else 1.0


def softmax(logits: Floats) -> Floats:
    """Softmax over the last axis, in float32."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True, initial=-np.inf))
    result: Floats = shifted / shifted.sum(axis=-1, keepdims=True)
    return result
