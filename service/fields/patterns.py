"""In: a ticket's normalised text. Out: every field that a pattern with a check finds in it, in order, none overlapping.

Raises nothing, whatever the text. One pass over the text tells which families can be in it (`family.Clues`); only those
look. Every pattern takes time linear in the text's length.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Final

from service.fields.amounts import find_amounts
from service.fields.dates import find_dates
from service.fields.error_codes import find_error_codes
from service.fields.family import Candidate, Clues
from service.fields.identifiers import find_identifiers
from service.fields.normalize_value import normalize
from service.fields.partial_dates import find_partial_dates
from service.fields.payment_numbers import find_payment_numbers
from service.fields.phone_numbers import find_phone_numbers
from service.fields.tracking_numbers import find_tracking_numbers
from service.fields.web_addresses import find_web_addresses
from service.result import FieldSpan

FINDERS: Final[tuple[Callable[[Clues], Iterator[Candidate]], ...]] = (
    find_web_addresses,
    find_payment_numbers,
    find_tracking_numbers,
    find_phone_numbers,
    find_amounts,
    find_error_codes,
    find_identifiers,
    find_dates,
    find_partial_dates,
)


def find_fields(text: str, *, now: datetime, region: str | None) -> list[FieldSpan]:
    """Find the fields of a text, sorted by start.

    ``now`` is when the ticket was written (aware), for relative dates; ``region`` is the customer's ISO country or
    None, for phone numbers, currencies and the order of day and month.
    """
    region = region.upper() if region else None
    clues = Clues.of(text, region)
    candidates = (candidate for find in FINDERS for candidate in find(clues))
    return [
        FieldSpan(
            type=candidate.family.field_type,
            start=candidate.start,
            end=candidate.end,
            confidence=candidate.family.confidence,
            source="pattern",
            normalized=normalize(
                candidate.family.field_type,
                candidate.reading or text[candidate.start : candidate.end],
                now=now,
                region=region,
            ),
        )
        for candidate in _without_overlap(candidates)
    ]


def _without_overlap(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Keep the better family of two that overlap, the longer find within a family."""
    kept: list[Candidate] = []
    starts: list[int] = []
    for candidate in sorted(candidates, key=lambda item: (item.family.rank, item.start - item.end, item.start)):
        at = bisect_left(starts, candidate.end)
        if at == 0 or kept[at - 1].end <= candidate.start:
            kept.insert(at, candidate)
            starts.insert(at, candidate.start)
    return kept
