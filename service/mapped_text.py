"""In: a text as received and edits to it, from left to right. Out: the edited text, with the origin of every character.

Raises nothing. Edits of edits compose: a `MappedText` is also what the next pass edits.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class MappedText:
    """A text whose character ``i`` stands for characters ``starts[i]`` to ``ends[i]`` of the text as received.

    Both maps never go down, so that positions can be looked up by bisection.
    """

    text: str = field(repr=False)
    starts: Sequence[int] = field(repr=False)
    ends: Sequence[int] = field(repr=False)

    @classmethod
    def unchanged(cls, received: str) -> MappedText:
        """The received text itself."""
        return cls(received, range(len(received)), range(1, len(received) + 1))

    @property
    def is_unchanged(self) -> bool:
        """Whether no edit was made."""
        return isinstance(self.starts, range)

    def position_of(self, received_offset: int) -> int:
        """The first position whose character comes from ``received_offset`` or later."""
        return bisect_left(self.starts, received_offset)


class TextEditor:
    """Writes an edited copy of a `MappedText`: what is neither copied nor replaced is left out."""

    def __init__(self, source: MappedText) -> None:
        self._source = source
        self._pieces: list[str] = []
        self._starts: array[int] = array("i")
        self._ends: array[int] = array("i")

    def copy(self, start: int, end: int) -> None:
        """Take characters ``start`` to ``end`` of the source over as they are."""
        if start < end:
            self._pieces.append(self._source.text[start:end])
            self._starts.extend(self._source.starts[start:end])
            self._ends.extend(self._source.ends[start:end])

    def replace(self, start: int, end: int, replacement: str) -> None:
        """Write ``replacement`` for the non-empty stretch ``start`` to ``end`` of the source."""
        length = len(replacement)
        self._pieces.append(replacement)
        self._starts.extend([self._source.starts[start]] * length)
        self._ends.extend([self._source.ends[end - 1]] * length)

    def finish(self) -> MappedText:
        """The edited text."""
        return MappedText("".join(self._pieces), self._starts, self._ends)
