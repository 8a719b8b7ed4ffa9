"""In: the default model and a few texts. Out: layouts of processes and threads are measured, or fail loudly."""

from __future__ import annotations

from pathlib import Path

import pytest

from load_tests.processes import tickets_per_s
from service.bundled import default_model_folder
from service.normalize import normalize

TEXTS = [normalize(None, f"Where is my parcel number {number}?") for number in range(4)]


@pytest.mark.model
def test_layout_of_two_processes_answers_all_tickets() -> None:
    assert tickets_per_s(default_model_folder(), TEXTS, processes=2, threads=1) > 0


def test_layout_whose_processes_cannot_start_fails(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="a process of 1 x 1 failed"):
        tickets_per_s(tmp_path / "absent", TEXTS, processes=1, threads=1)
