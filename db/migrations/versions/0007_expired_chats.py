"""Expired messages for the chat are found by an index."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_index("ix_chat_outbox_expires_at", "chat_outbox", ["expires_at"])


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_chat_outbox_expires_at", "chat_outbox")
