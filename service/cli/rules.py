"""In: `deskroute rules check` and `deskroute rules explain`. Out: what the rules are, and why a ticket goes where.

Exits 2 with every error of a rules file or setting on standard error, 1 where the ticket or the model is at fault.
"""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from service.bundled import default_model_folder
from service.cli.consoles import PIPED_WIDTH_COLUMNS, open_console
from service.cli.errors import errors_reported
from service.cli.options import ModelOption, RulesOption
from service.inference.manifest import open_model_folder
from service.result import Route
from service.routing.engine import Outcome, RoutingFacts, RuleTrace, explain, route
from service.routing.facts import RuleVocabulary
from service.routing.rules import DEFAULT_RULES_FILE, RuleSet, load_rules
from service.routing.values import printable
from service.settings import Settings, load_settings

rules_app = typer.Typer(help="Check the routing rules, and see why a ticket goes where.", no_args_is_help=True)

TicketArgument = Annotated[
    typer.FileBinaryRead, typer.Argument(metavar="TICKET", help="JSON file of one ticket, or - for standard input.")
]


@rules_app.command("check")
def check_rules(rules: RulesOption = None, model: ModelOption = None) -> None:
    """Check a rules file: print its rules, or every error with its line."""
    with errors_reported():
        rule_set = _open_rules(load_settings({"rules_file": rules, "model_dir": model}))
    queues = {rule_set.defaults.queue} | {rule.action.queue for rule in rule_set.rules if rule.decides}
    typer.echo(f"OK: {len(rule_set.rules)} rules, {len(queues)} queues, in {rule_set.file}")
    open_console().print(_rules_table(rule_set))


@rules_app.command("explain")
def explain_ticket(ticket: TicketArgument, rules: RulesOption = None, model: ModelOption = None) -> None:
    """Show a ticket's labels, what each rule makes of them, and where the ticket goes."""
    from service.wiring import explain_inputs  # loads the model's runtime, which checking rules does not need

    with errors_reported():
        settings = load_settings({"rules_file": rules, "model_dir": model})
        rule_set = _open_rules(settings)
        facts = explain_inputs(ticket.read(), settings)
    typer.echo(describe_facts(facts))
    open_console().print(_traces_table(explain(rule_set, facts)))
    typer.echo(describe_route(route(rule_set, facts)))


def describe_facts(facts: RoutingFacts) -> str:
    """What the rules look at, one line a subject."""
    rows = {
        "category": f"{facts.category} ({facts.category_confidence:.2f}), second: {facts.secondary or 'none'}",
        "sentiment": f"{facts.sentiment} ({facts.sentiment_confidence:.2f}), score {facts.sentiment_score:+.2f}",
        "urgency": f"{facts.urgency} ({facts.urgency_confidence:.2f})",
        "language": facts.language,
        "from": f"{facts.channel}, tenant {facts.tenant}, tier {facts.requester_tier or 'none'}",
        "tags": ", ".join(facts.tags) or "none",
        "fields": ", ".join(f"{field.type} {field.value!r}" for field in facts.fields) or "none",
        "read": "in part, it is too long" if facts.truncated else "whole",
        "unsure": ", ".join(facts.review_reasons) or "no",
    }
    return "\n".join(f"{name + ':':<11}{printable(text, PIPED_WIDTH_COLUMNS)}" for name, text in rows.items())


def describe_route(where: Route) -> str:
    """The decision in two lines."""
    review = "a person must look at it" if where.needs_review else "no review"
    first = f"→ {where.queue}, priority {where.priority}, {where.sla_minutes} minutes, {review} (by {where.rule})"
    return f"{first}\n  because {', '.join(where.reasons)}; tags added: {', '.join(where.tags) or 'none'}"


def _rules_table(rule_set: RuleSet) -> Table:
    table = Table("", "rule", "when", "queue", "priority", "minutes", "adds", box=None, pad_edge=False)
    for number, rule in enumerate(rule_set.rules, 1):
        action = rule.action
        when = "; ".join(f"{condition.key}: {condition.wanted}" for condition in rule.conditions) or "always"
        review = {None: (), True: ("review",), False: ("no review",)}[action.review]
        where = (action.queue, action.priority, str(action.sla_minutes)) if rule.decides else ("", "", "")
        table.add_row(str(number), rule.name, when, *where, ", ".join((*action.tags, *review)))
    defaults = rule_set.defaults
    minutes = str(defaults.sla_minutes[defaults.priority])
    table.add_row("", "defaults", "no rule decided", defaults.queue, defaults.priority, minutes, "")
    return table


def _traces_table(traces: list[RuleTrace]) -> Table:
    table = Table("line", "rule", "result", "why", box=None, pad_edge=False)
    for trace in traces:
        if trace.outcome is Outcome.NO_MATCH:
            why = f"{trace.failed}: wanted {trace.wanted}, seen {trace.seen}"
        else:
            why = ", ".join(trace.reasons) or "no conditions"
        style = "bold" if trace.outcome in (Outcome.DECIDES, Outcome.ADDS) else None
        table.add_row(str(trace.line), trace.rule, trace.outcome, why, style=style)
    return table


def _open_rules(settings: Settings) -> RuleSet:
    manifest, _ = open_model_folder(settings.model_dir or default_model_folder())
    return load_rules(settings.rules_file or DEFAULT_RULES_FILE, RuleVocabulary.from_manifest(manifest))
