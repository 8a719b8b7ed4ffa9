"""In: the JSONL files of written tickets with spans marked inline. Out: labelled tickets with plain text.

Raises `WrittenTicketError` with the file, the line and what is wrong there. A span is marked ``[[type|text]]`` in the
subject or the body; spans do not nest.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from models.training.labelled import LabelledTicket, Span
from models.training.labels import LabelSet, read_labels

_MARK = re.compile(r"\[\[([a-z_]+)\|(.+?)\]\]", re.DOTALL)
_REQUIRED: Final = ("id", "trade", "channel", "language", "body", "category", "sentiment", "urgency")
_CHANNELS: Final = ("email", "web", "chat", "api", "phone", "social", "other")


class WrittenTicketError(ValueError):
    """A row of a written-ticket file breaks the format."""


@dataclass(frozen=True, slots=True)
class WrittenTicket:
    """A written ticket: its labels and text, and what the writer says of its circumstances."""

    ticket_id: str
    trade: str
    channel: str
    language: str
    labelled: LabelledTicket


def read_written_tickets(path: Path, labels: LabelSet | None = None) -> Iterator[WrittenTicket]:
    """Yield the tickets of one JSONL file, or of every JSONL file of a folder in name order."""
    known = labels or read_labels()
    for file in sorted(path.glob("*.jsonl")) if path.is_dir() else [path]:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    yield _parse(json.loads(line), file.stem, known)
                except (ValueError, TypeError) as error:
                    raise WrittenTicketError(f"{file}:{number}: {error}") from error


def _parse(row: dict[str, str | None], writer: str, labels: LabelSet) -> WrittenTicket:
    missing = [key for key in _REQUIRED if not isinstance(row.get(key), str)]
    if missing:
        raise ValueError(f"missing or not text: {', '.join(missing)}")
    values = {key: row[key] or "" for key in _REQUIRED}
    _check(values["category"], labels.category, "category")
    _check(values["sentiment"], labels.sentiment, "sentiment")
    _check(values["urgency"], labels.urgency, "urgency")
    _check(values["channel"], _CHANNELS, "channel")
    secondary = row.get("secondary_category")
    if secondary is not None:
        _check(secondary, labels.category, "secondary_category")
    marked = row.get("subject")
    subject, spans = (None, []) if marked is None else _unmark(marked, 0, labels)
    body, body_spans = _unmark(values["body"], 0 if subject is None else len(subject) + 2, labels)
    return WrittenTicket(
        ticket_id=values["id"],
        trade=values["trade"],
        channel=values["channel"],
        language=values["language"],
        labelled=LabelledTicket(
            subject=subject,
            body=body,
            source=f"written/{writer}",
            category=values["category"],
            secondary_category=secondary,
            sentiment=values["sentiment"],
            urgency=values["urgency"],
            spans=tuple(spans + body_spans),
        ),
    )


def _check(value: str, allowed: tuple[str, ...], what: str) -> None:
    if value not in allowed:
        raise ValueError(f"{what} is {value!r}, not one of {', '.join(allowed)}")


def _unmark(marked: str, base: int, labels: LabelSet) -> tuple[str, list[Span]]:
    plain: list[str] = []
    spans: list[Span] = []
    length, cursor = 0, 0
    for mark in _MARK.finditer(marked):
        before, kind, value = marked[cursor : mark.start()], mark[1], mark[2]
        _check(kind, labels.fields, "span type")
        if value != value.strip():
            raise ValueError(f"span {mark[0]!r} has white space at an end")
        plain += [before, value]
        start = base + length + len(before)
        spans.append(Span(start, start + len(value), kind))
        length += len(before) + len(value)
        cursor = mark.end()
    plain.append(marked[cursor:])
    text = "".join(plain)
    if "[[" in text or "]]" in text:
        raise ValueError("a span mark is not closed, is nested, or has no type")
    return text, spans


def summarize(tickets: list[WrittenTicket]) -> str:
    """Counts of labels, spans and lengths, for whoever writes the next tickets."""
    labelled = [ticket.labelled for ticket in tickets]
    counted = {
        "category": Counter(row.category for row in labelled),
        "sentiment": Counter(row.sentiment for row in labelled),
        "urgency": Counter(row.urgency for row in labelled),
        "language": Counter(ticket.language for ticket in tickets),
        "channel": Counter(ticket.channel for ticket in tickets),
        "trade": Counter(ticket.trade for ticket in tickets),
        "source": Counter(row.source for row in labelled),
        "spans": Counter(span.type for row in labelled for span in row.spans or ()),
    }
    words = sorted(len(row.text.split()) for row in labelled)
    return "\n".join(
        [
            f"{len(tickets)} tickets",
            *(f"{name}: {', '.join(f'{k} {n}' for k, n in counts.most_common())}" for name, counts in counted.items()),
            f"words: min {words[0]}, median {words[len(words) // 2]}, max {words[-1]}" if words else "no words",
        ]
    )


if __name__ == "__main__":
    try:
        print(summarize(list(read_written_tickets(Path(sys.argv[1])))))
    except WrittenTicketError as error:
        sys.exit(f"error: {error}")
