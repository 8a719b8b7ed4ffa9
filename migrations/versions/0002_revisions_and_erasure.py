"""Order of revisions, corrections by a person, erasure, and dead letters that were dropped.

In: the tables of 0001. Out: columns that the previous release need not know, and the table of what was erased.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"

_JSON = sa.JSON().with_variant(JSONB(), "postgresql")
_TIME = sa.DateTime(timezone=True)
_RESULT_COLUMNS: tuple[tuple[str, sa.types.TypeEngine[object]], ...] = (
    ("revised_us", sa.BigInteger()),
    ("sequence", sa.BigInteger()),
    ("content_digest", sa.Text()),
    ("requester_digests", sa.Text()),
    ("requester_tier", sa.Text()),
    ("tags", _JSON),
    ("corrected_by", sa.Text()),
)


def upgrade() -> None:
    """Add; nothing is rewritten, so a large table is not locked for long."""
    for name, column_type in _RESULT_COLUMNS:
        op.add_column("results", sa.Column(name, column_type))
    op.add_column("dead_letters", sa.Column("dropped_at", _TIME))
    op.create_table(
        "suppressions",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("erased_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "kind", "subject", name="pk_suppressions"),
    )
