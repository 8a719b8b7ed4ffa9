"""In: `deskroute classify`. Out: JSONL results on standard output, in the order of the input."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from service.cli.errors import errors_reported
from service.cli.options import ModelOption, RulesOption

_BATCH_TICKETS = 256


def classify(
    file: Annotated[
        typer.FileBinaryRead, typer.Argument(metavar="[FILE]", help="JSONL tickets, or - for standard input.")
    ] = "-",  # type: ignore[assignment]  # click opens it
    model: ModelOption = None,
    rules: RulesOption = None,
) -> None:
    """Classify JSONL tickets: one result a line, same order; a bad line gives {"error": …} and exit status 1."""
    with errors_reported():
        from service.classify import classify_lines
        from service.clocks import Clocks
        from service.lines import read_lines
        from service.result import TicketResult
        from service.settings import load_settings
        from service.wiring import build_decider

        settings = load_settings({"model_dir": model, "rules_file": rules})
        decider = build_decider(settings, Clocks())
        sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
        bad_lines = 0
        for line in classify_lines(decider, read_lines(file), _BATCH_TICKETS):
            bad_lines += not isinstance(line.outcome, TicketResult)
            typer.echo(line.to_json())
    if bad_lines:
        typer.echo(f"error: {bad_lines} lines were not tickets", err=True)
        raise typer.Exit(1)
