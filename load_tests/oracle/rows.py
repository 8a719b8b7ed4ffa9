"""In: the journal and the store. Out: findings of I1 (nothing lost), I2 (nothing twice), I5 (the current ticket)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from load_tests.journal import JournalEntry
from load_tests.oracle.matching import HUMAN, Matching
from load_tests.oracle.observed import Erased, Row, Stored
from load_tests.oracle.report import Finding, Trouble
from service.revisions import microseconds
from service.store.values import Coordinates


def check_acknowledged(journal: Sequence[JournalEntry], matching: Matching, erased: Erased) -> list[Finding]:
    """I1: every acknowledged record is in the results xor in the dead letters, what was erased is in neither.

    A valid ticket is in the results with its revision, an invalid message is in the dead letters with its coordinates.
    A valid one may be a dead letter too (it killed the process, say), but never both for the same record. A letter
    that was replayed only counts where the replay became a letter again.
    """
    findings = []
    for entry in journal:
        if matching.is_gone_from_input(entry):
            findings.append(Finding(Trouble.LOST_BY_BROKER, _name(entry)))
        findings += _CHECKS[entry.kind](entry, matching, erased)
    return findings


def check_distinct(rows: Sequence[Row], matching: Matching) -> list[Finding]:
    """I2: as many rows as distinct revisions: none twice (I1 finds one too few), and none that no record made.

    Records that are on the input topic without standing in the journal explain a row as well: an acknowledgement can
    be lost on its way.
    """
    findings = [Finding(Trouble.DUPLICATED_ROW, name_row(row)) for row in matching.duplicates(rows)]
    for row in rows:
        entry = matching.record_of(row)
        if entry is None:
            is_from_elsewhere = row.at is None or row.decided_by == HUMAN
            if not is_from_elsewhere and not matching.has_record(row):
                findings.append(Finding(Trouble.ROW_OF_NO_RECORD, f"{name_row(row)} names {name_place(row.at)}"))
        elif entry.kind in ("ticket", "correction") and not _says(row, entry):
            findings.append(Finding(Trouble.ROW_CONTRADICTS_RECORD, f"{name_row(row)} was made by {_name(entry)}"))
    return findings


def check_current(stored: Stored) -> list[Finding]:
    """I5: `ticket_current` has each ticket that has a row, and no other, with its highest revision."""
    highest: dict[tuple[str, str], int] = {}
    for row in stored.rows:
        highest[row.tenant, row.ticket_id] = max(row.revision, highest.get((row.tenant, row.ticket_id), row.revision))
    return [
        Finding(Trouble.CURRENT_WRONG, f"{tenant}/{ticket_id}: current {current}, highest {newest}")
        for tenant, ticket_id in sorted(highest.keys() | stored.current.keys())
        if (newest := highest.get((tenant, ticket_id))) != (current := stored.current.get((tenant, ticket_id)))
    ]


def count_revisions(journal: Sequence[JournalEntry]) -> int:
    """How many distinct revisions the acknowledged records make."""
    return len(
        {
            (entry.tenant, entry.ticket_id, entry.revised_us, entry.content, entry.at if not entry.revised_us else None)
            for entry in journal
            if entry.kind in ("ticket", "correction")
        }
    )


def is_erased(entry: JournalEntry, erased: Erased) -> bool:
    """Whether the revision of this record must be gone."""
    if entry.kind not in ("ticket", "correction") or entry.tenant is None or entry.ticket_id is None:
        return False
    revised_us = microseconds(entry.acked_at) if entry.revised_us is None else entry.revised_us
    return revised_us <= erased.until_us(entry.tenant, entry.ticket_id, entry.requester_digests)


def name_row(row: Row) -> str:
    """A row in words."""
    return f"row {row.tenant}/{row.ticket_id} revision {row.revision}"


def name_place(at: Coordinates | None) -> str:
    """Coordinates in words."""
    return "no record" if at is None else f"{at.topic}-{at.partition}@{at.offset}"


def _check_decision(entry: JournalEntry, matching: Matching, erased: Erased) -> Iterator[Finding]:
    rows, letter = matching.rows_of(entry), matching.letter_of(entry)
    if is_erased(entry, erased):
        if rows or letter:
            yield Finding(Trouble.NOT_ERASED, _name(entry))
        return
    if letter is not None and letter.content != entry.content:
        yield Finding(Trouble.LETTER_ALTERED, _name(entry))
    if letter is not None and not letter.is_replayed and any(row.at == entry.at for row in rows):
        yield Finding(Trouble.ROW_AND_LETTER, _name(entry))
    if not rows and (letter is None or not matching.rests_in(letter)):
        yield _missing(entry, matching)


def _check_invalid(entry: JournalEntry, matching: Matching, erased: Erased) -> Iterator[Finding]:
    letter = matching.letter_of(entry)
    if matching.rows_at(entry):
        yield Finding(Trouble.INVALID_DECIDED, _name(entry))
    if letter is not None and letter.content != entry.content:
        yield Finding(Trouble.LETTER_ALTERED, _name(entry))
    tenant, _, ticket_id = (entry.content.key or "").partition("/")
    # The letters of an erased ticket go with it, whenever they were written.
    if erased.until_us(tenant, ticket_id) < 0 and (letter is None or not matching.rests_in(letter)):
        yield _missing(entry, matching)


def _check_tombstone(entry: JournalEntry, matching: Matching, erased: Erased) -> Iterator[Finding]:
    if matching.rows_at(entry):
        yield Finding(Trouble.INVALID_DECIDED, _name(entry))
    if erased.until_us(entry.tenant or "", entry.ticket_id or "") < (entry.revised_us or 0):
        yield _missing(entry, matching)


_CHECKS = {
    "ticket": _check_decision,
    "correction": _check_decision,
    "invalid": _check_invalid,
    "tombstone": _check_tombstone,
}


def _missing(entry: JournalEntry, matching: Matching) -> Finding:
    return Finding(Trouble.LOST if matching.was_reached(entry) else Trouble.NOT_REACHED, _name(entry))


def _says(row: Row, entry: JournalEntry) -> bool:
    same_ticket = (row.tenant, row.ticket_id) == (entry.tenant, entry.ticket_id)
    return same_ticket and entry.revised_us in (None, row.revised_us)


def _name(entry: JournalEntry) -> str:
    return f"{entry.kind} {entry.content.key} revised {entry.revised_us} at {name_place(entry.at)}"
