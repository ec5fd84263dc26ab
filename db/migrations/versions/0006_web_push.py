"""Room for the addresses of push services."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    _width(500, 1024)


def downgrade() -> None:
    """Undo."""
    _width(1024, 500)


def _width(before: int, after: int) -> None:
    with op.batch_alter_table("channel_addresses", schema=None) as batch_op:
        batch_op.alter_column(
            "address",
            existing_type=sa.String(length=before),
            type_=sa.String(length=after),
            existing_nullable=False,
        )
