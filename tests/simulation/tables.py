"""In: nothing. Out: the tables of a store in memory, to be copied and put back as a whole; and what erasing does.

`test_store_contract` holds this together with `service.store.erasure`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from service.revisions import TicketKey, microseconds
from service.store.claims import PartitionKey
from service.store.rows import Row, storable
from service.store.values import (
    Coordinates,
    DeadLetter,
    Erasure,
    PartitionClaim,
    StoredDecision,
    SuppressionKind,
    TicketRevision,
)

Subject = tuple[str, str, str]


@dataclass(slots=True)
class Tables:
    """Every table; what is in the dictionaries is never changed, only replaced."""

    offsets: dict[PartitionKey, PartitionClaim] = field(default_factory=dict)
    results: dict[TicketRevision, Row] = field(default_factory=dict)
    current: dict[TicketKey, Row] = field(default_factory=dict)
    letters: dict[Coordinates, DeadLetter] = field(default_factory=dict)
    attempts: dict[Coordinates, int] = field(default_factory=dict)
    suppressions: dict[Subject, datetime] = field(default_factory=dict)

    def copy(self) -> Tables:
        """The same, independent of what comes."""
        return Tables(
            self.offsets.copy(),
            self.results.copy(),
            self.current.copy(),
            self.letters.copy(),
            self.attempts.copy(),
            self.suppressions.copy(),
        )

    def revisions(self, tenant: str, ticket_id: str) -> list[Row]:
        """The ticket's results, the oldest first."""
        wanted = (tenant, storable(ticket_id))
        found = [row for key, row in self.results.items() if key[:2] == wanted]
        return sorted(found, key=lambda row: int(row["revision"]))

    def is_erased(self, decision: StoredDecision) -> bool:
        """Whether a decision is about what was erased."""
        tenant, facts = decision.result.tenant, decision.facts
        subjects = [(tenant, SuppressionKind.TICKET.value, storable(decision.result.ticket_id))]
        subjects += [(tenant, SuppressionKind.REQUESTER.value, digest) for digest in facts.requester_digests]
        us = decision.result.revision if facts.revised_us is None else facts.revised_us
        return any(us <= self._erased_us(subject) for subject in subjects)

    def is_letter_erased(self, letter: DeadLetter) -> bool:
        """Whether a dead letter is about what was erased."""
        tenant, slash, ticket_id = (letter.key or b"").decode("utf-8", "replace").partition("/")
        if not slash or letter.revised_at is None:
            return False
        subject = (storable(tenant), SuppressionKind.TICKET.value, storable(ticket_id))
        return microseconds(letter.revised_at) <= self._erased_us(subject)

    def suppress(self, erasure: Erasure) -> None:
        """Note what is erased, unless a later erasure is noted already."""
        subject = (erasure.tenant, erasure.kind.value, storable(erasure.subject))
        self.suppressions[subject] = max(self.suppressions.get(subject, erasure.erased_at), erasure.erased_at)

    def erase(self, erasure: Erasure) -> None:
        """Delete what there is of a ticket up to that time, with the corrections that then rest on nothing."""
        if erasure.kind is SuppressionKind.REQUESTER:
            return
        key = (erasure.tenant, storable(erasure.subject))
        rows = self.revisions(*key)
        later = [row for row in rows if revised_us(row) > microseconds(erasure.erased_at)]
        by_model = [int(row["revision"]) for row in later if row["decided_by"] != "human"]
        kept = [row for row in later if by_model and int(row["revision"]) >= by_model[0]]
        for row in rows:
            if row not in kept:
                del self.results[*key, row["revision"]]
        if len(kept) < len(rows):
            self.current.pop(key, None)
            if kept:
                self.current[key] = kept[-1]
        key_of_letters = f"{erasure.tenant}/{erasure.subject}".encode("utf-8", "surrogatepass")
        self.letters = {
            at: letter
            for at, letter in self.letters.items()
            if letter.key != key_of_letters or _is_later(at, erasure.coordinates)
        }

    def _erased_us(self, subject: Subject) -> int:
        at = self.suppressions.get(subject)
        return -1 if at is None else microseconds(at)


def revised_us(row: Row) -> int:
    """The time part of a row's revision."""
    return int(row["revision"] if row["revised_us"] is None else row["revised_us"])


def _is_later(at: Coordinates, erased: Coordinates | None) -> bool:
    """Whether a record came after the one that erases, as far as that can be said."""
    if erased is None or (at.topic, at.partition) != (erased.topic, erased.partition):
        return False
    return at.offset > erased.offset
