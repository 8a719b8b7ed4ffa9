"""In: a connection in a transaction, and claims on partitions. Out: claims made, checked, and watermarks moved.

Raises `FencedError` for a claim that is no longer the newest, and `InputPositionError` where the topic is not the one
that the stored offsets belong to.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, tuple_, update

from service.errors import FencedError, InputPositionError
from service.store.bulk import insert
from service.store.schema import consumer_offsets
from service.store.values import PartitionClaim

PartitionKey = tuple[str, str, int]

_KEY = (consumer_offsets.c.group_id, consumer_offsets.c.topic, consumer_offsets.c.partition)


@dataclass(frozen=True, slots=True)
class Watermarks:
    """What is stored and what is published of a partition: the next offset of each."""

    next_offset: int
    published_offset: int


def partition_key(claim: PartitionClaim) -> PartitionKey:
    """The key of the claim's row."""
    return claim.group_id, claim.topic, claim.partition


def claim_partition(
    connection: Connection, key: PartitionKey, first_offset: int, owner: uuid.UUID, topic_id: str | None
) -> PartitionClaim:
    """Take a partition over: epoch one up, a new owner. A first claim starts both watermarks at `first_offset`."""
    group_id, topic, partition = key
    statement = insert(connection, consumer_offsets).values(
        group_id=group_id,
        topic=topic,
        partition=partition,
        next_offset=first_offset,
        published_offset=first_offset,
        epoch=1,
        owner=owner,
        topic_id=topic_id,
    )
    row = connection.execute(
        statement.on_conflict_do_update(
            index_elements=list(consumer_offsets.primary_key.columns),
            set_={
                "epoch": consumer_offsets.c.epoch + 1,
                "owner": statement.excluded.owner,
                "topic_id": func.coalesce(consumer_offsets.c.topic_id, statement.excluded.topic_id),
            },
        ).returning(*consumer_offsets.columns)
    ).one()
    if topic_id is not None and row.topic_id != topic_id:
        raise InputPositionError(
            f"topic {topic} was recreated: partition {partition} of group {group_id} has offsets of topic id "
            f"{row.topic_id}, the topic now has id {topic_id}"
        )
    return PartitionClaim(
        group_id=row.group_id,
        topic=row.topic,
        partition=row.partition,
        epoch=row.epoch,
        owner=row.owner,
        next_offset=row.next_offset,
        published_offset=row.published_offset,
        topic_id=row.topic_id,
    )


def lock_claims(connection: Connection, claims: Sequence[PartitionClaim]) -> Mapping[PartitionKey, Watermarks]:
    """Lock the claims' rows in key order until the transaction ends; none may be outdated."""
    rows = connection.execute(
        select(consumer_offsets)
        .where(tuple_(*_KEY).in_([partition_key(claim) for claim in claims]))
        .order_by(*_KEY)
        .with_for_update()
    )
    stored = {(row.group_id, row.topic, row.partition): row for row in rows}
    for claim in claims:
        row = stored.get(partition_key(claim))
        if row is None or row.epoch != claim.epoch or row.owner != claim.owner:
            raise FencedError(
                f"partition {claim.partition} of {claim.topic} is no longer owned by {claim.owner}, epoch {claim.epoch}"
            )
    return {key: Watermarks(row.next_offset, row.published_offset) for key, row in stored.items()}


def move_watermarks(connection: Connection, claim: PartitionClaim, moved: Watermarks) -> None:
    """Store a locked partition's watermarks."""
    group_id, topic, partition = partition_key(claim)
    connection.execute(
        update(consumer_offsets)
        .where(_KEY[0] == group_id, _KEY[1] == topic, _KEY[2] == partition)
        .values(next_offset=moved.next_offset, published_offset=moved.published_offset)
    )
