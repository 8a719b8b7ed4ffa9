"""In: nothing. Out: the value that every training source yields: a raw ticket with the labels that are known of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """A labelled stretch of a ticket's text: characters ``start`` to ``end`` (exclusive)."""

    start: int
    end: int
    type: str


@dataclass(frozen=True, slots=True)
class LabelledTicket:
    """A ticket as a help desk would receive it. A label of None is unknown and trains nothing.

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

    @property
    def text(self) -> str:
        """The text that span offsets count in, as in a ticket's result."""
        return self.body if self.subject is None else f"{self.subject}\n\n{self.body}"
