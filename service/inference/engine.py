"""In: normalised texts. Out: one `Prediction` a text, the same whatever texts stand beside it in the batch.

Raises `ModelError` where the model folder cannot be opened or a graph does not fit its manifest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from service.errors import ModelError
from service.inference.cascade import FAST, FULL, Cascade, TierName
from service.inference.encode import EncodedBatch, WindowLimits, encode_texts
from service.inference.manifest import FAST_FILE, ONNX_FILE, TOKENIZER_FILE, open_model_folder
from service.inference.recent import RecentTexts
from service.inference.spans import read_spans
from service.inference.tier import EngineSettings, Floats, Tier, TierLogits
from service.normalized import NormalizedText
from service.result import FieldSpan


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model says of a text: calibrated probabilities (float32) in label order, and spans in its characters.

    ``tiers`` says which tier answered each head, the tagger among them.
    """

    category: Floats
    sentiment: Floats
    urgency: Floats
    spans: tuple[FieldSpan, ...]
    token_count: int
    truncated: bool
    tiers: Mapping[str, TierName]


class InferenceEngine:
    """A model folder, opened and verified, ready to predict. `predict` and `run` may raise `InferenceError`."""

    def __init__(self, folder: Path, settings: EngineSettings | None = None) -> None:
        self.manifest, self.model = open_model_folder(folder)
        chosen = settings or EngineSettings()
        self._tokenizer = _open_tokenizer(folder / TOKENIZER_FILE)
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        special_ids = (self._token_id("[CLS]"), self._token_id("[SEP]"))
        manifest = self.manifest
        widths = [len(head.labels) for head in (manifest.category, manifest.sentiment, manifest.urgency)]
        widths.append(len(manifest.tagger.tags))
        full = Tier(folder / ONNX_FILE, widths, special_ids, chosen)
        has_fast = manifest.fast is not None and (chosen.fast_tier or full.goes_on)
        fast = Tier(folder / FAST_FILE, widths, special_ids, chosen) if has_fast else None
        given = None if fast is None else fast.states_given
        if full.goes_on and full.states_taken != given:
            raise ModelError(
                f"{folder}: the full tier goes on from states of width {full.states_taken}, the fast one gives {given}"
            )
        self._cascade = Cascade(manifest, full, fast, chosen)
        self._recent: RecentTexts[Prediction] = RecentTexts(chosen.recent_texts)
        self._limits = WindowLimits(manifest.max_tokens, manifest.max_windows)

    def predict(self, texts: Sequence[NormalizedText]) -> list[Prediction]:
        """Predict each text; the order of the answers is that of the texts."""
        return self._recent.through(texts, lambda new: self.run(self.encode(new), new))

    def tier_logits(self, batch: EncodedBatch) -> Mapping[TierName, TierLogits]:
        """Each tier's unscaled logits of every row of the batch."""
        return self._cascade.logits(batch, batch.rows)

    def encode(self, texts: Sequence[NormalizedText]) -> EncodedBatch:
        """Tokenise texts into rows of the model's input."""
        return encode_texts(self._tokenizer, texts, self._limits)

    def run(self, batch: EncodedBatch, texts: Sequence[NormalizedText]) -> list[Prediction]:
        """Answer the encoded rows of ``texts`` and gather each text's answers."""
        answers = self._cascade.answer(batch)
        tagger = self.manifest.tagger
        return [
            Prediction(
                category=answers.labels["category"][index],
                sentiment=answers.labels["sentiment"][index],
                urgency=answers.labels["urgency"][index],
                spans=read_spans(
                    text.text, batch.texts[index], answers.tags[index], tagger.field_types, tagger.keep_above
                ),
                token_count=len(batch.texts[index].ids),
                truncated=batch.truncated[index],
                tiers={name: FULL if full[index] else FAST for name, full in answers.from_full.items()},
            )
            for index, text in enumerate(texts)
        ]

    def _token_id(self, token: str) -> int:
        token_id = self._tokenizer.token_to_id(token)
        if token_id is None:
            raise ModelError(f"the tokenizer has no {token} token")
        return int(token_id)


def _open_tokenizer(file: Path) -> Tokenizer:
    try:
        return Tokenizer.from_file(str(file))
    except Exception as error:  # tokenizers raises nothing narrower
        raise ModelError(f"{file} is not a tokenizer: {error}") from error
