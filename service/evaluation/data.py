"""In: a CSV file, or JSONL with spans marked inline. Out: labelled tickets.

Raises `LabelledDataError` with the file, the line and what is wrong there.

CSV has the columns ``text``, or ``subject`` and ``body``, and any of ``category``, ``secondary_category``,
``sentiment``, ``urgency``, ``fields`` (a JSON list of ``{"type", "start", "end"}``), ``language``, ``channel``,
``trade``; an empty cell is unknown. In JSONL a span is marked ``[[type|text]]`` in subject or body; spans do not nest;
``"marked": false`` says that nothing is marked in this row and its fields are unknown.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.errors import DeskrouteError
from service.ticket import SUBJECT_SEPARATOR

_MARK = re.compile(r"\[\[([a-z_]+)\|(.+?)\]\]", re.DOTALL)
_LABELS = ("category", "secondary_category", "sentiment", "urgency")
_CIRCUMSTANCES = ("language", "channel", "trade")
_MAX_CELL_CHARS = 10_000_000


class LabelledDataError(DeskrouteError):
    """A row of labelled data breaks the format."""


@dataclass(frozen=True, slots=True)
class Span:
    """A labelled stretch of a ticket's text: characters ``start`` to ``end`` (exclusive)."""

    start: int
    end: int
    type: str


@dataclass(frozen=True, slots=True)
class LabelledTicket:
    """A ticket as a help desk would receive it. A label of None is unknown: it trains nothing and measures nothing.

    ``spans`` count characters of `text` and are complete: every field of a known type is marked. None says that the
    fields are unknown. ``source`` names the data set or writer.
    """

    subject: str | None
    body: str
    source: str
    category: str | None = None
    secondary_category: str | None = None
    sentiment: str | None = None
    urgency: str | None = None
    spans: tuple[Span, ...] | None = None
    language: str | None = None
    channel: str | None = None
    trade: str | None = None

    @property
    def text(self) -> str:
        """The text that span offsets count in, as in a ticket's result."""
        return self.body if self.subject is None else f"{self.subject}{SUBJECT_SEPARATOR}{self.body}"


def read_labelled(path: Path) -> Iterator[LabelledTicket]:
    """Yield the tickets of one CSV or JSONL file, or of every JSONL file of a folder in name order."""
    if not path.exists():
        raise LabelledDataError(f"{path}: no such file or folder")
    for file in sorted(path.glob("*.jsonl")) if path.is_dir() else [path]:
        read_rows = _csv_rows if file.suffix.lower() == ".csv" else _jsonl_rows
        try:
            yield from read_rows(file)
        except UnicodeDecodeError as error:
            raise LabelledDataError(f"{file}: not UTF-8: {error.reason} at byte {error.start}") from error
        except csv.Error as error:
            raise LabelledDataError(f"{file}: not CSV: {error}") from error


def _jsonl_rows(file: Path) -> Iterator[LabelledTicket]:
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield _marked_ticket(json.loads(line), file.stem)
            except (ValueError, TypeError, AttributeError) as error:
                raise LabelledDataError(f"{file}:{number}: {error}") from error


def _csv_rows(file: Path) -> Iterator[LabelledTicket]:
    csv.field_size_limit(min(sys.maxsize, _MAX_CELL_CHARS))
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        columns = set(reader.fieldnames or ())
        if not columns & {"text", "body"}:
            raise LabelledDataError(f"{file}:1: no column is named text or body")
        for row in reader:
            try:
                yield _csv_ticket(row, file.stem)
            except (ValueError, TypeError, KeyError) as error:
                raise LabelledDataError(f"{file}:{reader.line_num}: {error}") from error


def _csv_ticket(row: Mapping[str, str | None], source: str) -> LabelledTicket:
    fields = row.get("fields")
    spans = None
    if fields:
        spans = tuple(Span(int(item["start"]), int(item["end"]), str(item["type"])) for item in json.loads(fields))
    subject, body = row.get("subject") or None, row.get("text") or row.get("body") or ""
    if not subject and not body:
        raise ValueError("the row has no text")
    return LabelledTicket(
        subject=subject,
        body=body,
        source=source,
        spans=spans,
        **_known(row),
    )


def _marked_ticket(row: Mapping[str, Any], source: str) -> LabelledTicket:
    marked_subject, marked_body = row.get("subject"), row.get("body")
    if not isinstance(marked_body, str):
        raise TypeError("body is missing or no text")
    subject, spans = (None, []) if marked_subject is None else _unmark(marked_subject, 0)
    body, body_spans = _unmark(marked_body, 0 if subject is None else len(subject) + len(SUBJECT_SEPARATOR))
    marked = row.get("marked", True)
    if not isinstance(marked, bool):
        raise TypeError("marked is neither true nor false")
    if not marked and (spans or body_spans):
        raise ValueError("the row has span marks and says that it has none")
    known_spans = tuple(spans + body_spans) if marked else None
    return LabelledTicket(subject=subject, body=body, source=source, spans=known_spans, **_known(row))


def _known(row: Mapping[str, Any]) -> dict[str, str | None]:
    return {name: row.get(name) or None for name in (*_LABELS, *_CIRCUMSTANCES)}


def _unmark(marked: str, base: int) -> tuple[str, list[Span]]:
    plain: list[str] = []
    spans: list[Span] = []
    length, cursor = 0, 0
    for mark in _MARK.finditer(marked):
        before, kind, value = marked[cursor : mark.start()], mark[1], mark[2]
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
