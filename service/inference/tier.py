"""In: encoded rows. Out: the logits that one graph gives for them, by text and head.

Raises `ModelError` where the graph cannot be opened or does not fit the labels, and `InferenceError` where a run fails.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from service.errors import InferenceError, ModelError
from service.inference.encode import EncodedBatch, Row, pad_rows, padded_length
from service.inference.precision import Precision, PrecisionChoice, choose_precision

INPUTS = ("input_ids", "attention_mask", "token_type_ids")
LABEL_HEADS = ("category", "sentiment", "urgency")
OUTPUTS = (*(f"{name}_logits" for name in LABEL_HEADS), "tag_logits")
STATES = "states"
"""What a fast tier's graph may give besides, and then a full tier's takes: each token's state, float32 [rows, tokens,
hidden size]. Such a full tier goes on where the fast one stopped."""

Floats = NDArray[np.float32]

_PRECISION_ENTRIES: dict[Precision, tuple[str, str]] = {
    "int8": ("session.qdq_matmulnbits_accuracy_level", "4"),
    "float32": ("session.disable_quant_qdq", "1"),
}
"""Level 4 has activations in int8 too. Without treating quantised pairs, onnxruntime folds the weights to float32."""

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
class EngineSettings:
    """How rows are run: threads of onnxruntime, and the padded tokens and rows that one call may hold.

    Without ``sort_by_length`` rows are run as they arrive, which is only good for showing what sorting saves.
    ``fast_tier`` says whether a model's fast tier is asked first, where it has one. Of ``recent_texts`` texts the
    answers are remembered, which a benchmark that repeats its texts must not do. ``precision`` is that of the matrix
    products of a graph with int8 weights; the weights are the same in both.
    """

    threads: int = 1
    tokens_per_call: int = 512
    rows_per_call: int = 1_024
    sort_by_length: bool = True
    fast_tier: bool = True
    recent_texts: int = 0
    precision: PrecisionChoice = "auto"


@dataclass(frozen=True, slots=True)
class TierLogits:
    """Logits of a batch: one array of shape [texts, labels] a head, and [tokens, tags] a text; 0 if not run.

    The label logits of a text of several rows are the mean of those rows that count for labels. ``states`` has one
    array of shape [tokens, hidden size] a row that was run, special tokens included, or nothing if the graph has none.
    """

    labels: dict[str, Floats]
    tags: list[Floats]
    states: list[Floats]


class Tier:
    """One graph of a model folder. ``widths`` are the number of labels of each head, and of tags, in output order.

    ``states_given`` and ``states_taken`` are the width of a token's state where it gives or takes them.
    """

    def __init__(
        self, graph: Path, widths: Sequence[int], special_ids: tuple[int, int], settings: EngineSettings
    ) -> None:
        self._settings = settings
        self._widths = dict(zip((*LABEL_HEADS, "tag"), widths, strict=True))
        self._cls_id, self._sep_id = special_ids
        options = ort.SessionOptions()
        options.intra_op_num_threads = settings.threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.add_session_config_entry(*_PRECISION_ENTRIES[choose_precision(settings.precision)])
        try:
            self._session = ort.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
        except (*_ORT_ERRORS, ValueError, OSError) as error:
            raise ModelError(f"{graph} cannot be loaded: {error}") from error
        found = {output.name: output.shape[-1] for output in self._session.get_outputs()}
        self.states_given: int | None = found.pop(STATES, None)
        self.states_taken = next(
            (given.shape[-1] for given in self._session.get_inputs() if given.name == STATES), None
        )
        expected = dict(zip(OUTPUTS, widths, strict=True))
        if found != expected:
            raise ModelError(f"the outputs {found} of {graph} do not fit the manifest's labels {expected}")

    @property
    def goes_on(self) -> bool:
        """Whether it starts from the states of another tier instead of from tokens."""
        return self.states_taken is not None

    def run(self, batch: EncodedBatch, rows: Sequence[Row], states: Sequence[Floats] = ()) -> TierLogits:
        """Run some rows of a batch in slices of similar length; a tier that goes on needs the ``states`` of each."""
        labels = {name: np.zeros((len(batch.texts), self._widths[name]), np.float32) for name in LABEL_HEADS}
        tags = [np.zeros((len(tokens.ids), self._widths["tag"]), np.float32) for tokens in batch.texts]
        label_rows = Counter(row.text_index for row in rows if row.for_labels)
        own_states: list[Floats] = [np.zeros((0, 0), np.float32)] * (len(rows) if self.states_given else 0)
        for indices in self._slices(rows):
            chosen = [rows[index] for index in indices]
            inputs = self._inputs(batch, chosen, [states[index] for index in indices] if self.goes_on else ())
            outputs = self._call(inputs)
            head_logits, tag_logits = outputs[: len(LABEL_HEADS)], outputs[len(LABEL_HEADS)]
            for line, row in enumerate(chosen):
                if row.for_labels:
                    for name, logits in zip(LABEL_HEADS, head_logits, strict=True):
                        labels[name][row.text_index] += logits[line] / label_rows[row.text_index]
                own = row.tagged
                tags[row.text_index][row.positions[own]] = tag_logits[line, 1 + own.start : 1 + own.stop]
                if self.states_given:
                    own_states[indices[line]] = outputs[-1][line, : len(row.positions) + 2]
        return TierLogits(labels, tags, own_states)

    def _inputs(self, batch: EncodedBatch, rows: Sequence[Row], states: Sequence[Floats]) -> dict[str, NDArray[Any]]:
        ids, mask, shapes = pad_rows(rows, batch.texts, self._cls_id, self._sep_id)
        if not self.goes_on:
            return dict(zip(INPUTS, (ids, mask, shapes), strict=True))
        padded = np.zeros((*ids.shape, states[0].shape[1]), np.float32)
        for line, own in enumerate(states):
            padded[line, : len(own)] = own
        return {STATES: padded, "attention_mask": mask}

    def _call(self, inputs: dict[str, NDArray[Any]]) -> list[Floats]:
        names = (*OUTPUTS, STATES) if self.states_given else OUTPUTS
        try:
            outputs: list[Floats] = self._session.run(names, inputs)
        except _ORT_ERRORS as error:
            shape = inputs["attention_mask"].shape
            raise InferenceError(f"onnxruntime failed on input of shape {shape}: {error}") from error
        return outputs

    def _slices(self, rows: Sequence[Row]) -> Iterator[list[int]]:
        """Row numbers, gathered so that a slice's rows times its longest row stay within the token budget."""
        order = range(len(rows))
        by_length = (
            sorted(order, key=lambda index: len(rows[index].positions)) if self._settings.sort_by_length else order
        )
        pending: list[int] = []
        longest = 0
        for index in by_length:
            length = padded_length(rows[index])
            too_many_tokens = max(longest, length) * (len(pending) + 1) > self._settings.tokens_per_call
            if pending and (too_many_tokens or len(pending) >= self._settings.rows_per_call):
                yield pending
                pending, longest = [], 0
            pending.append(index)
            longest = max(longest, length)
        if pending:
            yield pending
