"""To which browser a recovery link carried a cart."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. In SQL that both databases know: SQLite would have to copy the table otherwise."""
    for column, table in (("carried_visitor_id", "visitors"), ("carried_cart_id", "carts")):
        op.execute(
            sa.text(
                f"ALTER TABLE nudges ADD COLUMN {column} VARCHAR(32) "
                f"CONSTRAINT fk_nudges_{column}_{table} REFERENCES {table} (id)"
            )
        )
    op.create_index("ix_nudges_carried_visitor_id", "nudges", ["carried_visitor_id"])


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_nudges_carried_visitor_id", "nudges")
    with op.batch_alter_table("nudges", schema=None) as batch_op:
        batch_op.drop_column("carried_cart_id")
        batch_op.drop_column("carried_visitor_id")
