"""In: fresh processes of this build. Out: their start-up time and memory, or one clear error."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from service.bench.processes import WORKER_TICKETS, BenchError, ready_s, worker_memory
from service.settings import Settings

MESSAGES = [
    json.dumps({"ticket_id": str(number), "body": f"Where is order A-{number}?"}).encode()
    for number in range(WORKER_TICKETS)
]


@pytest.mark.model
@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_worker_memory_is_that_of_a_process_that_holds_the_model() -> None:
    memory = worker_memory(Settings(), MESSAGES)

    assert memory is not None
    assert 50 < memory.resident_mb <= memory.peak_mb


@pytest.mark.model
def test_ready_includes_the_start_of_the_interpreter() -> None:
    assert ready_s(Settings()) > 0.1


def test_worker_memory_with_part_of_a_batch_is_refused() -> None:
    with pytest.raises(ValueError, match="256"):
        worker_memory(Settings(), MESSAGES[:1])


def test_processes_that_cannot_start_are_an_error_and_no_figure(tmp_path: Path) -> None:
    no_model = Settings(model_dir=tmp_path)

    with pytest.raises(BenchError):
        ready_s(no_model)
    with pytest.raises(BenchError):
        worker_memory(no_model, MESSAGES)
