"""In: a text. Out: what the patterns find in it, as pairs of type and slice, for tests to compare."""

from __future__ import annotations

from datetime import UTC, datetime

from service.fields.patterns import find_fields

THURSDAY = datetime(2026, 3, 12, 10, 30, tzinfo=UTC)


def found_in(text: str, region: str | None = None) -> list[tuple[str, str]]:
    """The fields of a text written on Thursday, 12 March 2026."""
    return [(span.type, text[span.start : span.end]) for span in find_fields(text, now=THURSDAY, region=region)]
