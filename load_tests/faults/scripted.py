"""In: settings. Out: a decider whose model answers by arithmetic, so that a fault test takes seconds.

Everything else of deciding is real: normalising, patterns, language, routing, and the model's own labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from typing import cast

import numpy as np
from numpy.typing import NDArray

from service.clocks import Clocks
from service.decide import Decider
from service.inference.engine import InferenceEngine, Prediction
from service.normalize import normalize
from service.normalized import NormalizedText
from service.settings import Settings
from service.wiring import build_decider, build_engine

_SURE, _UNSURE = 0.9, 0.4
_UNSURE_BELOW_BYTE = 51
"""A fifth of all tickets goes to review too."""


class ScriptedEngine:
    """Predicts from the digest of a text: the same text gives the same labels, on every machine.

    The real engine is asked once, for what a prediction holds beside labels.
    """

    def __init__(self, engine: InferenceEngine) -> None:
        self.manifest, self.model = engine.manifest, engine.model
        self._answer = replace(engine.predict([normalize("", "Hello")])[0], spans=())

    def predict(self, texts: Sequence[NormalizedText]) -> list[Prediction]:
        """One prediction a text, in their order."""
        return [self._predict(text.text) for text in texts]

    def _predict(self, text: str) -> Prediction:
        digest = sha256(text.encode("utf-8", "surrogatepass")).digest()
        best = _UNSURE if digest[0] < _UNSURE_BELOW_BYTE else _SURE
        heads = (self.manifest.category, self.manifest.sentiment, self.manifest.urgency)
        category, sentiment, urgency = (
            _probabilities(len(head.labels), chosen, best) for head, chosen in zip(heads, digest[1:4], strict=True)
        )
        return replace(self._answer, category=category, sentiment=sentiment, urgency=urgency)


def scripted_decider(settings: Settings, clocks: Clocks) -> Decider:
    """The decider of these settings, but for its model."""
    return build_decider(settings, clocks, cast(InferenceEngine, ScriptedEngine(build_engine(settings))))


def _probabilities(labels: int, chosen: int, best: float) -> NDArray[np.float32]:
    values = np.full(labels, (1 - best) / (labels - 1), np.float32)
    values[chosen % labels] = best
    return values
