"""In: a model folder, and what `deskroute evaluate --json` printed for it. Out: the folder's `MODEL_CARD.md`.

Run as ``python -m models.training.card DIR TEST.json TWEETS.json > DIR/MODEL_CARD.md``; every figure of the card comes
from these files, the words from `card.md` beside this module.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from string import Template
from typing import Any

from service.inference.manifest import MANIFEST_FILE

_WORDS = Path(__file__).with_name("card.md")
_HEADS = ("category", "sentiment", "urgency")


def write_card(folder: Path, test: dict[str, Any], tweets: dict[str, Any]) -> str:
    """The card's text."""
    manifest = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
    provenance = manifest["provenance"]
    return Template(_WORDS.read_text(encoding="utf-8")).substitute(
        name=manifest["name"],
        version=manifest["version"],
        created_at=manifest["created_at"],
        base=provenance["base_encoder"],
        megabytes=f"{sum(entry['bytes'] for entry in manifest['files'].values()) / 1e6:.1f}",
        recipe=json.dumps(provenance["recipe"], sort_keys=True),
        sources=", ".join(f"{name} {count}" for name, count in provenance["rows_by_source"].items()),
        test_rows=test["rows"],
        heads="\n".join(_head_row(name, test[name]) for name in _HEADS),
        classes="\n".join(_class_row(name, row) for name in _HEADS for row in test[name]["classes"]),
        fields="\n".join(_class_row("field", row) for row in test["fields"]["types"]),
        fields_f1=f"{test['fields']['micro_f1']:.3f}",
        fields_exact_f1=f"{test['fields']['exact_micro_f1']:.3f}",
        other_recall=f"{test['out_of_scope']['recall']:.3f}",
        in_scope_kept=f"{test['out_of_scope']['in_scope_kept']:.3f}",
        coverage=", ".join(f"{row['target_precision']:.2f} at {row['coverage']:.3f}" for row in test["coverage"]),
        groups="\n".join(
            f"| {g['dimension']} | {g['group']} | {g['rows']} | {g['accuracy']:.3f} |" for g in test["groups"]
        ),
        tweets_rows=tweets["rows"],
        tweets_recall=f"{tweets['sentiment']['macro_recall']:.3f}",
        tweets_accuracy=f"{tweets['sentiment']['accuracy']:.3f}",
        dev_rows=provenance["calibration_rows"],
        calibration=json.dumps(provenance["calibration"], sort_keys=True),
    )


def _head_row(name: str, head: dict[str, Any]) -> str:
    figures = (head["accuracy"], head["macro_f1"], head["macro_recall"], head["calibration_error"])
    return f"| {name} | {head['rows']} | " + " | ".join(f"{value:.3f}" for value in figures) + " |"


def _class_row(kind: str, row: dict[str, Any]) -> str:
    figures = (row["precision"], row["recall"], row["f1"])
    return f"| {kind} | {row['label']} | {row['support']} | " + " | ".join(f"{value:.3f}" for value in figures) + " |"


if __name__ == "__main__":
    _folder, _test, _tweets = map(Path, sys.argv[1:4])
    sys.stdout.write(write_card(_folder, json.loads(_test.read_text()), json.loads(_tweets.read_text())))
