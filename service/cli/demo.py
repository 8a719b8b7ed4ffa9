"""In: `deskroute demo`. Out: a table of routed tickets, a summary a manager understands, and two files to look into."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from service.cli.consoles import open_console
from service.cli.errors import errors_reported
from service.cli.options import ModelOption, RulesOption
from service.sample import SAMPLE_TICKETS_FILE

if TYPE_CHECKING:
    from service.demo import DemoRun, DemoTicket

_SHOWN_TICKETS = 20
_TITLE_CHARS = 44
_FIELD_CHARS = 40


def demo(
    tickets: Annotated[
        Path, typer.Option(metavar="FILE", exists=True, dir_okay=False, help="JSONL tickets to route.")
    ] = SAMPLE_TICKETS_FILE,
    out: Annotated[
        Path, typer.Option(metavar="DIR", file_okay=False, help="Folder for routed.jsonl and deskroute.db.")
    ] = Path("demo-out"),
    model: ModelOption = None,
    rules: RulesOption = None,
) -> None:
    """Run the whole pipeline on embedded parts (SQLite, files): no Kafka, no PostgreSQL."""
    with errors_reported():
        from service.clocks import Clocks
        from service.demo import run_demo
        from service.lines import read_lines
        from service.settings import load_settings
        from service.wiring import build_decider

        flags = {"model_dir": model, "rules_file": rules, "inference_threads": os.cpu_count()}
        decider = build_decider(load_settings(flags), Clocks())
        with tickets.open("rb") as file:
            run = run_demo(decider, read_lines(file), out)
    console = open_console()
    console.print(_table(run.tickets[:_SHOWN_TICKETS]))
    if len(run.tickets) > _SHOWN_TICKETS:
        console.print(f"… and {len(run.tickets) - _SHOWN_TICKETS} more\n")
    _print_summary(run, console)
    if run.bad_lines:
        for line in run.bad_lines:
            typer.echo(f"error: {tickets}:{line.number}: {line.outcome}", err=True)
        raise typer.Exit(1)


def _table(tickets: tuple[DemoTicket, ...]) -> Table:
    table = Table("ticket", "about", "category", "mood", "urgency", "fields", "goes to", "within", box=None)
    for ticket in tickets:
        result = ticket.result
        fields = ", ".join(dict.fromkeys(field.type for field in result.fields))
        review = " (review)" if result.route.needs_review else ""
        table.add_row(
            result.ticket_id,
            _shortened(ticket.title, _TITLE_CHARS),
            f"{result.category.label} {result.category.confidence:.2f}",
            result.sentiment.label,
            result.urgency.label,
            _shortened(fields, _FIELD_CHARS),
            result.route.queue + review,
            _duration(result.route.sla_minutes),
        )
    return table


def _print_summary(run: DemoRun, console: Console) -> None:
    results = [ticket.result for ticket in run.tickets]
    count = len(results)
    if count:
        console.print(f"{count} tickets routed in {run.elapsed_s:.1f} s ({count / run.elapsed_s:.0f} a second)")
        for title, values in (
            ("Queues", [result.route.queue for result in results]),
            ("Categories", [result.category.label for result in results]),
            ("Urgency", [result.urgency.label for result in results]),
            ("Mood", [result.sentiment.label for result in results]),
            ("Languages", [result.language.label for result in results]),
        ):
            console.print(f"{title + ':':<12}{_shares(values)}")
        reviews = sum(result.route.needs_review for result in results)
        fields = Counter(field.type for result in results for field in result.fields)
        console.print(f"{'Review:':<12}{reviews} tickets ({reviews / count:.0%}) wait for a person's look")
        console.print(
            f"{'Fields:':<12}{fields.total()} found; {', '.join(f'{n} {k}' for k, n in fields.most_common(6))} …"
        )
    console.print(f"{'Events:':<12}{run.events_file}")
    console.print(f"{'Database:':<12}{run.database_file}")


def _shares(values: list[str]) -> str:
    return ", ".join(f"{label} {n} ({n / len(values):.0%})" for label, n in Counter(values).most_common())


def _shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _duration(minutes: int) -> str:
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes / 60:g} h" if minutes < 2_880 else f"{minutes / 1_440:g} days"
