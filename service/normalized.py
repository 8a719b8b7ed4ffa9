"""In: nothing. Out: the value that `service.normalize` hands to the model, the patterns and the rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class PartKind(StrEnum):
    """What a stretch of a ticket's text is."""

    SUBJECT = "subject"
    MESSAGE = "message"
    SIGNATURE = "signature"
    QUOTE = "quote"
    DISCLAIMER = "disclaimer"


@dataclass(frozen=True, slots=True)
class Part:
    """Characters ``start`` to ``end`` (exclusive) of a normalised text; parts are in order and do not overlap."""

    kind: PartKind
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class NormalizedText:
    """A ticket's text made plain, with the way back to the text as received.

    ``text`` is what models and patterns read. ``starts[i]`` and ``ends[i]`` are the offsets in the received text of the
    stretch that character ``i`` came from; both are None where the two texts are the same, character for character.
    """

    text: str = field(repr=False)
    parts: tuple[Part, ...]
    starts: Sequence[int] | None = field(default=None, repr=False)
    ends: Sequence[int] | None = field(default=None, repr=False)

    def to_received(self, start: int, end: int) -> tuple[int, int]:
        """Map a non-empty span of ``text`` to offsets into the text as received."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]
