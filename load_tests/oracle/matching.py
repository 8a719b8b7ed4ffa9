"""In: the journal, the store and the input topics. Out: which rows and which letter belong to an acknowledged record.

A row names the record that it was decided from, and where the same content was sent twice that may be either copy. So
rows are matched by ticket and time, and told apart by the content of their record where two contents share a time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from load_tests.journal import Content, JournalEntry
from load_tests.oracle.observed import Inputs, Letter, Row, Stored
from service.broker.records import PartitionId
from service.store.values import Coordinates

HUMAN = "human"


class Matching:
    """An index over what was seen; every method is a look-up."""

    def __init__(self, journal: Sequence[JournalEntry], stored: Stored, inputs: Inputs) -> None:
        self._entries = {entry.at: entry for entry in journal}
        self._journaled = {entry.content for entry in journal}
        self._inputs = inputs
        self._marks = stored.marks
        self._letters = {letter.at: letter for letter in stored.letters}
        self._open_contents = {letter.content for letter in stored.letters if not letter.is_replayed}
        self._rows: dict[tuple[str | None, str | None, int | None], list[Row]] = defaultdict(list)
        self._rows_at: dict[Coordinates, list[Row]] = defaultdict(list)
        for row in stored.rows:
            self._rows[row.tenant, row.ticket_id, row.revised_us].append(row)
            if row.at is not None:
                self._rows_at[row.at].append(row)

    def record_of(self, row: Row) -> JournalEntry | None:
        """The acknowledged record that the row names."""
        entry = None if row.at is None else self._entries.get(row.at)
        # A person's decision may name the record of the ticket that it is about.
        return None if entry and row.decided_by == HUMAN and entry.kind == "ticket" else entry

    def content_of(self, row: Row) -> Content | None:
        """What the row's record says; None where nobody knows."""
        entry = self.record_of(row)
        if entry is not None or row.at is None or row.decided_by == HUMAN:
            return entry.content if entry else None
        return self._inputs.contents.get(row.at)

    def rows_of(self, entry: JournalEntry) -> list[Row]:
        """The rows of the revision that this record makes."""
        if entry.revised_us is None:
            return self.rows_at(entry)
        candidates = self._rows.get((entry.tenant, entry.ticket_id, entry.revised_us), [])
        is_human = entry.kind == "correction"
        return [
            row
            for row in candidates
            if (row.decided_by == HUMAN) == is_human and self.content_of(row) in (None, entry.content)
        ]

    def rows_at(self, entry: JournalEntry) -> list[Row]:
        """The rows that name this very record."""
        return [row for row in self._rows_at.get(entry.at, []) if self.record_of(row) is not None]

    def letter_of(self, entry: JournalEntry) -> Letter | None:
        """The dead letter of this very record."""
        return self._letters.get(entry.at)

    def rests_in(self, letter: Letter) -> bool:
        """Whether the message ends in the dead letters: this one is not replayed, or the replay became one again."""
        return not letter.is_replayed or letter.content in self._open_contents

    def was_reached(self, entry: JournalEntry) -> bool:
        """Whether the worker has stored something up to this record."""
        marks = self._marks.get(PartitionId(entry.at.topic, entry.at.partition))
        return marks is not None and marks.next_offset > entry.at.offset

    def is_gone_from_input(self, entry: JournalEntry) -> bool:
        """Whether the broker acknowledged the record and does not have it, though retention did not take it."""
        was_read = PartitionId(entry.at.topic, entry.at.partition) in self._inputs.first_offsets
        is_there = self._inputs.contents.get(entry.at) == entry.content
        return was_read and not is_there and not self._inputs.has_forgotten(entry.at)

    def is_unacknowledged(self, row: Row) -> bool:
        """Whether the row's record is on the input topic, or was, and its producer never heard so."""
        if row.at is None:
            return False
        content = self._inputs.contents.get(row.at)
        return content not in self._journaled if content else self._inputs.has_forgotten(row.at)

    def has_record(self, row: Row) -> bool:
        """Whether the row names a record that exists."""
        return row.at is not None and (row.at in self._inputs.contents or self._inputs.has_forgotten(row.at))

    def duplicates(self, rows: Sequence[Row]) -> Iterator[Row]:
        """Rows beyond the first for one content of one ticket at one time."""
        seen: set[tuple[str, str, int, object]] = set()
        for row in sorted(rows, key=lambda row: row.key):
            known_as = {
                (row.tenant, row.ticket_id, row.revised_us, identity)
                for identity in (self.content_of(row), row.content_digest)
                if identity is not None
            }
            if known_as & seen:
                yield row
            seen |= known_as
