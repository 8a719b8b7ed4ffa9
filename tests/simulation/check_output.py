"""In: a schedule's outcome. Out: where the topics, the store and the current view do not say the same.

- I3: of every row, and of every dead letter, at least one copy on the topics says exactly what is stored. All copies of
  one id are the same; only a copy of what a rewind of the store lost may differ, and of a correction that a tombstone
  took away and a duplicate brought back.
- I4: every event is of a row, and every published dead letter of a stored one. Only what was erased may be gone (the
  corrections of a deleted ticket with it), and of what a rewind lost: a dead letter, a correction that became a dead
  letter because it was read again before its ticket, and a ticket that was condemned when it was read again.
- I5: ``ticket_current`` is the highest revision of each ticket.
- I6: a reader that drops known ids, and revisions below the last one seen, ends with each ticket's current revision.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from service.broker.records import OutputRecord
from service.errors import Reason
from service.publish import HEADER_PREFIX
from service.revisions import NEIGHBOURS_US
from tests.simulation.messages import TENANT
from tests.simulation.outcome import Outcome
from tests.simulation.watch import OUTPUTS


@dataclass(frozen=True, slots=True)
class Said:
    """What an output record is about; ``name`` is the id of an event, or where a dead letter came from."""

    topic: str
    name: str
    ticket_id: str
    revision: int = 0
    decided_by: str = ""

    @property
    def is_correction(self) -> bool:
        """Whether a person decided."""
        return self.decided_by == "human"

    @property
    def id(self) -> tuple[str, str]:
        """The same for all copies."""
        return self.topic, self.name


def check_output(outcome: Outcome) -> Iterator[str]:
    """What is broken, each as the invariant's name and what is wrong."""
    read = {record: _read(record) for record in {*outcome.broker.published, *outcome.expected}}
    yield from _check_published(outcome, read)
    yield from _check_current(outcome)
    yield from _check_reader(outcome, read)


def _read(record: OutputRecord) -> Said:
    ticket_id = (record.key or b"").decode().removeprefix(f"{TENANT}/")
    if record.topic == OUTPUTS.dead_letter:
        headers = dict(record.headers)
        at = ((headers[f"{HEADER_PREFIX}{name}"] or b"").decode() for name in ("topic", "partition", "offset"))
        return Said(record.topic, "/".join(at), ticket_id)
    event = json.loads(record.value or b"")
    return Said(record.topic, event["id"], ticket_id, event["data"]["revision"], event["data"]["decided_by"])


def _check_published(outcome: Outcome, read: dict[OutputRecord, Said]) -> Iterator[str]:
    """I3 and I4."""
    there, expected = set(outcome.broker.published), set(outcome.expected)
    ids = {read[record].id for record in expected}
    for record in expected - there:
        yield f"I3: never published as stored: {read[record]}"
    for record in there - expected:
        said, is_lost = read[record], record in outcome.lost
        if said.id in ids:
            if not is_lost and not (said.is_correction and outcome.tombstones(said.ticket_id)):
                yield f"I3: another copy than what is stored: {said}"
        elif is_lost and (_is_condemned(outcome, said) or (said.is_correction and _has_unknown_ticket(outcome, said))):
            # Not promised: a rewound store may come to a correction before it comes to its ticket again, and may
            # condemn a record that stands between others which kill.
            continue
        elif not _is_erased(outcome, said) and not (is_lost and said.topic == OUTPUTS.dead_letter):
            yield f"I4: published of nothing that is stored: {said}"


def _is_condemned(outcome: Outcome, said: Said) -> bool:
    copies = [one for one in outcome.messages if one.ticket_id == said.ticket_id]
    return any(map(outcome.was_condemned, copies))


def _has_unknown_ticket(outcome: Outcome, said: Said) -> bool:
    key = f"{TENANT}/{said.ticket_id}".encode()
    letters = outcome.stored.letters.values()
    return any(letter.reason is Reason.UNKNOWN_TICKET and letter.key == key for letter in letters)


def _is_erased(outcome: Outcome, said: Said) -> bool:
    if said.topic == OUTPUTS.dead_letter or said.is_correction:
        return bool(outcome.tombstones(said.ticket_id))
    # What shares its time with another version has a revision a little above its time.
    return outcome.erased_us(said.ticket_id) >= said.revision - NEIGHBOURS_US


def _check_current(outcome: Outcome) -> Iterator[str]:
    """I5."""
    highest: dict[tuple[str, str], int] = {}
    for tenant, ticket_id, revision in outcome.stored.results:
        highest[tenant, ticket_id] = max(revision, highest.get((tenant, ticket_id), 0))
    current = {key: row["revision"] for key, row in outcome.stored.current.items()}
    if current != highest:
        yield f"I5: current {current}, highest {highest}"
    for (tenant, ticket_id), row in outcome.stored.current.items():
        stored = outcome.stored.results.get((tenant, ticket_id, row["revision"]))
        if stored is not None and any(row[name] != stored[name] for name in ("category", "queue", "decided_by")):
            yield f"I5: the current row of {ticket_id} differs from its revision's"


def _check_reader(outcome: Outcome, read: dict[OutputRecord, Said]) -> Iterator[str]:
    """I6; events of nothing that is stored are I4's."""
    stored = {read[record].id for record in outcome.expected}
    known: set[str] = set()
    seen: dict[str, int] = {}
    for record in outcome.broker.published:
        said = read[record]
        if said.topic == OUTPUTS.routed and said.id in stored and said.name not in known:
            known.add(said.name)
            seen[said.ticket_id] = max(said.revision, seen.get(said.ticket_id, 0))
    for (_, ticket_id), row in outcome.stored.current.items():
        if seen.get(ticket_id) != row["revision"]:
            yield f"I6: {ticket_id}: the reader ends with {seen.get(ticket_id)}, current is {row['revision']}"
