"""In: claims, batches of decisions and dead letters. Out: rows, written once, and the stored values read back.

Every method may block on the database and may raise `StoreUnavailableError`; nothing of a call that raised is stored,
unless the answer to its commit was lost, which `write_batch` notices when called again.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, RowMapping, func, select, text

from service.errors import Reason, Stage, StoreUnavailableError
from service.revisions import KnownRevision, TicketKey, Version
from service.store.attempts import begin_attempt, forget_attempts
from service.store.bulk import insert, insert_new, is_postgresql, select_by_key, upsert_newer
from service.store.claims import Watermarks, claim_partition, lock_claims, move_watermarks, partition_key
from service.store.engine import writing
from service.store.erasure import (
    erase,
    erased_decisions,
    erased_letters,
    lock_out_erasures,
    lock_out_writers,
    suppress,
    whole,
)
from service.store.known import known_revisions, read_base
from service.store.rows import Row, current_rows, dead_letter_row, field_rows, read_headers, result_row, storable
from service.store.schema import dead_letters, result_fields, results, ticket_current
from service.store.translate import translated_errors
from service.store.values import (
    AlreadyWritten,
    BatchRange,
    Coordinates,
    DeadLetter,
    Erasure,
    PartitionClaim,
    SeekBack,
    StoredDecision,
    StoredEvent,
    StoredTicket,
    TicketRevision,
    WriteOutcome,
    Written,
)


class Store:
    """The store over an engine of `create_store_engine`; the schema must be there (`service.store.migrate`)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing_engine = writing(engine)

    def claim(
        self, group_id: str, topic: str, partitions: Mapping[int, int], owner: uuid.UUID, topic_id: str | None
    ) -> list[PartitionClaim]:
        """S0: take over partitions of a topic, given with the offset that a first claim starts at.

        Whoever held them is fenced from here on. Raises `InputPositionError` where the stored offsets belong to a
        topic of another id; a `topic_id` of None checks nothing.
        """
        with self._writing() as connection:
            return [
                claim_partition(connection, (group_id, topic, partition), first_offset, owner, topic_id)
                for partition, first_offset in sorted(partitions.items())
            ]

    def write_batch(
        self,
        ranges: Sequence[BatchRange],
        decisions: Sequence[StoredDecision],
        letters: Sequence[DeadLetter],
        erasures: Sequence[Erasure] = (),
    ) -> WriteOutcome:
        """S4: store a batch in one transaction, or nothing of it.

        1. Lock the offset rows in key order. `FencedError` if an owner or epoch is another; `SeekBack` if the store is
           behind the batch; `AlreadyWritten` if an earlier attempt was committed.
        2. Note what the batch erases. Insert the results that are not there, with their fields, but for what is erased.
           `StoreUnavailableError` where another writer has just stored other content as one of these revisions.
        3. Upsert `ticket_current` where the new revision is higher.
        4. Insert the dead letters that are not there, but for what is erased; delete what is erased.
        5. Move `next_offset` up to the end of the batch; commit with `synchronous_commit = on`.

        Takes at most one range a partition, and at least one. Raises `InvalidMessageError` if the database refuses a
        row without saying which: halve the batch to find it.
        """
        if not ranges or len({partition_key(item.claim) for item in ranges}) < len(ranges):
            raise ValueError("a batch needs one range for each of its partitions")
        with self._writing() as connection:
            # 1
            stored = lock_claims(connection, [item.claim for item in ranges])
            next_offsets = [stored[partition_key(item.claim)].next_offset for item in ranges]
            if any(reached < item.relies_on for reached, item in zip(next_offsets, ranges, strict=True)):
                return _seek_back(ranges, next_offsets)
            if all(reached >= item.hi for reached, item in zip(next_offsets, ranges, strict=True)):
                return AlreadyWritten()
            # 2, 3
            (lock_out_writers if erasures else lock_out_erasures)(connection)
            suppress(connection, erasures)
            new_results = _insert_decisions(connection, decisions, check=True)
            # 4
            new_letters = _insert_dead_letters(connection, letters)
            erase(connection, erasures)
            # 5
            for item in ranges:
                marks = stored[partition_key(item.claim)]
                moved = Watermarks(max(marks.next_offset, item.hi), marks.published_offset)
                move_watermarks(connection, item.claim, moved)
                forget_attempts(connection, item.claim.topic, item.claim.partition, moved.next_offset)
            return Written(new_results, new_letters)

    def next_offsets(self, claims: Sequence[PartitionClaim]) -> list[int]:
        """How far each partition is stored, once every transaction on it has ended, that of a lost answer too.

        Raises `FencedError` as `write_batch` does.
        """
        with self._writing() as connection:
            stored = lock_claims(connection, claims)
            return [stored[partition_key(claim)].next_offset for claim in claims]

    def record_results(self, decisions: Sequence[StoredDecision]) -> int:
        """Store decisions that came from no topic; returns how many were new."""
        with self._writing() as connection:
            lock_out_erasures(connection)
            return _insert_decisions(connection, decisions)

    def mark_published(self, published: Sequence[tuple[PartitionClaim, int]]) -> list[int]:
        """Before S7: note up to which offset (exclusive) each partition's events are published.

        Returns the offsets that hold, which are lower where the store went back in time. Raises `FencedError` as
        `write_batch` does.
        """
        held = []
        with self._writing() as connection:
            stored = lock_claims(connection, [claim for claim, _ in published])
            for claim, offset in published:
                marks = stored[partition_key(claim)]
                held.append(min(offset, marks.next_offset))
                moved = Watermarks(marks.next_offset, max(marks.published_offset, held[-1]))
                move_watermarks(connection, claim, moved)
        return held

    def read_events(self, keys: Sequence[TicketRevision]) -> list[StoredEvent]:
        """S5: what is stored of these results, in the order asked for; once each, without those that are not stored."""
        wanted = list(dict.fromkeys((tenant, storable(ticket_id), revision) for tenant, ticket_id, revision in keys))
        rows = [{"tenant": key[0], "ticket_id": key[1], "revision": key[2]} for key in wanted]
        columns = (*results.primary_key.columns, results.c.event_id, results.c.document)
        with self._reading() as connection:
            found = {
                (tenant, ticket_id, revision): StoredEvent(event_id, document)
                for tenant, ticket_id, revision, event_id, document in select_by_key(connection, results, columns, rows)
            }
        return [found[key] for key in wanted if key in found]

    def read_dead_letters(self, topic: str, partition: int, lo: int, hi: int) -> list[DeadLetter]:
        """S5: the dead letters of a partition's offsets `lo` (inclusive) to `hi` (exclusive), in order."""
        where = (dead_letters.c.topic == topic, dead_letters.c.partition == partition)
        query = select(dead_letters).where(*where, dead_letters.c.offset >= lo, dead_letters.c.offset < hi)
        with self._reading() as connection:
            rows = connection.execute(query.order_by(dead_letters.c.offset)).mappings().all()
        return [_dead_letter(row) for row in rows]

    def known_revisions(self, versions: Sequence[Version]) -> Mapping[TicketKey, Sequence[KnownRevision]]:
        """S3: what is stored of each version's ticket around its time."""
        with self._reading() as connection:
            return known_revisions(connection, versions)

    def read_base(self, tenant: str, ticket_id: str, below: int) -> StoredTicket | None:
        """S3: the revision that a correction with revision `below` builds on; None for an unknown ticket."""
        with self._reading() as connection:
            return read_base(connection, tenant, ticket_id, below)

    def begin_attempts(self, records: Sequence[Coordinates], at_least: int = 1) -> list[int]:
        """Before S2: count an attempt at each record, which lasts until S4; returns how many there were before."""
        with self._writing() as connection:
            return [begin_attempt(connection, at, at_least) for at in records]

    def forget_attempts(self, partitions: Sequence[tuple[str, int]], below_offset: int) -> None:
        """Drop what was counted below an offset of these partitions, given by topic and number."""
        with self._writing() as connection:
            for topic, partition in partitions:
                forget_attempts(connection, topic, partition, below_offset)

    def erase(self, erasures: Sequence[Erasure], *, dry_run: bool = False) -> list[TicketRevision]:
        """Suppress and delete what is stored of these subjects, whatever its time; returns the revisions that are gone.

        No batch is stored meanwhile. A dry run changes nothing and returns the same.
        """
        with self._writing() as connection:
            lock_out_writers(connection)
            erased = erase(connection, whole(connection, erasures))
            if dry_run:
                connection.rollback()
            return erased

    def count_results(self) -> int:
        """How many results are stored."""
        with self._reading() as connection:
            return connection.execute(select(func.count()).select_from(results)).scalar_one()

    def probe(self) -> None:
        """Ask the database something; raises where it does not answer."""
        with self._reading() as connection:
            connection.execute(select(1))

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with translated_errors(), self._writing_engine.begin() as connection:
            if is_postgresql(connection):
                connection.execute(text("SET LOCAL synchronous_commit = on"))
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with translated_errors(), self._engine.connect() as connection:
            yield connection


