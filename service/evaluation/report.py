"""In: an `Evaluation`. Out: tables for a person, on the console that is given."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from service.evaluation.evaluate import Evaluation
from service.evaluation.metrics import ClassFigures, HeadFigures


def print_evaluation(evaluation: Evaluation, console: Console) -> None:
    """Print what was measured; parts without labels in the data are left out."""
    console.print(f"{evaluation.rows} tickets, {evaluation.tickets_per_s:.0f} tickets/s")
    _print_summary(evaluation, console)
    for title in ("category", "sentiment", "urgency"):
        head: HeadFigures | None = getattr(evaluation, title)
        if head is not None:
            console.print(_class_table(title, head.classes))
    if evaluation.fields is not None:
        console.print(_class_table("fields", evaluation.fields.types))
    if evaluation.coverage:
        _print_coverage(evaluation, console)
    if evaluation.groups:
        _print_groups(evaluation, console)


def _print_summary(evaluation: Evaluation, console: Console) -> None:
    table = Table("head", "rows", "accuracy", "macro-F1", "macro-recall", "calibration error", title="heads", box=None)
    for name in ("category", "sentiment", "urgency"):
        head = getattr(evaluation, name)
        if head is not None:
            figures = (head.accuracy, head.macro_f1, head.macro_recall, head.calibration_error)
            table.add_row(name, str(head.rows), *(f"{value:.3f}" for value in figures))
    console.print(table)
    if any(evaluation.fast_share.values()):
        shares = ", ".join(f"{head} {share:.0%}" for head, share in evaluation.fast_share.items())
        console.print(f"answered by the fast tier: {shares}")
    fields = evaluation.fields
    if fields is not None:
        console.print(
            f"fields: {fields.spans} spans, precision {fields.precision:.3f}, recall {fields.recall:.3f}, "
            f"micro-F1 {fields.micro_f1:.3f} by overlap, {fields.exact_micro_f1:.3f} exact"
        )
    outside = evaluation.out_of_scope
    if outside is not None:
        area = "" if outside.area_under_roc is None else f", AUROC {outside.area_under_roc:.3f}"
        console.print(
            f"out of scope ({outside.rows} rows): recall {outside.recall:.3f}, "
            f"in-scope kept {outside.in_scope_kept:.3f}{area}"
        )


def _class_table(title: str, classes: tuple[ClassFigures, ...]) -> Table:
    table = Table(title, "rows", "precision", "recall", "F1", box=None)
    for figures in classes:
        values = (figures.precision, figures.recall, figures.f1)
        table.add_row(figures.label, str(figures.support), *(f"{value:.3f}" for value in values))
    return table


def _print_coverage(evaluation: Evaluation, console: Console) -> None:
    table = Table("precision", "coverage", "category confidence at least", title="without a person", box=None)
    for row in evaluation.coverage:
        table.add_row(f"{row.target_precision:.2f}", f"{row.coverage:.3f}", f"{row.threshold:.3f}")
    console.print(table)


def _print_groups(evaluation: Evaluation, console: Console) -> None:
    table = Table("by", "group", "rows", "category accuracy", title="fairness", box=None)
    for row in evaluation.groups:
        table.add_row(row.dimension, row.group, str(row.rows), f"{row.accuracy:.3f}")
    console.print(table)
