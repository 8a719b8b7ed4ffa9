"""In: reports of good and bad runs. Out: proof that people and programs are told the same."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO

from rich.console import Console

from load_tests.oracle.check import Evidence
from load_tests.oracle.report import Report, print_report
from tests.unit.oracle.breaks import BREAKS
from tests.unit.oracle.world import WORLD


def _printed(report: Report) -> str:
    out = StringIO()
    print_report(report, Console(file=out, width=200, markup=False, highlight=False))
    return out.getvalue()


def test_print_report_of_a_good_run_says_that_each_promise_holds() -> None:
    printed = _printed(WORLD.judge())

    assert printed.count("holds") == 11
    assert "VIOLATED" not in printed


def test_print_report_of_a_lost_ticket_names_the_ticket_and_counts_it() -> None:
    broken, _ = BREAKS["an invalid message has no letter"]

    printed = _printed(broken(WORLD).judge())

    assert "VIOLATED: 1 lost" in printed
    assert "I1 lost: invalid default/t-2 revised None at in-0@3" in printed


def test_print_report_without_evidence_says_what_was_not_checked() -> None:
    printed = _printed(replace(WORLD, evidence=Evidence()).judge())

    assert "not checked: nothing planted" in printed
    assert "not measured" in printed


def test_report_as_json_has_findings_counts_and_what_is_violated() -> None:
    broken, _ = BREAKS["an event is missing"]

    report = json.loads(json.dumps(broken(WORLD).judge().to_json()))

    assert report["holds"] is False
    assert report["violated"] == ["I3", "I6"]
    assert report["counts"]["events_missing"] == 1
    assert report["findings"]["I3"][0]["trouble"] == "event_missing"
