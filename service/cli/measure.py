"""In: `deskroute bench`. Out: the performance figures of this build on this machine, as tables or as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from service.cli.consoles import open_console
from service.cli.errors import errors_reported
from service.cli.options import JsonOption, ModelOption


def bench(  # noqa: PLR0913  one parameter an option
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder with the public data sets, for the long CFPB texts.")
    ] = None,
    labelled: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Labelled tickets (CSV, JSONL or a folder of it): what speed costs."),
    ] = None,
    peers: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What `python -m load_tests.peers` wrote, to print beside.")
    ] = None,
    model: ModelOption = None,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds whose median is taken.")] = 2,
    tickets: Annotated[int, typer.Option(min=1, help="How many sample tickets to measure on.")] = 128,
    complaints: Annotated[int, typer.Option(min=1, help="How many CFPB texts to measure on.")] = 200,
    as_json: JsonOption = False,
) -> None:
    """Measure speed, quality, CPU by stage, memory and start-up against a naive service in the same run, and the goals.

    About a minute on two idle cores; minutes with --data or --labelled.
    """
    with errors_reported():
        from service.bench.report import print_bench
        from service.bench.runs import BenchOptions, run_bench
        from service.settings import load_settings

        options = BenchOptions(rounds, tickets, data, complaints, labelled, peers)
        report = run_bench(load_settings({"model_dir": model}), options)
        if as_json:
            typer.echo(json.dumps(report.to_json(), indent=2))
        else:
            print_bench(report, open_console())
