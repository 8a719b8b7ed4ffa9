"""In: a `BenchReport`. Out: tables for a person, on the console that is given: goals, ticket sets, peers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from service.bench.goals import Goal
from service.bench.peers import PeerFigures
from service.bench.quality import Quality
from service.bench.runs import BenchReport, SetFigures

_ROWS = (
    ("tickets", "tickets"),
    ("tokens a ticket", "tokens_per_ticket"),
    ("as shipped, tickets/s", "inference_tickets_per_s"),
    ("as shipped, tokens/s", "inference_tokens_per_s"),
    ("full tier alone, tickets/s", "full_tickets_per_s"),
    ("naive order and padding, tickets/s", "naive_tickets_per_s"),
    ("one by one, tickets/s", "per_message_tickets_per_s"),
    ("naive service (a model a task), tickets/s", "naive_service_tickets_per_s"),
    ("CPU time, naive order and padding / full tier", "ratio_to_naive"),
    ("CPU time, naive service / as shipped", "ratio_to_naive_service"),
    ("largest difference to naive", "largest_difference"),
    ("embedded pipeline, tickets/s", "pipeline_tickets_per_s"),
    ("CPU outside the model", "cpu_outside_model_share"),
)


def print_bench(report: BenchReport, console: Console) -> None:
    """Print everything that was measured."""
    before, after = report.load_average
    console.print(
        f"deskroute {report.version}, model {report.model}, {report.machine}, load {before} before and {after} after, "
        f"{report.threads} thread(s), {report.rounds} round(s)"
    )
    console.print(_goal_table(report.goals))
    console.print(_set_table(report.sets))
    if report.quality is not None:
        console.print(_quality_table(report.quality))
    if report.peers:
        console.print(_peer_table(report.peers))


def _goal_table(goals: Sequence[Goal]) -> Table:
    table = Table("goal", "firm", "ambitious", "measured", "met", title="goals", box=None)
    for goal in goals:
        limit = "<=" if goal.at_most else ">="
        table.add_row(
            goal.name,
            f"{limit} {goal.firm:g}",
            "" if goal.ambitious is None else f"{limit} {goal.ambitious:g}",
            goal.note if goal.measured is None else f"{goal.measured:g}",
            goal.reached,
        )
    return table


def _set_table(sets: Sequence[SetFigures]) -> Table:
    table = Table("", *(figures.name for figures in sets), title="speed", box=None)
    for title, name in _ROWS:
        table.add_row(title, *(f"{getattr(figures, name):g}" for figures in sets))
    table.add_row("naive service runs", *(figures.naive_service_way for figures in sets))
    _add_parts(table, "answered by the fast tier", [figures.fast_share for figures in sets])
    _add_parts(table, "CPU µs a ticket", [figures.cpu_us_per_ticket for figures in sets])
    return table


def _add_parts(table: Table, title: str, columns: Sequence[Mapping[str, float]]) -> None:
    for part in columns[0]:
        table.add_row(f"{title}: {part}", *(f"{column[part]:g}" for column in columns))


def _quality_table(quality: Quality) -> Table:
    table = Table("head", "F1", "points below the full tier", title=f"quality, {quality.rows} tickets", box=None)
    for head, f1 in quality.f1.items():
        table.add_row(head, f"{f1:.3f}", f"{quality.loss_points[head]:g}")
    return table


def _peer_table(peers: Sequence[PeerFigures]) -> Table:
    sets = list(dict.fromkeys(name for peer in peers for name in peer.tickets_per_s))
    speeds = [column for name in sets for column in (f"{name}, tickets/s", "CPU ms a ticket")]
    table = Table("peer", "answers", *speeds, "category macro-F1", "fields F1", "load", title="peers", box=None)
    for peer in peers:
        figures = [column.get(name) for name in sets for column in (peer.tickets_per_s, peer.cpu_ms_per_ticket)]
        figures += [peer.category_macro_f1, peer.fields_f1, peer.load_average]
        table.add_row(peer.name, peer.answers, *("" if figure is None else f"{figure:g}" for figure in figures))
    return table
