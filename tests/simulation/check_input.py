"""In: a schedule's outcome. Out: what became of its input, as far as that is not what was promised.

- I1: a ticket's version is a row; where the model or the store refuses it, or the process dies of it, each of its
  records is a dead letter. A correction is a row, or each of its records that came before its ticket is a dead letter.
  What is invalid is a dead letter. A tombstone takes away every version up to its time, the dead letters of the ticket
  that came before it in its partition, and corrections that rest on nothing else. A record is never both.
- I2: there is one row for each version that went in, and no other.
- End: everything was read, stored and noted as published.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from service.attempts import TRIES_ALONE
from service.broker.records import PartitionId
from service.errors import Reason
from service.store.rows import Row
from service.store.values import Coordinates
from tests.simulation.messages import CORRECTIONS_OF_ANY_KIND, TENANT, Message, What
from tests.simulation.outcome import Outcome, coordinates

_REASONS = {
    What.TICKET: {Reason.PROCESS_DIED},
    What.POISON: {Reason.INFERENCE, Reason.PROCESS_DIED},
    What.REFUSED: {Reason.REJECTED_BY_STORE, Reason.PROCESS_DIED},
    What.KILLER: {Reason.PROCESS_DIED},
    What.CORRECTION: {Reason.UNKNOWN_TICKET, Reason.PROCESS_DIED},
    What.BAD_CORRECTION: {Reason.UNKNOWN_TICKET, Reason.SCHEMA, Reason.PROCESS_DIED},
    What.INVALID: set(Reason),
    What.TOMBSTONE: {Reason.PROCESS_DIED},
}


def check_input(outcome: Outcome) -> Iterator[str]:
    """What is broken, each as the invariant's name and what is wrong."""
    for message in outcome.messages:
        if message.what is What.INVALID:
            yield from _check_letter(outcome, message)
    for copies in outcome.versions.values():
        yield from _check_version(outcome, copies)
    yield from _check_rows(outcome)
    yield from _check_letters(outcome)
    yield from _check_end(outcome)


def _check_version(outcome: Outcome, copies: Sequence[Message]) -> Iterator[str]:
    """I1, of everything that has a version."""
    first, version = copies[0], copies[0].version
    assert version is not None
    rows = outcome.rows.get((version.ticket_id, version.revised_us, version.digest), [])
    said = f"{first.what.value} {version}"
    if version.revised_us <= outcome.erased_us(first.ticket_id):
        if rows or any(_has_readable_letter(outcome, one) for one in copies):
            yield f"I1: {'row' if rows else 'dead letter'} of what was erased: {said}"
        return
    if rows and first.what not in (What.TICKET, What.CORRECTION):
        yield f"I1: row of {said}"
    if any(outcome.has_letter(one) and _is_made_by(row, one) for one in copies for row in rows):
        yield f"I1: row and dead letter of one record: {said}"
    if first.what in CORRECTIONS_OF_ANY_KIND:
        if not rows and not outcome.tombstones(first.ticket_id) and not all(map(outcome.has_letter, copies)):
            yield f"I1: lost: {said}"
    elif first.what is What.TICKET:
        yield from _check_ticket(outcome, copies, bool(rows))
    else:
        for copy in copies:
            yield from _check_letter(outcome, copy)


def _check_ticket(outcome: Outcome, copies: Sequence[Message], has_row: bool) -> Iterator[str]:
    """I1, of a ticket that can be decided and was not erased."""
    letters = [one for one in copies if outcome.has_letter(one)]
    condemned_and_erased = outcome.tombstones(copies[0].ticket_id) and any(map(outcome.was_condemned, copies))
    if not has_row and not letters and not condemned_and_erased:
        yield f"I1: lost: {copies[0].version}"
    if letters and outcome.deaths < TRIES_ALONE:
        yield f"I1: {'row and ' * has_row}dead letter of {copies[0].version}"


def _check_letter(outcome: Outcome, message: Message) -> Iterator[str]:
    """I1, of a record that can only be a dead letter."""
    is_of_ticket = message.record.key == f"{TENANT}/{message.ticket_id}".encode()
    tombstones = outcome.tombstones(message.ticket_id) if is_of_ticket else []
    is_erased = any(one.record.offset > message.record.offset for one in tombstones)
    if outcome.has_letter(message) is is_erased:
        yield f"I1: {'dead letter not erased' if is_erased else 'no dead letter'}: {message.what} {message.record}"


def _check_rows(outcome: Outcome) -> Iterator[str]:
    """I2."""
    for identity, rows in outcome.rows.items():
        if len(rows) > 1:
            yield f"I2: {len(rows)} rows of {identity}"
        if identity not in outcome.versions:
            yield f"I2: row of nothing that went in: {identity}"


def _check_letters(outcome: Outcome) -> Iterator[str]:
    """I1, the other way round: a dead letter holds a record that was to become one, untouched."""
    messages = {coordinates(message): message for message in outcome.messages}
    for at, letter in outcome.stored.letters.items():
        message = messages.get(at)
        if message is None or (letter.key, letter.value) != (message.record.key, message.record.value):
            yield f"I1: dead letter of another record: {at}"
        elif letter.reason not in _REASONS[message.what]:
            yield f"I1: dead letter of {message.what.value} {at}: {letter.reason.value}"
        elif letter.reason is Reason.PROCESS_DIED and message.what is not What.KILLER and outcome.deaths < TRIES_ALONE:
            yield f"I1: condemned without having killed: {message.what.value} {at}"


def _check_end(outcome: Outcome) -> Iterator[str]:
    stored = {PartitionId(claim.topic, claim.partition): claim for claim in outcome.stored.offsets.values()}
    for partition in sorted(outcome.broker.partitions):
        claim, end = stored.get(partition), outcome.broker.end(partition)
        if claim is None or claim.next_offset != end:
            yield f"End: {partition} stored up to {claim and claim.next_offset}, ends at {end}"
        elif max(claim.published_offset, outcome.broker.committed.get(partition, 0)) != end:
            yield f"End: {partition} published up to {claim.published_offset}, ends at {end}"


def _has_readable_letter(outcome: Outcome, message: Message) -> bool:
    """What the process died of is not read again, so nothing can tell that it was erased."""
    letter = outcome.stored.letters.get(coordinates(message))
    return letter is not None and letter.reason is not Reason.PROCESS_DIED


def _is_made_by(row: Row, message: Message) -> bool:
    return Coordinates(row["topic"], row["partition"], row["offset"]) == coordinates(message)
