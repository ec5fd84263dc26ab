"""What was mined: runs, patterns, rules."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "mining_runs",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("what", sa.String(length=32), nullable=False),
        sa.Column("mined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("min_people", sa.Integer(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mining_runs")),
    )
    _create_results(
        "mined_patterns",
        sa.Column("elements", sa.JSON(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
    )
    _create_results(
        "mined_rules",
        sa.Column("antecedent", sa.JSON(), nullable=False),
        sa.Column("consequent", sa.JSON(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("antecedent_people", sa.Integer(), nullable=False),
        sa.Column("consequent_people", sa.Integer(), nullable=False),
        sa.Column("p_value", sa.Double(), nullable=False),
    )


def _create_results(name: str, *columns: sa.Column[object]) -> None:
    """A table of rows that go with their run."""
    op.create_table(
        name,
        sa.Column("id", ROW_NUMBER, nullable=False),
        sa.Column("run_id", sa.String(length=32), nullable=False),
        *columns,
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["mining_runs.id"],
            name=op.f(f"fk_{name}_run_id_mining_runs"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )
    with op.batch_alter_table(name, schema=None) as batch_op:
        batch_op.create_index(batch_op.f(f"ix_{name}_run_id"), ["run_id"], unique=False)


def downgrade() -> None:
    """Undo."""
    op.drop_table("mined_rules")
    op.drop_table("mined_patterns")
    op.drop_table("mining_runs")
