"""In: `deskroute train`. Out: a model folder made from a help desk's own labelled tickets.

The only command that needs the training extra, whose code is imported when it runs and not before.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service.cli.errors import errors_reported
from service.errors import ConfigurationError


def train(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="CSV or JSONL of labelled tickets.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Model folder to write; its name is the version.")],
    passes: Annotated[int, typer.Option(min=1, help="Passes over the data.")] = 6,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 7,
) -> None:
    """Fine-tune the encoder on your own tickets, calibrate it on a held-out part, export it; needs deskroute[train]."""
    with errors_reported():
        from service.logs import configure_logging

        try:
            from models.training.own_tickets import train_on_own_tickets
        except ModuleNotFoundError as error:
            raise ConfigurationError(
                f"training needs the extra that brings {error.name}: pip install 'deskroute[train]'"
            ) from error
        configure_logging("INFO", "console")
        train_on_own_tickets(data, out, passes=passes, seed=seed)
    typer.echo(f"model written to {out}; measure it with: deskroute evaluate --model {out} DATA")
