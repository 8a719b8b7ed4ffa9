"""In: tickets and what the store knows of them. Out: the revision number of each.

A revision is the time of the ticket's last change in microseconds since 1970. Help desks count in seconds or
milliseconds, so two changes may carry the same time: then the higher sequence of the source, or else the later record,
comes after the other, one microsecond later. The same content is always the same revision, however often it arrives.
What counts as content must stay the same from release to release: a replay across an upgrade finds its rows by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b

from service.ticket import Ticket

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DIGEST_BYTES = 16
_DECISIVE = {"subject", "body", "channel", "requester", "tags", "source", "sequence"}

TicketKey = tuple[str, str]
"""Tenant and ticket id."""

NEIGHBOURS_US = 999
"""How far from a version's time its revision can come to lie: less than the millisecond that help desks count in."""


@dataclass(frozen=True, slots=True)
class Version:
    """One state of one ticket; ``digest`` is that of everything a decision may rest on."""

    tenant: str
    ticket_id: str
    revised_us: int
    sequence: int | None
    digest: str

    @property
    def key(self) -> TicketKey:
        """The ticket."""
        return self.tenant, self.ticket_id


@dataclass(frozen=True, slots=True)
class KnownRevision:
    """A stored revision; a ``digest`` of None (stored by an earlier release) counts as the same content."""

    revision: int
    revised_us: int
    sequence: int | None
    digest: str | None


def microseconds(moment: datetime | None) -> int:
    """Microseconds since 1970; 0 where no time is known."""
    if moment is None:
        return 0
    delta = moment - EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def version_of(ticket: Ticket) -> Version:
    """The version that a ticket is."""
    # Without defaults: a field that a later release adds changes no digest of a ticket that does not have it.
    content = ticket.model_dump_json(include=_DECISIVE, exclude_defaults=True).encode("utf-8", "surrogatepass")
    digest = blake2b(content, digest_size=_DIGEST_BYTES).hexdigest()
    return Version(ticket.tenant, ticket.ticket_id, microseconds(ticket.revised_at), ticket.sequence, digest)


def assign_revisions(
    versions: Sequence[Version], known: Mapping[TicketKey, Sequence[KnownRevision]]
) -> list[tuple[int | None, bool]]:
    """For each version, in the order of the log, its revision and whether the store has it already.

    ``known`` holds of each ticket what is stored within `NEIGHBOURS_US` of the version's time. The revision is None
    where so many other changes carry the same time that none is free that near.
    """
    seen = {key: list(revisions) for key, revisions in known.items()}
    assigned: list[tuple[int | None, bool]] = []
    for version in versions:
        others = seen.setdefault(version.key, [])
        same = next((other for other in others if _is_same(other, version)), None)
        if same is not None:
            assigned.append((same.revision, same in known.get(version.key, ())))
            continue
        revision = _place(version, others)
        if abs(revision - version.revised_us) > NEIGHBOURS_US:
            assigned.append((None, False))
            continue
        others.append(KnownRevision(revision, version.revised_us, version.sequence, version.digest))
        assigned.append((revision, False))
    return assigned


def _is_same(other: KnownRevision, version: Version) -> bool:
    return other.revised_us == version.revised_us and other.digest in (version.digest, None)


def _place(version: Version, others: Sequence[KnownRevision]) -> int:
    """After everything of the same time, or before all of it where the source's own sequence says that this is late."""
    rivals = [other for other in others if other.revised_us == version.revised_us]
    late = version.sequence is not None and any(
        other.sequence is not None and other.sequence > version.sequence for other in rivals
    )
    taken = {other.revision for other in others}
    revision = version.revised_us
    if rivals:
        revisions = [other.revision for other in rivals]
        revision = min(revisions) - 1 if late else max(revisions) + 1
    while revision in taken:
        revision += -1 if late else 1
    return revision
