"""In: `deskroute bench`. Out: the performance figures of this build on this machine, as a table or as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from service.cli.consoles import open_console
from service.cli.errors import errors_reported
from service.cli.options import JsonOption, ModelOption

if TYPE_CHECKING:
    from service.bench.runs import BenchReport


def bench(
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder with the public data sets, for the long CFPB texts.")
    ] = None,
    model: ModelOption = None,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds whose median is taken.")] = 3,
    complaints: Annotated[int, typer.Option(min=1, help="How many CFPB texts to measure on.")] = 500,
    as_json: JsonOption = False,
) -> None:
    """Measure tickets/s, tokens/s, CPU by stage, memory and start-up time, against the naive way in the same run."""
    with errors_reported():
        from service.bench.runs import run_bench
        from service.settings import load_settings

        report = run_bench(load_settings({"model_dir": model}), data, rounds, complaints)
    if as_json:
        typer.echo(json.dumps(report.to_json(), indent=2))
    else:
        _print_report(report)


def _print_report(report: BenchReport) -> None:
    console = open_console()
    console.print(
        f"deskroute {report.version}, model {report.model} ({report.model_mb} MB), {report.cpus} CPUs, "
        f"{report.threads} thread(s): ready in {report.ready_s} s, {report.resident_mb} MB resident"
    )
    table = Table("", *(figures.name for figures in report.sets), box=None)
    for title, name in (
        ("tickets", "tickets"),
        ("tokens a ticket", "tokens_per_ticket"),
        ("inference, tickets/s", "inference_tickets_per_s"),
        ("inference, tokens/s", "inference_tokens_per_s"),
        ("naive order and padding, tickets/s", "naive_tickets_per_s"),
        ("ratio to naive", "ratio_to_naive"),
        ("largest difference to naive", "largest_difference"),
        ("embedded pipeline, tickets/s", "pipeline_tickets_per_s"),
        ("CPU outside the model", "cpu_outside_model_share"),
    ):
        table.add_row(title, *(f"{getattr(figures, name):g}" for figures in report.sets))
    for stage in report.sets[0].cpu_us_per_ticket:
        table.add_row(f"CPU µs a ticket: {stage}", *(f"{f.cpu_us_per_ticket[stage]:g}" for f in report.sets))
    console.print(table)
