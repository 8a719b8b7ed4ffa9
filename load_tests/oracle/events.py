"""In: the store and the output topics. Out: findings of I3, I4 and I6, and the number of copies beyond the first."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence

from load_tests.oracle.observed import EventCopy, Letter, LetterCopy, Published, Row, Stored
from load_tests.oracle.report import Finding, Trouble
from load_tests.oracle.rows import name_place, name_row
from service.store.values import Coordinates, TicketRevision

WasErased = Callable[[TicketRevision], bool]
"""Whether an event may be left over of a row that was erased."""


def check_every_row_published(stored: Stored, published: Published) -> list[Finding]:
    """I3: every row is on the routed topic, and on the review topic where a person must look; copies are equal.

    All copies of an event, on both topics, are the same to the byte; `data` is the row's document; id, subject and
    record key are the row's. Every stored dead letter is on its topic with key, bytes and headers untouched; only one
    too large for a record has the digest of its value instead.
    """
    routed, review = _by_ticket(published.routed), _by_ticket(published.review)
    findings: list[Finding] = []
    for row in stored.rows:
        copies = routed.get(row.key, []) + review.get(row.key, [])
        if row.key not in routed:
            findings.append(Finding(Trouble.EVENT_MISSING, f"{name_row(row)} is not on the routed topic"))
        if row.needs_review and row.key not in review:
            findings.append(Finding(Trouble.EVENT_MISSING, f"{name_row(row)} is not on the review topic"))
        findings += _compare(row, copies)
    letters: dict[Coordinates, list[LetterCopy]] = defaultdict(list)
    for copy in published.letters:
        letters[copy.original].append(copy)
    for letter in stored.letters:
        findings += _compare_letter(letter, letters.get(letter.at, []))
    return findings


def check_nothing_else_published(stored: Stored, published: Published, was_erased: WasErased) -> list[Finding]:
    """I4: no event without its row, none on the review topic that nobody must look at, no letter without its row.

    Events of a row that was erased stay on the topics; `was_erased` tells them. The letters of an erased ticket are
    told by their key.
    """
    for_review = {row.key: row.needs_review for row in stored.rows}
    findings = [Finding(Trouble.UNREADABLE, name_place(at)) for at in published.unreadable]
    for copy in (*published.routed, *published.review):
        if copy.ticket not in for_review and not was_erased(copy.ticket):
            findings.append(Finding(Trouble.EVENT_WITHOUT_ROW, _name(copy)))
    for copy in published.review:
        if for_review.get(copy.ticket) is False:
            findings.append(Finding(Trouble.NOT_FOR_REVIEW, _name(copy)))
    known = {letter.at for letter in stored.letters}
    erased_keys = {f"{one.tenant}/{one.subject}" for one in stored.suppressions if one.kind == "ticket"}
    for letter in published.letters:
        if letter.original not in known and letter.content.key not in erased_keys:
            what = f"{name_place(letter.at)} about {name_place(letter.original)}"
            findings.append(Finding(Trouble.LETTER_WITHOUT_ROW, what))
    return findings


def check_reader(stored: Stored, routed: Sequence[EventCopy], was_erased: WasErased) -> list[Finding]:
    """I6: a reader of the routed topic that drops ids it knows is left with one event for each row, and no other.

    Unlike I3 and I4 this goes by ids alone: two ids for one row, or one id for two rows, would mislead every reader.
    """
    seen: set[str] = set()
    kept: list[EventCopy] = []
    for copy in routed:
        if copy.event_id not in seen:
            seen.add(copy.event_id)
            kept.append(copy)
    rows = Counter(row.event_id for row in stored.rows)
    left = Counter(copy.event_id for copy in kept if copy.event_id in rows or not was_erased(copy.ticket))
    return [
        Finding(Trouble.READER_DIFFERS, f"event id {event_id}: {left[event_id]} kept, {rows[event_id]} rows")
        for event_id in sorted(rows.keys() | left.keys())
        if rows[event_id] != left[event_id]
    ]


def count_duplicates(copies: Sequence[EventCopy]) -> int:
    """How many copies there are beyond the first of each event; a restart may publish again, so these are allowed."""
    return len(copies) - len({copy.event_id for copy in copies})


def _compare(row: Row, copies: Sequence[EventCopy]) -> Iterator[Finding]:
    if len({copy.value_sha256 for copy in copies}) > 1:
        yield Finding(Trouble.COPIES_DIFFER, f"{name_row(row)}: {len(copies)} copies")
    key = f"{row.tenant}/{row.ticket_id}"
    for copy in copies:
        wrong = [
            name
            for name, is_right in (
                ("data", copy.data_sha256 == row.document_sha256),
                ("id", copy.event_id == row.event_id),
                ("subject", copy.subject == key),
                ("record key", copy.record_key == key),
            )
            if not is_right
        ]
        if wrong:
            yield Finding(Trouble.EVENT_CONTRADICTS_ROW, f"{_name(copy)}: {', '.join(wrong)}")


def _compare_letter(letter: Letter, copies: Sequence[LetterCopy]) -> Iterator[Finding]:
    if not copies:
        yield Finding(Trouble.LETTER_MISSING, f"{name_place(letter.at)} is not on the dead-letter topic")
    for copy in copies:
        is_whole = (copy.content, copy.headers_sha256) == (letter.content, letter.headers_sha256)
        if not is_whole and not (copy.is_shortened and copy.content.sha256 == letter.content.sha256):
            yield Finding(Trouble.LETTER_ALTERED, f"{name_place(copy.at)} about {name_place(letter.at)}")


def _by_ticket(copies: Sequence[EventCopy]) -> dict[TicketRevision, list[EventCopy]]:
    grouped: dict[TicketRevision, list[EventCopy]] = defaultdict(list)
    for copy in copies:
        grouped[copy.ticket].append(copy)
    return dict(grouped)


def _name(copy: EventCopy) -> str:
    tenant, ticket_id, revision = copy.ticket
    return f"event of {tenant}/{ticket_id} revision {revision} at {name_place(copy.at)}"
