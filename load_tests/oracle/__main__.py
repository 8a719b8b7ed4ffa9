"""In: a journal and the service's own settings. Out: the oracle's report, and exit code 1 where a promise is broken.

Run as ``python -m load_tests.oracle --journal FILE``, when the worker has nothing left to do. Exit code 2 where it
could not be checked.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from rich.console import Console

from load_tests.journal import JournalError, read_journal
from load_tests.oracle.check import Evidence, check
from load_tests.oracle.privacy import read_plants
from load_tests.oracle.report import Report, print_report
from load_tests.oracle.samples import SampleError, Samples, read_samples
from service.errors import DeskrouteError
from service.settings import load_settings

_PIPED_WIDTH_COLUMNS = 160


def main() -> None:
    """Parse the options, check and print."""
    options = _parser().parse_args()
    try:
        report = _check(options)
    except (DeskrouteError, JournalError, SampleError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    if options.json:
        print(json.dumps(report.to_json(), indent=2))
    else:
        width = None if sys.stdout.isatty() else _PIPED_WIDTH_COLUMNS
        print_report(report, Console(width=width, markup=False, highlight=False))
    sys.exit(0 if report.holds else 1)


def _check(options: argparse.Namespace) -> Report:
    evidence = Evidence(
        samples=read_samples(options.samples) if options.samples else Samples(),
        planted=read_plants(options.planted) if options.planted else (),
        logs=tuple(options.log),
        rewound_at_s=tuple(options.rewound_at),
        recovery_limit_s=options.recovery_limit,
        warm_up_records=options.warm_up,
        memory_tolerance=options.memory_tolerance,
    )
    return check(read_journal(options.journal), load_settings(), evidence)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m load_tests.oracle", description=__doc__)
    add = parser.add_argument
    add("--journal", type=Path, required=True, metavar="FILE", help="what the producer was acknowledged")
    add("--json", action="store_true", help="print one JSON object instead of tables")
    add("--samples", type=Path, metavar="FILE", help="what a sampler wrote (I7, I8, I10, I11)")
    add("--planted", type=Path, metavar="FILE", help="planted personal data, one string a line (I9)")
    add("--log", type=Path, nargs="+", default=[], metavar="FILE", help="logs in which no plant may be (I9)")
    add("--rewound-at", type=float, nargs="+", default=[], metavar="SECONDS",
        help="when the database was taken back on purpose, in seconds since 1970 (I7, I8)")  # fmt: skip
    add("--recovery-limit", type=float, metavar="SECONDS", help="how long a partition may stand still (I10)")
    add("--warm-up", type=int, metavar="RECORDS", help="after how many published records memory is warm (I11)")
    add("--memory-tolerance", type=float, default=0.05, metavar="SHARE", help="how much it may grow then (I11)")
    return parser


if __name__ == "__main__":
    main()
