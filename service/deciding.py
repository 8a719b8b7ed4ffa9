"""In: decoded records, and which of them the store does not have yet. Out: what to store of them, and what to publish.

Step S3. Tickets that the store knows, from an earlier record or an earlier run, are not decided again; a decision is
made once and every event of it is built from the stored row. Raises `StoreUnavailableError`; a record that fails by
itself becomes a dead letter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from service.broker.records import InputRecord
from service.clocks import Clock
from service.corrections import Correction, check_labels, corrected_result, version_of_correction
from service.decide import Decider
from service.errors import InvalidMessageError, Reason, Stage
from service.intake import Decoded, coordinates_of, dead_letter
from service.isolate import decide_isolating
from service.record import stored_correction, stored_decision
from service.revisions import NEIGHBOURS_US, KnownRevision, TicketKey, Version, assign_revisions, version_of
from service.store.values import (
    DeadLetter,
    Erasure,
    StoredDecision,
    StoredTicket,
    TicketRevision,
)
from service.ticket import Ticket

_UNKNOWN_TICKET = InvalidMessageError(Reason.UNKNOWN_TICKET, Stage.STORE, "the corrected ticket is not in the store")
_TOO_MANY = InvalidMessageError(
    Reason.SCHEMA, Stage.STORE, f"updated_at: more than {NEIGHBOURS_US} other changes of the ticket carry this time"
)


class KnownTickets(Protocol):
    """What deciding asks of the store."""

    def known_revisions(self, versions: Sequence[Version]) -> Mapping[TicketKey, Sequence[KnownRevision]]: ...
    def read_base(self, tenant: str, ticket_id: str, below: int) -> StoredTicket | None: ...


@dataclass(slots=True)
class Decided:
    """What a batch comes to. ``keys`` are the revisions that its records stand for, stored now or earlier."""

    decisions: list[StoredDecision] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    erasures: list[Erasure] = field(default_factory=list)
    keys: list[TicketRevision] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Placed:
    """A ticket or a correction with the revision that it is, and the records that say it, the first of them first."""

    copies: list[Decoded]
    message: Ticket | Correction
    version: Version
    revision: int

    @property
    def record(self) -> InputRecord:
        """The record that it is decided from."""
        return self.copies[0].record


class BatchDecider:
    """Decides batches of decoded records."""

    def __init__(self, store: KnownTickets, decider: Decider, clock: Clock) -> None:
        self._store, self._decider, self._clock = store, decider, clock

    def decide(self, decoded: Sequence[Decoded], is_fresh: Callable[[InputRecord], bool]) -> Decided:
        """Decide what is fresh; find the revisions of everything."""
        decided = Decided()
        placed, todo = self._place(decoded, is_fresh, decided.letters)
        decided.keys = [(item.version.tenant, item.version.ticket_id, item.revision) for item in placed]
        self._decide_tickets(todo, decided)
        for item in todo:
            if isinstance(item.message, Correction):
                self._correct(item, item.message, decided)
        for one in decoded:
            if is_fresh(one.record) and isinstance(one.outcome, InvalidMessageError):
                decided.letters.append(self.letter(one, one.outcome))
            elif is_fresh(one.record) and isinstance(one.outcome, Erasure):
                decided.erasures.append(one.outcome)
        return decided

    def letter(self, decoded: Decoded, error: InvalidMessageError) -> DeadLetter:
        """The dead letter of a record."""
        return dead_letter(decoded, error, self._decider.model.version, self._clock())

    def _place(
        self, decoded: Sequence[Decoded], is_fresh: Callable[[InputRecord], bool], letters: list[DeadLetter]
    ) -> tuple[list[_Placed], list[_Placed]]:
        """All tickets and corrections with their revisions, and those of them that have to be decided now."""
        messages = [(one, one.outcome) for one in decoded if isinstance(one.outcome, Ticket | Correction)]
        versions = [_version(message) for _, message in messages]
        if not versions:
            return [], []
        assigned = assign_revisions(versions, self._store.known_revisions(versions))
        placed: list[_Placed] = []
        todo: dict[TicketRevision, _Placed] = {}
        for (one, message), version, (revision, is_stored) in zip(messages, versions, assigned, strict=True):
            if revision is None:
                if is_fresh(one.record):
                    letters.append(self.letter(one, _TOO_MANY))
                continue
            item = _Placed([one], message, version, revision)
            placed.append(item)
            if is_fresh(one.record) and not is_stored:
                first = todo.setdefault((version.tenant, version.ticket_id, revision), item)
                if first is not item:
                    first.copies.append(one)
        return placed, list(todo.values())

    def _decide_tickets(self, todo: Sequence[_Placed], decided: Decided) -> None:
        items = [(item, item.message) for item in todo if isinstance(item.message, Ticket)]
        outcomes = decide_isolating(self._decider.decide, [ticket for _, ticket in items])
        for (item, ticket), outcome in zip(items, outcomes, strict=True):
            if isinstance(outcome, InvalidMessageError):
                decided.letters += self._letters(item, outcome)
                continue
            result = replace(outcome, revision=item.revision)
            at = coordinates_of(item.record)
            decided.decisions.append(stored_decision(ticket, item.version, result, item.record.received_at, at))

    def _correct(self, item: _Placed, correction: Correction, decided: Decided) -> None:
        base = self._base(item, decided.decisions)
        if base is None:
            decided.letters += self._letters(item, _UNKNOWN_TICKET)
            return
        try:
            check_labels(correction, self._decider.labels)
        except InvalidMessageError as error:
            decided.letters += self._letters(item, error)
            return
        result = corrected_result(base, correction, item.revision, self._decider.rules, self._clock())
        at = coordinates_of(item.record)
        decided.decisions.append(stored_correction(base, correction, result, item.version, at))

    def _letters(self, item: _Placed, error: InvalidMessageError) -> list[DeadLetter]:
        """A letter for each record that says it: none of them has a row."""
        return [self.letter(copy, error) for copy in item.copies]

    def _base(self, item: _Placed, decisions: Sequence[StoredDecision]) -> StoredTicket | None:
        """The newest revision below the correction's, in the store or in this batch."""
        version = item.version
        stored = self._store.read_base(version.tenant, version.ticket_id, item.revision)
        found = [stored] if stored is not None else []
        found += [
            StoredTicket(one.result, one.channel, one.source, one.received_at, one.facts)
            for one in decisions
            if (one.result.tenant, one.result.ticket_id) == version.key
        ]
        older = [one for one in found if one.result.revision < item.revision]
        return max(older or found, key=lambda one: one.result.revision, default=None)


def _version(message: Ticket | Correction) -> Version:
    return version_of(message) if isinstance(message, Ticket) else version_of_correction(message)
