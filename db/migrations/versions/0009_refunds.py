"""Refunds and a nudge's reminder are found by an index; what never noted a round's end begins anew.

Before 0008 no round's end was noted: what swept until now would count as failing from the start.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_index(
        "ix_events_refunds_at",
        "events",
        ["at"],
        sqlite_where=sa.text("name = 'refund'"),
        postgresql_where=sa.text("name = 'refund'"),
    )
    op.create_index("ix_reminders_nudge_id", "reminders", ["nudge_id"])
    op.execute("UPDATE heartbeats SET started_at = beat_at WHERE done_at IS NULL")


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_reminders_nudge_id", "reminders")
    op.drop_index("ix_events_refunds_at", "events")
