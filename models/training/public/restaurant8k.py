"""In: ``restaurant8k/train_0.json`` (CC BY 4.0). Out: table bookings with complete spans of dates, names and requests.

Raises OSError, or KeyError where a row has other keys. Rows in which a request is worded in a way that cannot be marked
with certainty are left out, since spans must be complete.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from models.training.public.requested import find_requested
from models.training.public.sampling import cap_groups
from service.evaluation.data import LabelledTicket, Span

_TYPE_OF_SLOT: Final = {"date": "date", "first_name": "person_name", "last_name": "person_name"}
# Dates and names are what this set teaches; a few hundred rows without either keep the tagger from crying wolf.
_ROWS_OF_GROUP: Final = {"date": 800, "name": 650, "none": 350}
_CLOCK_TIME: Final = re.compile(
    r"\s*,?\s*(?:\b(?:at|around|by|from)\s+)?(?:\d{1,2}(?:[:.]\d{2})?\s*(?:am|pm|o'clock)\b|\d{1,2}[:]\d{2}|noon\b|midnight\b).*$"
    r"|\s+at\s+\d{1,2}$",
    re.IGNORECASE,
)
_DATE_WORD: Final = re.compile(
    r"\b(?:today|tonight|tomorrow|tmrw|yesterday|(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|"
    r"may|june|july|august|september|october|november|december|weekend|evening|\d+(?:st|nd|rd|th))\b|\d/\d",
    re.IGNORECASE,
)
_ASKS: Final = re.compile(
    r"\b(?:cancel|change|book|reserve|reschedule|move|add|make|set|confirm|schedule|switch|hold|find|push|arrange|get|"
    r"give|modify|update|remove|call|drop|let|seat|need|put|postpone|rebook|bring|show|tell|have)\b",
    re.IGNORECASE,
)


def read_restaurant8k(data_dir: Path, rng: random.Random) -> list[LabelledTicket]:
    """Rows with exact, complete spans, capped per kind of span."""
    rows = json.loads((data_dir / "restaurant8k" / "train_0.json").read_text(encoding="utf-8"))
    kept = ((_group(ticket), ticket.body, ticket) for ticket in _labelled(rows))
    return cap_groups(kept, _ROWS_OF_GROUP, 0, rng)


def _labelled(rows: list[dict[str, Any]]) -> Iterator[LabelledTicket]:
    for row in rows:
        text = row["userInput"]["text"]
        marked = [_span(text, label) for label in row.get("labels", ()) if label["slot"] in _TYPE_OF_SLOT]
        fields = _join_names(text, [span for span in marked if span])
        requested = () if not _ASKS.search(text) else find_requested(text)
        # Without any label a row may name a restaurant; a date word outside the labels is a gap in them.
        if requested is None or not row.get("labels") or _DATE_WORD.search(_outside(text, fields)):
            continue
        if any(asked.start < span.end and span.start < asked.end for asked in requested for span in fields):
            continue
        spans = tuple(sorted((*fields, *requested), key=lambda span: span.start))
        yield LabelledTicket(subject=None, body=text, source="restaurant8k", spans=spans)


def _outside(text: str, spans: list[Span]) -> str:
    for span in reversed(spans):
        text = f"{text[: span.start]} {text[span.end :]}"
    return text


def _span(text: str, label: dict[str, Any]) -> Span | None:
    start, end = label["valueSpan"].get("startIndex", 0), label["valueSpan"]["endIndex"]
    value = text[start:end]
    if label["slot"] == "date":
        value = _CLOCK_TIME.sub("", value)
    value = value.rstrip(" .,;:!?/")
    left = len(value) - len(value.lstrip(" .,;:!?/"))
    return Span(start + left, start + len(value), _TYPE_OF_SLOT[label["slot"]]) if len(value) > left else None


def _join_names(text: str, spans: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for span in sorted(spans, key=lambda span: span.start):
        before = joined[-1] if joined else None
        if before and before.type == span.type == "person_name" and text[before.end : span.start].isspace():
            joined[-1] = Span(before.start, span.end, span.type)
        elif not before or before.end <= span.start:
            joined.append(span)
    return joined


def _group(ticket: LabelledTicket) -> str:
    types = {span.type for span in ticket.spans or ()}
    return "name" if "person_name" in types else "date" if "date" in types else "none"
