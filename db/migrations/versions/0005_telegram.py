"""Links that connect a Telegram chat to an account."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "telegram_links",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("visitor_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_telegram_links_person_id_people")
        ),
        sa.ForeignKeyConstraint(
            ["visitor_id"], ["visitors.id"], name=op.f("fk_telegram_links_visitor_id_visitors")
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_telegram_links")),
    )
    op.create_index(op.f("ix_telegram_links_person_id"), "telegram_links", ["person_id"])


def downgrade() -> None:
    """Undo."""
    op.drop_table("telegram_links")
