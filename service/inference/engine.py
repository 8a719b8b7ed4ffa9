"""In: normalised texts. Out: one `Prediction` a text, the same whatever texts stand beside it in the batch.

Raises `ModelError` where the model folder cannot be opened or the graph does not fit its manifest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors
from tokenizers import Tokenizer

from service.errors import InferenceError, ModelError
from service.inference.encode import EncodedBatch, Row, WindowLimits, encode_texts, pad_rows
from service.inference.manifest import ONNX_FILE, TOKENIZER_FILE, Head, open_model_folder
from service.inference.spans import read_spans
from service.normalized import NormalizedText
from service.result import FieldSpan

INPUTS = ("input_ids", "attention_mask", "token_type_ids")
OUTPUTS = ("category_logits", "sentiment_logits", "urgency_logits", "tag_logits")

Floats = NDArray[np.float32]

_ORT_ERRORS = (
    RuntimeError,
    ort_errors.Fail,
    ort_errors.RuntimeException,
    ort_errors.InvalidArgument,
    ort_errors.InvalidProtobuf,
    ort_errors.InvalidGraph,
    ort_errors.NoSuchFile,
    ort_errors.NotImplemented,
)


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model says of a text: calibrated probabilities (float32) in label order, and spans in its characters."""

    category: Floats
    sentiment: Floats
    urgency: Floats
    spans: tuple[FieldSpan, ...]
    token_count: int
    truncated: bool


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How rows are run: threads of onnxruntime, and the padded tokens and rows that one call may hold.

    Without ``sort_by_length`` rows are run as they arrive, which is only good for showing what sorting saves.
    """

    threads: int = 1
    tokens_per_call: int = 4_096
    rows_per_call: int = 1_024
    sort_by_length: bool = True


class InferenceEngine:
    """A model folder, opened and verified, ready to predict. `predict` and `run` may raise `InferenceError`."""

    def __init__(self, folder: Path, settings: EngineSettings | None = None) -> None:
        self.manifest, self.model = open_model_folder(folder)
        self._settings = settings or EngineSettings()
        options = ort.SessionOptions()
        options.intra_op_num_threads = self._settings.threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = ort.InferenceSession(str(folder / ONNX_FILE), options, providers=["CPUExecutionProvider"])
        except (*_ORT_ERRORS, ValueError, OSError) as error:
            raise ModelError(f"model {folder} cannot be loaded: {error}") from error
        self._tokenizer = _open_tokenizer(folder / TOKENIZER_FILE)
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._cls_id, self._sep_id = (self._token_id(token) for token in ("[CLS]", "[SEP]"))
        self._limits = WindowLimits(self.manifest.max_tokens, self.manifest.head_tokens, self.manifest.max_windows)
        self._check_graph()

    def predict(self, texts: Sequence[NormalizedText]) -> list[Prediction]:
        """Predict each text; the order of the answers is that of the texts."""
        return self.run(self.encode(texts), texts)

    def encode(self, texts: Sequence[NormalizedText]) -> EncodedBatch:
        """Tokenise texts into rows of the model's input."""
        return encode_texts(self._tokenizer, texts, self._limits)

    def run(self, batch: EncodedBatch, texts: Sequence[NormalizedText]) -> list[Prediction]:
        """Run the encoded rows of ``texts`` in slices of similar length and gather each text's outputs."""
        manifest = self.manifest
        tag_count = len(manifest.tagger.tags)
        labels = [np.zeros((len(texts), len(head.labels)), np.float32) for head in self._heads]
        tags = [np.zeros((len(tokens.ids), tag_count), np.float32) for tokens in batch.texts]
        for indices in self._slices(batch.rows):
            rows = [batch.rows[index] for index in indices]
            inputs = pad_rows(rows, batch.texts, self._cls_id, self._sep_id)
            *head_logits, tag_logits = self._call(dict(zip(INPUTS, inputs, strict=True)))
            for line, row in enumerate(rows):
                if row.for_labels:
                    for target, logits in zip(labels, head_logits, strict=True):
                        target[row.text_index] = logits[line]
                if row.for_tags:
                    own = row.tagged
                    tags[row.text_index][row.positions[own]] = tag_logits[line, 1 + own.start : 1 + own.stop]
        category, sentiment, urgency = (
            softmax(logits / head.temperature + np.array(head.biases or 0, np.float32))
            for logits, head in zip(labels, self._heads, strict=True)
        )
        return [
            Prediction(
                category=category[index],
                sentiment=sentiment[index],
                urgency=urgency[index],
                spans=read_spans(
                    text.text,
                    batch.texts[index],
                    softmax(tags[index] / manifest.tagger.temperature),
                    manifest.tagger.field_types,
                    manifest.tagger.keep_above,
                ),
                token_count=len(batch.texts[index].ids),
                truncated=batch.truncated[index],
            )
            for index, text in enumerate(texts)
        ]

    def _call(self, inputs: dict[str, NDArray[np.int64]]) -> list[Floats]:
        try:
            outputs: list[Floats] = self._session.run(OUTPUTS, inputs)
        except _ORT_ERRORS as error:
            raise InferenceError(f"onnxruntime failed on input of shape {inputs[INPUTS[0]].shape}: {error}") from error
        return outputs

    @property
    def _heads(self) -> tuple[Head, Head, Head]:
        return self.manifest.category, self.manifest.sentiment, self.manifest.urgency

    def _slices(self, rows: Sequence[Row]) -> Iterator[list[int]]:
        """Row numbers, gathered so that a slice's rows times its longest row stay within the token budget."""
        order = range(len(rows))
        by_length = (
            sorted(order, key=lambda index: len(rows[index].positions)) if self._settings.sort_by_length else order
        )
        pending: list[int] = []
        longest = 0
        for index in by_length:
            length = len(rows[index].positions) + 2
            too_many_tokens = max(longest, length) * (len(pending) + 1) > self._settings.tokens_per_call
            if pending and (too_many_tokens or len(pending) >= self._settings.rows_per_call):
                yield pending
                pending, longest = [], 0
            pending.append(index)
            longest = max(longest, length)
        if pending:
            yield pending

    def _token_id(self, token: str) -> int:
        token_id = self._tokenizer.token_to_id(token)
        if token_id is None:
            raise ModelError(f"the tokenizer has no {token} token")
        return int(token_id)

    def _check_graph(self) -> None:
        widths = {output.name: output.shape[-1] for output in self._session.get_outputs()}
        expected = dict(
            zip(OUTPUTS, [len(head.labels) for head in self._heads] + [len(self.manifest.tagger.tags)], strict=True)
        )
        if widths != expected:
            raise ModelError(f"the graph's outputs {widths} do not fit the manifest's labels {expected}")


def _open_tokenizer(file: Path) -> Tokenizer:
    try:
        return Tokenizer.from_file(str(file))
    except Exception as error:  # tokenizers raises nothing narrower
        raise ModelError(f"{file} is not a tokenizer: {error}") from error


def softmax(logits: Floats) -> Floats:
    """Softmax over the last axis, in float32."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True, initial=-np.inf))
    result: Floats = shifted / shifted.sum(axis=-1, keepdims=True)
    return result
