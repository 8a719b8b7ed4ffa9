"""In: `deskroute evaluate`. Out: how good a model is on labelled tickets, as tables or as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from service.cli.consoles import open_console
from service.cli.errors import errors_reported
from service.cli.options import JsonOption, ModelOption


def evaluate(
    data: Annotated[
        Path, typer.Argument(metavar="DATA", help="CSV, or JSONL with marked spans, or a folder of JSONL.")
    ],
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure a model on labelled tickets: accuracy, macro-F1, fields, calibration, coverage, out of scope, groups."""
    with errors_reported():
        from service.clocks import Clocks
        from service.evaluation.data import LabelledDataError, read_labelled
        from service.evaluation.evaluate import evaluate as measure
        from service.evaluation.report import print_evaluation
        from service.settings import load_settings
        from service.wiring import build_decider

        rows = list(read_labelled(data))
        if not rows:
            raise LabelledDataError(f"{data}: no labelled tickets")
        evaluation = measure(build_decider(load_settings({"model_dir": model}), Clocks()), rows)
        if as_json:
            typer.echo(json.dumps(evaluation.to_json(), indent=2, ensure_ascii=False))
        else:
            print_evaluation(evaluation, open_console())
