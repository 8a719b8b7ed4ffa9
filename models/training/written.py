"""In: the JSONL files of written tickets with spans marked inline. Out: tickets with plain text and character spans.

Raises `WrittenTicketError` with the file, the line and what is wrong there.

A span is marked ``[[type|text]]`` in the subject or the body; spans do not nest. Offsets count characters of
``subject + "\\n\\n" + body`` (of the body alone where the subject is null), as in a ticket's result.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CATEGORIES: Final = (
    "billing",
    "technical",
    "cancellation",
    "refund",
    "account_access",
    "shipping",
    "product_question",
    "feedback",
    "other",
)
SENTIMENTS: Final = ("negative", "neutral", "positive")
URGENCIES: Final = ("low", "normal", "high", "critical")
FIELD_TYPES: Final = (
    "person_name",
    "organization",
    "email",
    "phone",
    "url",
    "postal_address",
    "order_id",
    "invoice_id",
    "tracking_number",
    "account_id",
    "product",
    "amount",
    "date",
    "error_code",
    "card_number",
    "iban",
    "requested_action",
)
CHANNELS: Final = ("email", "web", "chat", "api", "phone", "social", "other")

_MARK = re.compile(r"\[\[([a-z_]+)\|(.+?)\]\]", re.DOTALL)
_REQUIRED: Final = ("id", "trade", "channel", "language", "body", "category", "sentiment", "urgency")


class WrittenTicketError(ValueError):
    """A row of a written-ticket file breaks the format."""


@dataclass(frozen=True, slots=True)
class Span:
    """A labelled stretch of a ticket's text: characters ``start`` to ``end`` (exclusive)."""

    start: int
    end: int
    type: str


@dataclass(frozen=True, slots=True)
class WrittenTicket:
    """One labelled ticket, its marks removed."""

    ticket_id: str
    writer: str
    trade: str
    channel: str
    language: str
    subject: str | None
    body: str
    category: str
    secondary_category: str | None
    sentiment: str
    urgency: str
    spans: tuple[Span, ...]

    @property
    def text(self) -> str:
        """The text that span offsets count in."""
        return self.body if self.subject is None else f"{self.subject}\n\n{self.body}"


def read_written_tickets(path: Path) -> Iterator[WrittenTicket]:
    """Yield the tickets of one JSONL file, or of every JSONL file of a folder in name order."""
    for file in sorted(path.glob("*.jsonl")) if path.is_dir() else [path]:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    yield _parse(json.loads(line), file.stem)
                except (ValueError, KeyError, TypeError) as error:
                    raise WrittenTicketError(f"{file}:{number}: {error}") from error


def _parse(row: dict[str, str | None], writer: str) -> WrittenTicket:
    missing = [key for key in _REQUIRED if not isinstance(row.get(key), str)]
    if missing:
        raise ValueError(f"missing or not text: {', '.join(missing)}")
    values = {key: row[key] or "" for key in _REQUIRED}
    _check(values["category"], CATEGORIES, "category")
    _check(values["sentiment"], SENTIMENTS, "sentiment")
    _check(values["urgency"], URGENCIES, "urgency")
    _check(values["channel"], CHANNELS, "channel")
    secondary = row.get("secondary_category")
    if secondary is not None:
        _check(secondary, CATEGORIES, "secondary_category")
    subject_marked = row.get("subject")
    subject, spans = (None, []) if subject_marked is None else _unmark(subject_marked, 0)
    body, body_spans = _unmark(values["body"], 0 if subject is None else len(subject) + 2)
    return WrittenTicket(
        ticket_id=values["id"],
        writer=writer,
        trade=values["trade"],
        channel=values["channel"],
        language=values["language"],
        subject=subject,
        body=body,
        category=values["category"],
        secondary_category=secondary,
        sentiment=values["sentiment"],
        urgency=values["urgency"],
        spans=tuple(spans + body_spans),
    )


def _check(value: str, allowed: tuple[str, ...], what: str) -> None:
    if value not in allowed:
        raise ValueError(f"{what} is {value!r}, not one of {', '.join(allowed)}")


def _unmark(marked: str, base: int) -> tuple[str, list[Span]]:
    plain: list[str] = []
    spans: list[Span] = []
    length, cursor = 0, 0
    for mark in _MARK.finditer(marked):
        before, kind, value = marked[cursor : mark.start()], mark[1], mark[2]
        _check(kind, FIELD_TYPES, "span type")
        if value != value.strip():
            raise ValueError(f"span {mark[0]!r} has white space at an end")
        plain += [before, value]
        length += len(before)
        spans.append(Span(base + length, base + length + len(value), kind))
        length += len(value)
        cursor = mark.end()
    plain.append(marked[cursor:])
    text = "".join(plain)
    if "[[" in text or "]]" in text:
        raise ValueError("a span mark is not closed, is nested, or has no type")
    return text, spans


def _summary(path: Path) -> str:
    tickets = list(read_written_tickets(path))
    lines = [f"{len(tickets)} tickets"]
    for name in ("category", "sentiment", "urgency", "language", "channel", "trade", "writer"):
        counts: dict[str, int] = {}
        for ticket in tickets:
            key = str(getattr(ticket, name))
            counts[key] = counts.get(key, 0) + 1
        lines.append(f"{name}: " + ", ".join(f"{key} {n}" for key, n in sorted(counts.items(), key=lambda kv: -kv[1])))
    types: dict[str, int] = {}
    for ticket in tickets:
        for span in ticket.spans:
            types[span.type] = types.get(span.type, 0) + 1
    lines.append("spans: " + ", ".join(f"{key} {n}" for key, n in sorted(types.items(), key=lambda kv: -kv[1])))
    words = sorted(len(ticket.text.split()) for ticket in tickets)
    if words:
        lines.append(f"words: min {words[0]}, median {words[len(words) // 2]}, max {words[-1]}")
    return "\n".join(lines)


if __name__ == "__main__":
    import sys

    try:
        print(_summary(Path(sys.argv[1])))
    except WrittenTicketError as error:
        sys.exit(f"error: {error}")