def _seek_back(ranges: Sequence[BatchRange], next_offsets: Sequence[int]) -> SeekBack:
    # Partitions that are not behind are dropped with the batch, so they are read again too: from where they were read.
    return SeekBack(
        tuple(
            Coordinates(item.claim.topic, item.claim.partition, min(reached, item.lo))
            for reached, item in zip(next_offsets, ranges, strict=True)
        )
    )


def _insert_decisions(connection: Connection, decisions: Sequence[StoredDecision], check: bool = False) -> int:
    erased = erased_decisions(connection, decisions)
    kept = [decision for position, decision in enumerate(decisions) if position not in erased]
    first: dict[TicketRevision, Row] = {}
    for row in map(result_row, kept):
        first.setdefault((row["tenant"], row["ticket_id"], row["revision"]), row)
    # A result that was there keeps its own fields: another model may have found others.
    new_rows = [
        first[tenant, ticket_id, revision]
        for tenant, ticket_id, revision in insert_new(connection, results, list(first.values()))
    ]
    if check and len(new_rows) < len(first):
        _require_same_content(connection, list(first.values()))
    insert_new(connection, result_fields, [item for row in new_rows for item in field_rows(row)])
    upsert_newer(connection, ticket_current, current_rows(new_rows), "revision")
    return len(new_rows)


