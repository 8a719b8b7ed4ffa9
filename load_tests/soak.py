"""In: this machine. Out: one table of what every fault cost, over several rounds each; losses must be 0.

Run as ``python -m load_tests.soak`` (`make soak`). Brokers, databases and workers are real and its own. Exits 1 where
something was lost, duplicated, missing or contradicted, and 2 where it could not be run.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from deploy.local.errors import LocalPartsError
from deploy.local.settings import PROJECT_ROOT
from load_tests.faults.catalog import FAULTS, LONG, Ground, Plan, Run
from load_tests.faults.extremes import NotPossibleError
from load_tests.faults.parts import fresh_folder, own_kafka, own_postgres
from load_tests.faults.worker_process import WorkerTroubleError

_TERMINATED = 143
_HEAD = (
    "| fault | rounds | tickets | lost | duplicated rows | events missing | duplicate events | worst recovery (s) |",
    "|---|---:|---:|---:|---:|---:|---:|---:|",
)


@dataclass(frozen=True, slots=True)
class Row:
    """A fault's line of the table."""

    fault: str
    rounds: int
    runs: tuple[Run, ...]
    trouble: str = ""

    def total(self, name: str) -> int:
        """The sum of a number of the reports."""
        return sum(getattr(run.report.counts, name) for run in self.runs)

    @property
    def is_good(self) -> bool:
        """Whether every promise held in every round; a fault that this machine does not allow is not bad."""
        return not self.trouble.startswith("failed") and all(run.report.holds for run in self.runs)

    def to_markdown(self) -> str:
        """One line of the table."""
        if not self.runs:
            return f"| {self.fault} | 0 | {self.trouble} | | | | | |"
        recovered = max((run.recovery_s for run in self.runs if run.recovery_s is not None), default=None)
        violated = sorted({name for run in self.runs for name in run.report.violated})
        notes = "; ".join(filter(None, (self.trouble, f"violated: {', '.join(violated)}" if violated else "")))
        cells = (
            f"{self.fault} ({notes})" if notes else self.fault,
            self.rounds,
            f"{self.total('acknowledged'):,}",
            self.total("lost") + self.total("not_reached"),
            self.total("duplicated_rows"),
            self.total("events_missing"),
            f"{self.total('duplicate_events'):,}",
            "-" if recovered is None else f"{recovered:.1f}",
        )
        return "| " + " | ".join(map(str, cells)) + " |"


def soak(plan: Plan, names: Sequence[str]) -> Iterator[Row]:
    """Run the faults one after the other."""
    with ExitStack() as opened:
        kafka, postgres = opened.enter_context(own_kafka()), opened.enter_context(own_postgres())
        ground = Ground(plan, opened.enter_context(fresh_folder()), kafka, postgres)
        for name in names:
            yield _row(ground, name)


def _row(ground: Ground, name: str) -> Row:
    runs: list[Run] = []
    trouble = ""
    rounds = 0
    for number in range(1, 1 + (1 if name in LONG else ground.plan.rounds)):
        started_s = time.monotonic()
        try:
            runs += FAULTS[name](ground, random.Random(number))  # noqa: S311
        except NotPossibleError as error:
            trouble = f"not possible on this machine: {error}"
            break
        except WorkerTroubleError as error:
            print(error, file=sys.stderr)
            trouble = f"failed: {str(error).splitlines()[0]}"
            break
        rounds = number
        print(f"{name}, round {number}: {time.monotonic() - started_s:.0f} s", file=sys.stderr)
    return Row(name, rounds, tuple(runs), trouble)


def to_markdown(rows: Sequence[Row]) -> str:
    """The table, with what it was measured on."""
    asked = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(asked, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False).stdout.strip()
    machine = (
        f"{platform.machine()} with {os.cpu_count()} cores, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}"
    )
    said = f"Measured {datetime.now(UTC):%Y-%m-%d} at commit {commit or 'unknown'} on {machine}."
    return "\n".join([*_HEAD, *(row.to_markdown() for row in rows), "", said, ""])


def main() -> None:
    """Parse the options, run, print and write the table."""
    parser = argparse.ArgumentParser(prog="python -m load_tests.soak", description=__doc__)
    add = parser.add_argument
    add("--rounds", type=int, default=3)
    add("--tickets", type=int, default=100_000, help="through random kills of three workers")
    add("--model-tickets", type=int, default=2_000, help="the same with the real model")
    add("--tickets-each", type=int, default=2_000, help="in every other fault")
    add("--minutes", type=float, default=5.0, help="how long the broker is away")
    add("--faults", default="", help="only faults whose name has this in it")
    add("--out", type=Path, metavar="FILE")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_TERMINATED))  # so that brokers and databases are stopped too
    plan = Plan(options.rounds, options.tickets, options.model_tickets, options.tickets_each, options.minutes)
    rows = []
    try:
        for row in soak(plan, [name for name in FAULTS if options.faults in name]):
            print(row.to_markdown(), file=sys.stderr)
            rows.append(row)
    except LocalPartsError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    text = to_markdown(rows)
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    sys.exit(0 if all(row.is_good for row in rows) else 1)


if __name__ == "__main__":
    main()
