"""In: `deskroute bench` on a few tickets. Out: one JSON object with every promised key, or tables with every goal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from service.bench.report import print_bench
from service.bench.runs import BenchOptions, run_bench
from service.cli.app import app
from service.settings import Settings

TOP_LEVEL = (
    *("ratio_same_outputs", "ratio_at_0_3_points", "ratio_at_1_point", "category_loss_points", "fields_loss_points"),
    *("accepted_error_bound", "coverage", "cpu_outside_model_share", "model_mb", "worker_rss_mb", "ready_s", "peers"),
)


@pytest.mark.model
@pytest.mark.timeout(400)
def test_bench_json_has_every_promised_key_at_its_top_level(tmp_path: Path) -> None:
    labelled = tmp_path / "tickets.jsonl"
    row = {"body": "Please refund order [[order_id|A-1001]].", "category": "refund", "sentiment": "neutral"}
    labelled.write_text(json.dumps(row) + "\n", encoding="utf-8")
    options = ["--tickets", "2", "--rounds", "1", "--labelled", str(labelled), "--json"]

    done = CliRunner().invoke(app, ["bench", *options])

    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert set(TOP_LEVEL) <= set(report)
    assert report["ratio_same_outputs"] > 0
    assert (report["coverage"], report["accepted_error_bound"]) == (None, None)
    assert 0 < report["cpu_outside_model_share"] < 1
    assert report["peers"] == []
    assert [one["name"] for one in report["sets"]] == ["sample"]


@pytest.mark.model
@pytest.mark.timeout(400)
def test_bench_tables_name_every_goal_and_whether_it_is_met() -> None:
    report = run_bench(Settings(), BenchOptions(rounds=1, tickets=2))
    console = Console(width=160, markup=False)

    with console.capture() as printed:
        print_bench(report, console)

    text = printed.get()
    assert all(goal.name in text and goal.reached in text for goal in report.goals)
    assert "naive service" in text


@pytest.mark.parametrize(("option", "problem"), [("--peers", "no peers at"), ("--data", "no complaints at")])
def test_bench_with_a_file_that_is_missing_exits_2_before_it_measures(
    tmp_path: Path, option: str, problem: str
) -> None:
    done = CliRunner().invoke(app, ["bench", option, str(tmp_path / "none")])

    assert done.exit_code == 2
    assert problem in done.stderr