def _require_same_content(connection: Connection, rows: Sequence[Row]) -> None:
    """A revision is chosen before S4: where a ticket comes by two partitions, another worker may have been faster."""
    mine = {(row["tenant"], row["ticket_id"], row["revision"]): row["content_digest"] for row in rows}
    columns = (*results.primary_key.columns, results.c.content_digest)
    for *key, digest in select_by_key(connection, results, columns, rows):
        if None not in (digest, mine[tuple(key)]) and digest != mine[tuple(key)]:
            raise StoreUnavailableError("another writer has just stored a revision of the same number: deciding again")


def _insert_dead_letters(connection: Connection, letters: Sequence[DeadLetter]) -> int:
    # One statement each: they are rare, may be megabytes, and bytes would double as text in a jsonb parameter.
    statement = insert(connection, dead_letters).on_conflict_do_nothing().returning(dead_letters.c.id)
    erased = erased_letters(connection, letters)
    kept = [letter for position, letter in enumerate(letters) if position not in erased]
    return sum(len(connection.execute(statement, dead_letter_row(letter)).all()) for letter in kept)


def _dead_letter(row: RowMapping) -> DeadLetter:
    taken = {name: row[name] for name in ("topic", "partition", "offset", "key", "value", "detail", "failed_at")}
    return DeadLetter(
        **taken,
        headers=read_headers(row["headers"]),
        reason=Reason(row["reason"]),
        stage=Stage(row["stage"]),
        service_version=row["service_version"],
        model_version=row["model_version"],
        attempts=row["attempts"],
    )
