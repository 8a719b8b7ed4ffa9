"""In: `sys.argv`. Out: the chosen command, run; commands import what they need when they run, so that help is quick."""

from __future__ import annotations

from typing import Annotated

import typer

from service import __version__
from service.cli.calibrate import calibrate
from service.cli.classify import classify
from service.cli.db import db_app
from service.cli.dead_letters import dead_letters_app
from service.cli.demo import demo
from service.cli.erase import erase
from service.cli.evaluate import evaluate
from service.cli.measure import bench
from service.cli.models import models_app
from service.cli.rules import rules_app
from service.cli.worker import worker

app = typer.Typer(
    name="deskroute",
    help="Classify and route customer-support tickets with small local models.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(demo)
app.command()(classify)
app.command()(worker)
app.command()(erase)
app.command()(evaluate)
app.command()(calibrate)
app.command()(bench)
app.add_typer(db_app, name="db")
app.add_typer(dead_letters_app, name="dead-letters")
app.add_typer(models_app, name="models")
app.add_typer(rules_app, name="rules")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"deskroute {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Entry point of the console script."""
    app()
