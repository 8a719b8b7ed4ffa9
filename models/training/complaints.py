"""In: the folder of public data sets. Out: consumer complaints (CFPB, public domain), which nobody labelled.

Raises OSError where they are missing.
"""

from __future__ import annotations

import csv
from pathlib import Path

from service.evaluation.data import LabelledTicket

_COMPLAINTS = Path("cfpb") / "complaints_sample.csv"
_COMPLAINT_COLUMN = "Consumer complaint narrative"
_BENCH_COMPLAINTS = 400


def complaints_for_cuts(data_dir: Path) -> list[LabelledTicket]:
    """Every second complaint of the sample."""
    return _complaints(data_dir)[::2]


def complaints_to_learn_from(data_dir: Path) -> list[LabelledTicket]:
    """The other complaints but for the first ones, which `deskroute bench` measures on."""
    return _complaints(data_dir)[_BENCH_COMPLAINTS + 1 :: 2]


def _complaints(data_dir: Path) -> list[LabelledTicket]:
    with (data_dir / _COMPLAINTS).open(encoding="utf-8", newline="") as lines:
        bodies = [row[_COMPLAINT_COLUMN] for row in csv.DictReader(lines) if row[_COMPLAINT_COLUMN]]
    return [LabelledTicket(subject=None, body=body, source="cfpb") for body in bodies]
