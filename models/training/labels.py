"""In: a JSON file of label names. Out: the `LabelSet` that a recipe trains; the default model's stands beside this."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

DEFAULT_LABELS_FILE = Path(__file__).with_name("labels.json")


@dataclass(frozen=True, slots=True)
class LabelSet:
    """The labels of each head in logit order, and the field types that the tagger knows."""

    category: tuple[str, ...]
    sentiment: tuple[str, ...]
    urgency: tuple[str, ...]
    fields: tuple[str, ...]

    @property
    def tags(self) -> tuple[str, ...]:
        """BIO tags in logit order: `O`, then `B-` and `I-` of each field type."""
        return ("O", *(f"{prefix}-{name}" for name in self.fields for prefix in "BI"))


def read_labels(path: Path = DEFAULT_LABELS_FILE) -> LabelSet:
    """Read a label set; raises KeyError where a head is missing."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    return LabelSet(*(tuple(raw[name]) for name in ("category", "sentiment", "urgency", "fields")))
