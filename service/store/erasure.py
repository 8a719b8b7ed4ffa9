"""In: a connection in a transaction, and what is to be forgotten. Out: rows gone, and a record that keeps them gone.

A suppression outlives the rows: the same ticket read again from Kafka, or from a restored backup's position, is left
out by `left_out`. Raises what SQLAlchemy raises.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, func, select, tuple_

from service.revisions import microseconds
from service.store.bulk import insert, select_by_key
from service.store.rows import storable
from service.store.schema import consumer_offsets, dead_letters, results, suppressions, ticket_current
from service.store.values import Erasure, StoredDecision, SuppressionKind, TicketRevision

_REVISED_US = func.coalesce(results.c.revised_us, results.c.revision)


def lock_out_workers(connection: Connection) -> None:
    """Wait for every batch that is being stored, and keep the next ones waiting until this transaction ends.

    Otherwise a batch that was decided before the erasure could be committed after it.
    """
    connection.execute(select(consumer_offsets.c.partition).with_for_update())


def erase(connection: Connection, erasures: Sequence[Erasure]) -> list[TicketRevision]:
    """Suppress, and delete what is there: results with their fields, current rows, dead letters of the ticket's key."""
    erased: list[TicketRevision] = []
    for erasure in erasures:
        _suppress(connection, erasure)
        match = results.c.ticket_id == storable(erasure.subject)
        if erasure.kind is SuppressionKind.REQUESTER:
            match = results.c.requester_digest == erasure.subject
        gone = connection.execute(
            delete(results)
            .where(results.c.tenant == erasure.tenant, match, microseconds(erasure.erased_at) >= _REVISED_US)
            .returning(results.c.tenant, results.c.ticket_id, results.c.revision)
        ).all()
        erased += [(row.tenant, row.ticket_id, row.revision) for row in gone]
        tickets = {row.ticket_id for row in gone}
        if erasure.kind is SuppressionKind.TICKET:
            tickets.add(erasure.subject)
        else:
            for ticket_id in sorted(tickets):
                _suppress(connection, Erasure(erasure.tenant, SuppressionKind.TICKET, ticket_id, erasure.erased_at))
        for ticket_id in sorted(tickets):
            key = f"{erasure.tenant}/{ticket_id}".encode("utf-8", "surrogatepass")
            connection.execute(delete(dead_letters).where(dead_letters.c.key == key))
    _drop_stale_current(connection, erased)
    return erased


def left_out(connection: Connection, decisions: Sequence[StoredDecision]) -> set[int]:
    """The positions of the decisions about what was erased."""
    wanted = {key for decision in decisions for key in _subjects(decision)}
    if not wanted or not connection.execute(select(suppressions.c.tenant).limit(1)).first():
        return set()
    rows = [{"tenant": tenant, "kind": kind, "subject": subject} for tenant, kind, subject in sorted(wanted)]
    columns = (*suppressions.primary_key.columns, suppressions.c.erased_at)
    erased_us = {
        (tenant, kind, subject): microseconds(erased_at)
        for tenant, kind, subject, erased_at in select_by_key(connection, suppressions, columns, rows)
    }
    return {
        position
        for position, decision in enumerate(decisions)
        if any(_revised_us(decision) <= erased_us.get(key, -1) for key in _subjects(decision))
    }


def _subjects(decision: StoredDecision) -> list[tuple[str, str, str]]:
    result = decision.result
    subjects = [(result.tenant, SuppressionKind.TICKET.value, str(storable(result.ticket_id)))]
    subjects += [
        (result.tenant, SuppressionKind.REQUESTER.value, digest) for digest in decision.facts.requester_digests
    ]
    return subjects


def _revised_us(decision: StoredDecision) -> int:
    revised_us = decision.facts.revised_us
    return decision.result.revision if revised_us is None else revised_us


def _suppress(connection: Connection, erasure: Erasure) -> None:
    statement = insert(connection, suppressions).values(
        tenant=erasure.tenant,
        kind=erasure.kind.value,
        subject=storable(erasure.subject),
        erased_at=erasure.erased_at,
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=list(suppressions.primary_key.columns),
            set_={"erased_at": statement.excluded.erased_at},
            where=statement.excluded.erased_at > suppressions.c.erased_at,
        )
    )


def _drop_stale_current(connection: Connection, erased: Sequence[TicketRevision]) -> None:
    # Erasing takes the oldest revisions up to a moment, so the newest one goes only where all go.
    keys = (ticket_current.c.tenant, ticket_current.c.ticket_id, ticket_current.c.revision)
    for start in range(0, len(erased), 300):
        connection.execute(delete(ticket_current).where(tuple_(*keys).in_(erased[start : start + 300])))
