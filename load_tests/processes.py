"""In: this machine and a model folder. Out: tickets/s of the model with so many processes of so many threads each.

Run as ``python -m load_tests.processes``. All layouts are run in turn; the processes of one start together on a barrier
and share the tickets evenly, and it is done when its last process is. The cache of recent texts is off.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import time
from contextlib import suppress
from multiprocessing.synchronize import Barrier
from pathlib import Path
from statistics import median
from threading import BrokenBarrierError

from service.bench.texts import read_ticket_sets
from service.bundled import default_model_folder
from service.inference.engine import InferenceEngine
from service.inference.tier import EngineSettings
from service.normalize import normalize
from service.normalized import NormalizedText

_BATCH_TICKETS = 256
_START_LIMIT_S = 120.0


def tickets_per_s(folder: Path, texts: list[NormalizedText], processes: int, threads: int) -> float:
    """By the clock on the wall, from the common start to the end of the last process."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(processes + 1)
    shares = [texts[number::processes] for number in range(processes)]
    children = [context.Process(target=_predict, args=(folder, share, threads, barrier)) for share in shares]
    for child in children:
        child.start()
    with suppress(BrokenBarrierError):
        barrier.wait(_START_LIMIT_S)
    started = time.perf_counter()
    for child in children:
        child.join()
    taken_s = time.perf_counter() - started
    if barrier.broken or any(child.exitcode for child in children):
        raise RuntimeError(f"a process of {processes} x {threads} failed")
    return len(texts) / taken_s


def _predict(folder: Path, texts: list[NormalizedText], threads: int, barrier: Barrier) -> None:
    try:
        engine = InferenceEngine(folder, EngineSettings(threads=threads))
        engine.predict(texts[:4])
    except Exception:
        barrier.abort()
        raise
    barrier.wait(_START_LIMIT_S)
    for start in range(0, len(texts), _BATCH_TICKETS):
        engine.predict(texts[start : start + _BATCH_TICKETS])


def main() -> None:
    """Measure every layout on every ticket set and print medians as JSON."""
    parser = argparse.ArgumentParser(prog="python -m load_tests.processes", description=__doc__)
    parser.add_argument("--model", type=Path, default=default_model_folder())
    parser.add_argument("--layouts", default="1x1,1x2,2x1,2x2", help="processes x threads, separated by commas")
    parser.add_argument("--tickets", type=int, default=300)
    parser.add_argument("--data", type=Path, help="also on the long complaints of this folder's cfpb/")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    layouts = [tuple(int(part) for part in layout.split("x")) for layout in options.layouts.split(",")]
    for ticket_set in read_ticket_sets(options.data, options.tickets, options.tickets):
        texts = [normalize(ticket.subject, ticket.body) for ticket in ticket_set.tickets]
        speeds: dict[str, list[float]] = {}
        for _ in range(options.rounds):
            for processes, threads in layouts:
                speed = tickets_per_s(options.model, texts, processes, threads)
                speeds.setdefault(f"{processes}x{threads}", []).append(speed)
        medians = {layout: round(median(measured), 1) for layout, measured in speeds.items()}
        print(json.dumps({"tickets": ticket_set.name, "tickets_per_s": medians}))


if __name__ == "__main__":
    main()
