"""In: `DESKROUTE_*` settings and fail-points. Out: a real worker that kills or stops itself at those points.

Run as ``python -m load_tests.faults.launcher --fail kill@before:write_batch:3 --decider scripted``; it does what
`deskroute worker` does, through the same composition root. Exit status as there.
"""

from __future__ import annotations

import argparse
import signal
import sys
from contextlib import ExitStack
from functools import partial

import structlog
import typer

from load_tests.faults.failpoints import FailPoint, with_fail_points
from load_tests.faults.scripted import scripted_decider
from load_tests.faults.unguarded import without_guarantees
from service.cli.errors import errors_reported
from service.clocks import Clocks
from service.logs import configure_logging
from service.settings import load_settings
from service.wiring import Wrap, build_controls, open_worker, watched

_log = structlog.get_logger(__name__)


def main() -> None:
    """Parse the options and run a worker until it is stopped, or stops itself."""
    parser = argparse.ArgumentParser(prog="python -m load_tests.faults.launcher", description=__doc__)
    parser.add_argument("--fail", type=FailPoint.parse, action="append", default=[], metavar="KIND@MOMENT:SEAM:NUMBER")
    parser.add_argument("--decider", choices=("scripted", "model"), default="scripted")
    parser.add_argument("--unguarded", action="store_true", help="no fence and no reading back, to compare speed")
    options = parser.parse_args()
    wrap: Wrap = without_guarantees if options.unguarded else partial(with_fail_points, options.fail)
    try:
        with errors_reported():
            _run(wrap, scripted=options.decider == "scripted")
    except typer.Exit as ended:
        sys.exit(ended.exit_code)


def _run(wrap: Wrap, *, scripted: bool) -> None:
    settings, clocks = load_settings(), Clocks()
    configure_logging(settings.log_level, settings.log_format)
    controls = build_controls(settings, clocks)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: controls.stop.request())
    with ExitStack() as opened:
        opened.enter_context(watched(settings, controls))
        decider = scripted_decider(settings, clocks) if scripted else None
        worker = opened.enter_context(open_worker(settings, controls, wrap, decider))
        if worker is not None:
            _log.info("worker_started", group=settings.kafka_group, topic=settings.topic_incoming)
            worker.run()
    _log.info("worker_stopped")


if __name__ == "__main__":
    main()
