"""In: the fields that patterns found in a text and those that the model tagged. Out: one sorted list, none overlapping.

Raises nothing. A pattern beats the model where they overlap, with three exceptions that rest on what each reads well:

1. A ``date`` or ``amount`` of the model that holds one pattern of its own type, and no other, stands where it could be
   normalised: the pattern then read a part of it ("Monday evening" of "the Monday evening before Easter").
2. A ``postal_address`` of the model stands where all that overlaps it are unchecked patterns inside it: the date in
   "14 March Street" is none.
3. A ``requested_action`` of the model is cut before the first pattern inside it ("cancel order", not "cancel order 7").
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from service.result import FieldSpan

_READ_WHOLE_BY_MODEL: Final = frozenset(("date", "amount"))
_CHECKED: Final = frozenset(("email", "url", "iban", "card_number", "phone"))
_MIN_ACTION_CHARS: Final = 3


def merge_fields(patterns: Iterable[FieldSpan], model: Iterable[FieldSpan], *, text: str = "") -> list[FieldSpan]:
    """Merge two lists, each without overlap in itself, over the same text.

    Where ``text`` is given, a cut action loses the white space and marks that stood before the pattern.
    """
    found = sorted(patterns, key=lambda span: span.start)
    starts, ends = [span.start for span in found], [span.end for span in found]
    replaced: set[int] = set()
    added: list[FieldSpan] = []
    for tagged in model:
        rivals = range(bisect_right(ends, tagged.start), bisect_left(starts, tagged.end))
        if not rivals:
            added.append(tagged)
        elif tagged.type == "requested_action":
            cut = replace(tagged, end=_end_before(text, tagged.start, found[rivals[0]].start))
            added += [cut] if cut.end - cut.start >= _MIN_ACTION_CHARS else []
        elif _stands(tagged, [found[index] for index in rivals]):
            replaced.update(rivals)
            added.append(tagged)
    kept = [span for index, span in enumerate(found) if index not in replaced]
    return sorted(kept + added, key=lambda span: span.start)


def _end_before(text: str, start: int, cut: int) -> int:
    return start + len(text[start:cut].rstrip(" \t\n\r\xa0#(:\"'“„–-")) if text else cut


def _stands(tagged: FieldSpan, rivals: list[FieldSpan]) -> bool:
    """Whether a span of the model replaces the patterns that it overlaps."""
    if not all(tagged.start <= span.start and span.end <= tagged.end for span in rivals):
        return False
    if tagged.type == "postal_address":
        return not any(span.type in _CHECKED for span in rivals)
    return (
        tagged.type in _READ_WHOLE_BY_MODEL
        and len(rivals) == 1
        and rivals[0].type == tagged.type
        and tagged.normalized is not None
    )
