"""In: an encoded batch. Out: calibrated probabilities of every head, each from the smallest tier that is sure of it.

Every row runs through the fast tier. What that is unsure of, head by head, is gathered, sorted by length again and run
through the full tier, which may go on from the fast one's states; a head that was sure keeps its fast answer. Without a
fast tier all answers are the full tier's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from service.inference.encode import EncodedBatch, Row
from service.inference.manifest import FastTier, Head, Manifest, Tagger
from service.inference.tier import LABEL_HEADS, EngineSettings, Floats, Tier, TierLogits

Bools = NDArray[np.bool_]

TierName = Literal["fast", "full"]
FAST: TierName = "fast"
FULL: TierName = "full"

TAGGER = "tagger"
_HEADS = (*LABEL_HEADS, TAGGER)
_PORTION_TOKENS = 16_384
"""The states of so many tokens are 25 MB at 384 numbers each; a portion holds them until it is answered."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Probabilities of a batch: [texts, labels] a label head, [tokens, tags] a text.

    ``from_full`` says for each head, the tagger among them, which texts' answers are the full tier's.
    """

    labels: Mapping[str, Floats]
    tags: Sequence[Floats]
    from_full: Mapping[str, Bools]


class Cascade:
    """The tiers of one model; without ``settings.fast_tier`` every answer is the full tier's."""

    def __init__(self, manifest: Manifest, full: Tier, fast: Tier | None, settings: EngineSettings) -> None:
        self._manifest, self._full, self._fast, self._settings = manifest, full, fast, settings

    def answer(self, batch: EncodedBatch) -> Answers:
        """Ask the fast tier everything, and the full tier what is left."""
        sort_by_length = self._settings.sort_by_length
        portions = list(batch.portions(_PORTION_TOKENS, sort_by_length=sort_by_length)) if self._full.goes_on else []
        if len(portions) < 2:
            return self._answer(batch)
        return _joined([(chosen, self._answer(part)) for chosen, part in portions])

    def logits(self, batch: EncodedBatch, rows: Sequence[Row]) -> dict[TierName, TierLogits]:
        """The unscaled logits of each tier on these rows."""
        return tier_logits(self._full, self._fast, batch, rows)

    def _answer(self, batch: EncodedBatch) -> Answers:
        count = len(batch.texts)
        if self._fast is None or self._manifest.fast is None or not self._settings.fast_tier:
            everything = {name: np.ones(count, bool) for name in _HEADS}
            states = self._fast.run(batch, batch.rows).states if self._fast and self._full.goes_on else ()
            return self._answers(self._full.run(batch, batch.rows, states), self._manifest, everything)
        first = self._fast.run(batch, batch.rows)
        fast = self._answers(first, self._manifest.fast, {name: np.zeros(count, bool) for name in _HEADS})
        unsure = _unsure(fast, self._manifest.fast)
        any_label = np.logical_or.reduce([unsure[name] for name in LABEL_HEADS])
        numbers = [
            number
            for number, row in enumerate(batch.rows)
            if unsure[TAGGER][row.text_index] or (row.for_labels and any_label[row.text_index])
        ]
        if not numbers:
            return fast
        rows = [batch.rows[number] for number in numbers]
        states = [first.states[number] for number in numbers] if self._full.goes_on else ()
        full = self._answers(self._full.run(batch, rows, states), self._manifest, unsure)
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


def tier_logits(full: Tier, fast: Tier | None, batch: EncodedBatch, rows: Sequence[Row]) -> dict[TierName, TierLogits]:
    """What each tier says of these rows, unscaled."""
    if fast is None:
        return {FULL: full.run(batch, rows)}
    first = fast.run(batch, rows)
    return {FAST: first, FULL: full.run(batch, rows, first.states if full.goes_on else ())}


def _joined(parts: Sequence[tuple[Sequence[int], Answers]]) -> Answers:
    """The answers of all portions, in the order of the whole batch's texts."""
    order = np.argsort([index for chosen, _ in parts for index in chosen])
    tags = [tags for _, answers in parts for tags in answers.tags]
    return Answers(
        labels={name: np.concatenate([answers.labels[name] for _, answers in parts])[order] for name in LABEL_HEADS},
        tags=[tags[position] for position in order],
        from_full={name: np.concatenate([answers.from_full[name] for _, answers in parts])[order] for name in _HEADS},
    )


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
