"""In: nothing. Out: the tables of the store, for PostgreSQL and SQLite, and the types they are made of.

`docs/store.md` explains every table to whoever queries them; `migrations/` must lead to exactly this, which a test
proves. `UtcDateTime` raises `ValueError` for a time without an offset.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Double,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, always in UTC: SQLite keeps no offset, and PostgreSQL answers in the session's zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware in; UTC out."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without an offset cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """What the driver read in; aware UTC out."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


_JSON = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

results = Table(
    "results",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("ticket_id", Text, primary_key=True),
    Column("revision", BigInteger, primary_key=True, autoincrement=False),
    Column("event_id", Uuid, nullable=False),
    Column("category", Text, nullable=False),
    Column("category_confidence", Double, nullable=False),
    Column("secondary_category", Text),
    Column("sentiment", Text, nullable=False),
    Column("sentiment_score", Double, nullable=False),
    Column("urgency", Text, nullable=False),
    Column("urgency_confidence", Double, nullable=False),
    Column("language", Text, nullable=False),
    Column("queue", Text, nullable=False),
    Column("priority", Text, nullable=False),
    Column("sla_minutes", Integer, nullable=False),
    Column("rule", Text, nullable=False),
    Column("needs_review", Boolean, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("model_name", Text, nullable=False),
    Column("model_version", Text, nullable=False),
    Column("model_sha256", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("processed_at", UtcDateTime, nullable=False),
    Column("latency_ms", Double, nullable=False),
    Column("truncated", Boolean, nullable=False),
    Column("topic", Text),
    Column("partition", Integer),
    Column("offset", BigInteger),
    Column("scores", _JSON, nullable=False),
    Column("reasons", _JSON, nullable=False),
    Column("document", _JSON, nullable=False),
    Column("revised_us", BigInteger),
    Column("sequence", BigInteger),
    Column("content_digest", Text),
    Column("requester_digests", Text),
    Column("requester_tier", Text),
    Column("tags", _JSON),
    Column("corrected_by", Text),
    Index(None, "tenant", "processed_at"),
    Index(None, "tenant", "queue", "needs_review"),
)

result_fields = Table(
    "result_fields",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("ticket_id", Text, primary_key=True),
    Column("revision", BigInteger, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("type", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("normalized", _JSON),
    Column("start_offset", Integer, nullable=False),
    Column("end_offset", Integer, nullable=False),
    Column("confidence", Double, nullable=False),
    Column("source", Text, nullable=False),
    ForeignKeyConstraint(
        ["tenant", "ticket_id", "revision"],
        ["results.tenant", "results.ticket_id", "results.revision"],
        ondelete="CASCADE",
    ),
    Index(None, "tenant", "type", "value"),
)

ticket_current = Table(
    "ticket_current",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("ticket_id", Text, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("category", Text, nullable=False),
    Column("category_confidence", Double, nullable=False),
    Column("secondary_category", Text),
    Column("sentiment", Text, nullable=False),
    Column("urgency", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("queue", Text, nullable=False),
    Column("priority", Text, nullable=False),
    Column("sla_minutes", Integer, nullable=False),
    Column("needs_review", Boolean, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("processed_at", UtcDateTime, nullable=False),
    Index(None, "tenant", "processed_at"),
    Index(None, "tenant", "queue", "needs_review"),
)

consumer_offsets = Table(
    "consumer_offsets",
    metadata,
    Column("group_id", Text, primary_key=True),
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("next_offset", BigInteger, nullable=False),
    Column("published_offset", BigInteger, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("owner", Uuid, nullable=False),
    Column("topic_id", Text),
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("offset", BigInteger, primary_key=True, autoincrement=False),
    Column("id", Uuid, nullable=False),
    Column("key", LargeBinary),
    Column("value", LargeBinary),
    Column("headers", _JSON, nullable=False),
    Column("reason", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("service_version", Text, nullable=False),
    Column("model_version", Text, nullable=False),
    Column("failed_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("replayed_at", UtcDateTime),
    Column("dropped_at", UtcDateTime),
    Index(None, "id", unique=True),
)

record_attempts = Table(
    "record_attempts",
    metadata,
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("offset", BigInteger, primary_key=True, autoincrement=False),
    Column("attempts", Integer, nullable=False),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("erased_at", UtcDateTime, nullable=False),
)
