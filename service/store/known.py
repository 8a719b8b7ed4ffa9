"""In: a connection and versions of tickets. Out: the stored revisions near them, and what a correction builds on.

Raises what SQLAlchemy raises.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, and_, func, select

from service.revisions import NEIGHBOURS_US, KnownRevision, TicketKey, Version
from service.store.bulk import is_postgresql, parameters, recordset
from service.store.rows import storable, stored_ticket
from service.store.schema import results
from service.store.values import StoredTicket

_COLUMNS = (
    results.c.tenant,
    results.c.ticket_id,
    results.c.revision,
    func.coalesce(results.c.revised_us, results.c.revision),
    results.c.sequence,
    results.c.content_digest,
)


def known_revisions(connection: Connection, versions: Sequence[Version]) -> dict[TicketKey, list[KnownRevision]]:
    """What is stored of each version's ticket within `NEIGHBOURS_US` of its time."""
    asked = {(version.tenant, storable(version.ticket_id), version.revised_us): version.key for version in versions}
    keys = {(tenant, ticket_id): key for (tenant, ticket_id, _), key in asked.items()}
    known: dict[TicketKey, dict[int, KnownRevision]] = {}
    for tenant, ticket_id, revision, revised_us, sequence, digest in _near(connection, list(asked)):
        found = KnownRevision(revision, revised_us, sequence, digest)
        known.setdefault(keys[tenant, ticket_id], {})[revision] = found
    return {key: list(revisions.values()) for key, revisions in known.items()}


def read_base(connection: Connection, tenant: str, ticket_id: str, below: int) -> StoredTicket | None:
    """The newest revision below this one; where there is none, the oldest above it; None for an unknown ticket."""
    ticket = select(results).where(results.c.tenant == tenant, results.c.ticket_id == storable(ticket_id)).limit(1)
    older = ticket.where(results.c.revision < below).order_by(results.c.revision.desc())
    newer = ticket.where(results.c.revision > below).order_by(results.c.revision)
    for query in (older, newer):
        row = connection.execute(query).mappings().first()
        if row is not None:
            return stored_ticket(dict(row))
    return None


def _near(connection: Connection, asked: Sequence[tuple[str, str, int]]) -> Iterator[tuple[Any, ...]]:
    if not is_postgresql(connection):
        for tenant, ticket_id, revised_us in asked:
            query = select(*_COLUMNS).where(
                results.c.tenant == tenant,
                results.c.ticket_id == ticket_id,
                results.c.revision.between(revised_us - NEIGHBOURS_US, revised_us + NEIGHBOURS_US),
            )
            yield from map(tuple, connection.execute(query))
        return
    wanted = recordset(results.c.tenant, results.c.ticket_id, results.c.revised_us)
    near = and_(
        results.c.tenant == wanted.c.tenant,
        results.c.ticket_id == wanted.c.ticket_id,
        results.c.revision.between(wanted.c.revised_us - NEIGHBOURS_US, wanted.c.revised_us + NEIGHBOURS_US),
    )
    query = select(*_COLUMNS).join_from(wanted, results, near)
    rows = [dict(zip(("tenant", "ticket_id", "revised_us"), key, strict=True)) for key in asked]
    for chunk in parameters(connection, rows):
        yield from map(tuple, connection.execute(query, chunk))
