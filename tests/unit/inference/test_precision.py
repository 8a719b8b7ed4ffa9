"""In: what Linux says of a processor, and the default model. Out: the right precision, and answers that are close."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from service.bundled import default_model_folder
from service.inference.engine import InferenceEngine
from service.inference.precision import choose_precision
from service.inference.tier import EngineSettings
from service.normalize import normalize

_PROCESSOR = "processor\t: 0\nmodel name\t: x\nflags\t\t: fpu sse2 avx2 {flag}\n\nprocessor\t: 1\nflags\t\t: fpu\n"


@pytest.mark.parametrize(
    ("flag", "expected"),
    [("avx512_vnni", "int8"), ("avx_vnni", "int8"), ("avx512f", "float32"), ("not_avx_vnni_at_all", "float32")],
)
def test_precision_left_to_the_service_follows_the_processors_flags(tmp_path: Path, flag: str, expected: str) -> None:
    cpu_info = tmp_path / "cpuinfo"
    cpu_info.write_text(_PROCESSOR.format(flag=flag), encoding="utf-8")

    assert choose_precision("auto", cpu_info) == expected


def test_precision_of_a_processor_that_tells_nothing_is_float32(tmp_path: Path) -> None:
    assert choose_precision("auto", tmp_path / "none") == "float32"


def test_precision_asked_for_is_what_is_used(tmp_path: Path) -> None:
    assert [choose_precision(choice, tmp_path) for choice in ("int8", "float32")] == ["int8", "float32"]


@pytest.mark.model
def test_engine_in_either_precision_gives_nearly_the_same_answers() -> None:
    texts = [normalize("Refund", "I want my money back for order AB-1234."), normalize(None, "The app crashes.")]

    answers = [
        InferenceEngine(default_model_folder(), EngineSettings(precision=precision, fast_tier=False)).predict(texts)
        for precision in ("int8", "float32")
    ]

    for one, other in zip(*answers, strict=True):
        assert one.category.argmax() == other.category.argmax()
        difference = np.abs(one.category - other.category).max()
        # Activations are rounded in one and not in the other: no difference at all would mean that nothing was chosen.
        assert 0 < difference < 0.1
