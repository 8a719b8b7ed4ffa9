"""In: a connection in a transaction, and what is to be forgotten. Out: rows gone, and a record that keeps them gone.

A suppression outlives the rows: the same ticket read again from Kafka, or from a restored backup's position, is left
out by `erased_decisions` and `erased_letters`. Raises what SQLAlchemy raises.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import ColumnElement, Connection, and_, delete, func, not_, or_, select, text

from service.revisions import EPOCH, TicketKey, microseconds
from service.store.bulk import insert, is_postgresql, select_by_key
from service.store.rows import current_rows, storable
from service.store.schema import dead_letters, results, suppressions, ticket_current
from service.store.values import DeadLetter, Erasure, StoredDecision, SuppressionKind, TicketRevision

Subject = tuple[str, str, str]
"""Tenant, kind, and ticket id or digest: the key of a suppression."""

_REVISED_US = func.coalesce(results.c.revised_us, results.c.revision)


def lock_out_erasures(connection: Connection) -> None:
    """Wait for erasures in progress, so that what they suppress is seen, and let none begin in this transaction.

    Otherwise a batch that was decided before an erasure could be committed after it. Batches do not wait for another.
    """
    _lock_suppressions(connection, "ROW SHARE")


def lock_out_writers(connection: Connection) -> None:
    """Wait for every batch that is being stored, and keep the next ones waiting until this transaction ends.

    Must come before anything else that `lock_out_erasures` would lock, or two such transactions wait for each other.
    """
    _lock_suppressions(connection, "EXCLUSIVE")


def whole(connection: Connection, erasures: Sequence[Erasure]) -> list[Erasure]:
    """What an operator means: the same, with every ticket that a requester has, up to the newest that is stored."""
    meant = []
    for erasure in erasures:
        tickets = [erasure] if erasure.kind is SuppressionKind.TICKET else list(_tickets_of(connection, erasure))
        meant += [_up_to(one, _newest(connection, _of_ticket(one))) for one in tickets]
        if erasure.kind is SuppressionKind.REQUESTER:
            meant.append(erasure)
    return meant


def erase(connection: Connection, erasures: Sequence[Erasure]) -> list[TicketRevision]:
    """Suppress the subjects, and delete what is there of the tickets among them: results with their fields, current
    rows, and dead letters under the ticket's key, but for those of records after the one that says so.
    """
    erased: list[TicketRevision] = []
    suppress(connection, erasures)
    for erasure in erasures:
        if erasure.kind is SuppressionKind.TICKET:
            erased += _erase_ticket(connection, erasure)
            connection.execute(delete(dead_letters).where(*_letters_of(erasure)))
    return erased


def suppress(connection: Connection, erasures: Sequence[Erasure]) -> None:
    """Note what is erased, unless a later erasure is noted already."""
    for erasure in erasures:
        _suppress(connection, erasure)


def erased_decisions(connection: Connection, decisions: Sequence[StoredDecision]) -> set[int]:
    """The positions of the decisions about what was erased."""
    subjects = [list(_subjects(decision)) for decision in decisions]
    erased_us = _suppressed(connection, [one for several in subjects for one in several])
    return {
        position
        for position, (decision, several) in enumerate(zip(decisions, subjects, strict=True))
        if any(_revised_us(decision) <= erased_us[one] for one in several if one in erased_us)
    }


def erased_letters(connection: Connection, letters: Sequence[DeadLetter]) -> set[int]:
    """The positions of the dead letters about what was erased, as far as their keys name a ticket."""
    subjects = [_subject_of_key(letter) for letter in letters]
    erased_us = _suppressed(connection, [one for one in subjects if one is not None])
    erased = set()
    for position, (letter, subject) in enumerate(zip(letters, subjects, strict=True)):
        until_us = None if subject is None else erased_us.get(subject)
        if until_us is not None and letter.revised_at is not None and microseconds(letter.revised_at) <= until_us:
            erased.add(position)
    return erased


def _lock_suppressions(connection: Connection, mode: str) -> None:
    if is_postgresql(connection):  # SQLite has one writer at a time
        connection.execute(text(f"LOCK TABLE {suppressions.name} IN {mode} MODE"))


def _suppressed(connection: Connection, subjects: Sequence[Subject]) -> Mapping[Subject, int]:
    """Up to when each of the subjects was erased, in microseconds, as far as it was."""
    wanted = sorted(set(subjects))
    if not wanted or not connection.execute(select(suppressions.c.tenant).limit(1)).first():
        return {}
    rows = [dict(zip(("tenant", "kind", "subject"), one, strict=True)) for one in wanted]
    columns = (*suppressions.primary_key.columns, suppressions.c.erased_at)
    return {
        (tenant, kind, subject): microseconds(erased_at)
        for tenant, kind, subject, erased_at in select_by_key(connection, suppressions, columns, rows)
    }


def _subjects(decision: StoredDecision) -> Iterator[Subject]:
    tenant = decision.result.tenant
    yield _ticket(tenant, decision.result.ticket_id)
    for digest in decision.facts.requester_digests:
        yield tenant, SuppressionKind.REQUESTER.value, digest


def _subject_of_key(letter: DeadLetter) -> Subject | None:
    tenant, slash, ticket_id = (letter.key or b"").decode("utf-8", "replace").partition("/")
    return _ticket(str(storable(tenant)), ticket_id) if slash else None


def _ticket(tenant: str, ticket_id: str) -> Subject:
    return tenant, SuppressionKind.TICKET.value, str(storable(ticket_id))


def _revised_us(decision: StoredDecision) -> int:
    revised_us = decision.facts.revised_us
    return decision.result.revision if revised_us is None else revised_us


def _tickets_of(connection: Connection, erasure: Erasure) -> Iterator[Erasure]:
    # A row has all digests of its requester in one column, each of the same length.
    theirs = and_(results.c.tenant == erasure.tenant, results.c.requester_digests.contains(erasure.subject))
    for ticket_id in connection.execute(select(results.c.ticket_id).where(theirs).distinct()).scalars().all():
        yield replace(erasure, kind=SuppressionKind.TICKET, subject=ticket_id)


def _newest(connection: Connection, which: ColumnElement[bool]) -> int | None:
    newest: int | None = connection.execute(select(func.max(_REVISED_US)).where(which)).scalar_one()
    return newest


def _up_to(erasure: Erasure, revised_us: int | None) -> Erasure:
    if revised_us is None or revised_us <= microseconds(erasure.erased_at):
        return erasure
    return replace(erasure, erased_at=EPOCH + timedelta(microseconds=revised_us))


def _of_ticket(erasure: Erasure) -> ColumnElement[bool]:
    return and_(results.c.tenant == erasure.tenant, results.c.ticket_id == storable(erasure.subject))


def _letters_of(erasure: Erasure) -> Iterator[ColumnElement[bool]]:
    yield dead_letters.c.key == f"{erasure.tenant}/{erasure.subject}".encode("utf-8", "surrogatepass")
    at = erasure.coordinates
    if at is not None:
        same_partition = and_(dead_letters.c.topic == at.topic, dead_letters.c.partition == at.partition)
        yield not_(and_(same_partition, dead_letters.c.offset > at.offset))


def _erase_ticket(connection: Connection, erasure: Erasure) -> list[TicketRevision]:
    ticket = _of_ticket(erasure)
    key = (results.c.tenant, results.c.ticket_id, results.c.revision)
    up_to_then = delete(results).where(ticket, microseconds(erasure.erased_at) >= _REVISED_US).returning(*key)
    gone = connection.execute(up_to_then).all()
    # A later correction repeats the fields of what it corrected, so it stays only with something to rest on.
    by_model = select(func.min(results.c.revision)).where(ticket, results.c.decided_by != "human").scalar_subquery()
    rests_on_nothing = or_(by_model.is_(None), results.c.revision < by_model)
    corrections = delete(results).where(ticket, results.c.decided_by == "human", rests_on_nothing).returning(*key)
    gone = [*gone, *connection.execute(corrections).all()]
    if gone:
        _renew_current(connection, (gone[0].tenant, gone[0].ticket_id))
    return [(row.tenant, row.ticket_id, row.revision) for row in gone]


def _renew_current(connection: Connection, key: TicketKey) -> None:
    tenant, ticket_id = key
    connection.execute(
        delete(ticket_current).where(ticket_current.c.tenant == tenant, ticket_current.c.ticket_id == ticket_id)
    )
    left = select(results).where(results.c.tenant == tenant, results.c.ticket_id == ticket_id)
    newest = connection.execute(left.order_by(results.c.revision.desc()).limit(1)).mappings().all()
    for row in current_rows(map(dict, newest)):
        connection.execute(insert(connection, ticket_current).values(**row))


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
