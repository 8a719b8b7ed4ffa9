"""In: this machine. Out: what the delivery guarantees cost: throughput with and without them, and memory over time.

Run as ``python -m load_tests.overhead``. The same worker is run in turn with the guarantees and with a store that does
not fence and does not read back; the ratio is that of the medians. Then one worker takes 100,000 tickets.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from contextlib import AbstractContextManager
from datetime import datetime
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from deploy.local.process import wait_until
from load_tests.faults.parts import fresh_folder, own_kafka, own_postgres
from load_tests.faults.scene import Place, Scene, open_scene
from load_tests.faults.worker_process import WorkerProcess, WorkerTroubleError
from load_tests.oracle.recovery import Growth, memory_growth
from load_tests.oracle.samples import read_samples

_USUAL: dict[str, Any] = {"batch_max_tickets": 256, "commit_interval_ms": 1_000}
_LIMIT_S = 3_600.0
_TERMINATED = 143
_SAMPLED_EVERY_S = 0.2
_MEGABYTE = 1_024 * 1_024


class Bench:
    """A broker and a database server, with fresh topics and tables for every measurement."""

    def __init__(self, bootstrap: str, server_url: str, folder: Path) -> None:
        self._bootstrap, self._server_url, self._folder = bootstrap, server_url, folder
        self._numbers = count(1)

    def tickets_per_s(self, tickets: int, decider: str, *, guarded: bool) -> float:
        """From the end of the first batch to the end of the last, as the worker's own log has it."""
        with self._scene() as scene:
            scene.produce(tickets)
            worker = scene.start_worker(decider=decider, arguments=() if guarded else ("--unguarded",), **_USUAL)
            if not wait_until(lambda: sum(n for _, n in _batches(worker)) >= tickets, limit_s=_LIMIT_S):
                raise WorkerTroubleError(worker.log[-2_000:])
            worker.stop()
            batches = _batches(worker)
        taken_s = (batches[-1][0] - batches[0][0]).total_seconds()
        return sum(records for _, records in batches[1:]) / taken_s

    def memory(self, warm_up: int, tickets: int) -> Growth:
        """The resident memory of one worker after so many tickets, and after all of them."""
        with self._scene() as scene:
            scene.produce(tickets)
            scene.sample(_SAMPLED_EVERY_S)
            scene.start_worker(**_USUAL)
            scene.wait_until_published(_LIMIT_S)
            scene.workers[0].stop()
            scene.judge()
            growths = memory_growth(read_samples(scene.samples_file), warm_up)
        if not growths:
            raise WorkerTroubleError("too few tickets after the warm-up to say anything of memory")
        return growths[0]

    def _scene(self) -> AbstractContextManager[Scene]:
        return open_scene(Place(self._bootstrap, self._server_url, self._folder / f"scene-{next(self._numbers)}"))


def _batches(worker: WorkerProcess) -> list[tuple[datetime, int]]:
    """When each batch was published, and how many records it had."""
    lines = worker.log.split("\n")[:-1]
    said = [json.loads(line) for line in lines if '"batch_published"' in line]
    return [(datetime.fromisoformat(one["timestamp"]), one["records"]) for one in said]


def _compare(bench: Bench, decider: str, tickets: int, rounds: int) -> str:
    guarded: list[float] = []
    unguarded: list[float] = []
    for number in range(1, rounds + 1):
        guarded.append(bench.tickets_per_s(tickets, decider, guarded=True))
        unguarded.append(bench.tickets_per_s(tickets, decider, guarded=False))
        print(f"{decider}, round {number}: {guarded[-1]:.1f} and {unguarded[-1]:.1f} tickets/s", file=sys.stderr)
    ratio = median(guarded) / median(unguarded)
    return (
        f"{decider}: {median(guarded):.1f} tickets/s with the guarantees, {median(unguarded):.1f} without "
        f"(median of {rounds}, {tickets:,} tickets each, run in turn): {ratio:.3f}x"
    )


def main() -> None:
    """Parse the options, measure and print."""
    parser = argparse.ArgumentParser(prog="python -m load_tests.overhead", description=__doc__)
    add = parser.add_argument
    add("--rounds", type=int, default=5)
    add("--tickets", type=int, default=10_000, help="a run with the scripted decider; 0 for none")
    add("--model-tickets", type=int, default=1_000, help="a run with the real model; 0 for none")
    add("--memory-tickets", type=int, default=100_000, help="through one worker; 0 for none")
    add("--warm-up", type=int, default=20_000, help="after how many of them memory counts as warm")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_TERMINATED))  # so that brokers and databases are stopped too
    with own_kafka() as kafka, own_postgres() as postgres, fresh_folder() as folder:
        bench = Bench(kafka.bootstrap, postgres.url, folder)
        for decider, tickets in (("scripted", options.tickets), ("model", options.model_tickets)):
            if tickets:
                print(_compare(bench, decider, tickets, options.rounds))
        if options.memory_tickets:
            growth = bench.memory(options.warm_up, options.memory_tickets)
            print(
                f"memory: {growth.warm_bytes / _MEGABYTE:.1f} MiB after {options.warm_up:,} tickets, "
                f"{growth.last_bytes / _MEGABYTE:.1f} MiB after {options.memory_tickets:,} "
                f"({growth.last_bytes / growth.warm_bytes - 1:+.1%})"
            )


if __name__ == "__main__":
    main()
