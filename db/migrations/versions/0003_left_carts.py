"""Left carts: nudges, what shoppers want of them, coupons and their budget."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "assignments",
        sa.Column("experiment", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=32), nullable=False),
        sa.Column("arm", sa.String(length=40), nullable=False),
        sa.Column("probability", sa.Double(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("experiment", "subject", name=op.f("pk_assignments")),
    )
    op.create_table(
        "coupon_budgets",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("limit_amount", sa.BigInteger(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "reserved + spent <= limit_amount", name=op.f("ck_coupon_budgets_within_limit")
        ),
        sa.CheckConstraint(
            "reserved >= 0 AND spent >= 0", name=op.f("ck_coupon_budgets_not_negative")
        ),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_coupon_budgets")),
    )
    op.create_table(
        "heartbeats",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_heartbeats")),
    )
    op.create_table(
        "suppressions",
        sa.Column(
            "channel",
            sa.Enum(
                "email",
                "chat",
                "telegram",
                "web_push",
                name="channel",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("address_digest", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("channel", "address_digest", name=op.f("pk_suppressions")),
    )
    op.create_table(
        "channel_addresses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("visitor_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=True),
        sa.Column(
            "channel",
            sa.Enum(
                "email",
                "chat",
                "telegram",
                "web_push",
                name="channel",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("address", sa.String(length=500), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_channel_addresses_person_id_people")
        ),
        sa.ForeignKeyConstraint(
            ["visitor_id"], ["visitors.id"], name=op.f("fk_channel_addresses_visitor_id_visitors")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_addresses")),
        sa.UniqueConstraint(
            "channel", "address", name=op.f("uq_channel_addresses_channel_address")
        ),
    )
    with op.batch_alter_table("channel_addresses", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_channel_addresses_person_id"), ["person_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_channel_addresses_visitor_id"), ["visitor_id"], unique=False
        )

    op.create_table(
        "pauses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("visitor_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=True),
        sa.Column("cart_id", sa.String(length=32), nullable=True),
        sa.Column(
            "channel",
            sa.Enum(
                "email",
                "chat",
                "telegram",
                "web_push",
                name="channel",
                native_enum=False,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["cart_id"], ["carts.id"], name=op.f("fk_pauses_cart_id_carts")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_pauses_person_id_people")
        ),
        sa.ForeignKeyConstraint(
            ["visitor_id"], ["visitors.id"], name=op.f("fk_pauses_visitor_id_visitors")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pauses")),
    )
    with op.batch_alter_table("pauses", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pauses_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_pauses_visitor_id"), ["visitor_id"], unique=False)

    op.create_table(
        "nudges",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("cart_id", sa.String(length=32), nullable=False),
        sa.Column("visitor_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=True),
        sa.Column("episode", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stage", sa.String(length=32), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "claimed",
                "sending",
                "sent",
                "unknown",
                "failed",
                "stopped",
                "held_out",
                name="nudgestate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("gate", sa.String(length=40), nullable=True),
        sa.Column("gate_detail", sa.String(length=200), nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claim", sa.String(length=32), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "channel",
            sa.Enum(
                "email",
                "chat",
                "telegram",
                "web_push",
                name="channel",
                native_enum=False,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("treatment", sa.String(length=32), nullable=True),
        sa.Column("probability", sa.Double(), nullable=True),
        sa.Column("decision", sa.JSON(), nullable=True),
        sa.Column("policy_version", sa.String(length=16), nullable=False),
        sa.Column("message_id", sa.String(length=200), nullable=True),
        sa.Column("failure", sa.String(length=300), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("clicked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("order_id", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["cart_id"], ["carts.id"], name=op.f("fk_nudges_cart_id_carts")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_nudges_order_id_orders")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_nudges_person_id_people")
        ),
        sa.ForeignKeyConstraint(
            ["visitor_id"], ["visitors.id"], name=op.f("fk_nudges_visitor_id_visitors")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nudges")),
        sa.UniqueConstraint(
            "cart_id", "episode", "stage", name=op.f("uq_nudges_cart_id_episode_stage")
        ),
    )
    with op.batch_alter_table("nudges", schema=None) as batch_op:
        batch_op.create_index("ix_nudges_created_at", ["created_at"], unique=False)
        batch_op.create_index(
            "ix_nudges_person_id_created_at", ["person_id", "created_at"], unique=False
        )
        batch_op.create_index("ix_nudges_state_claimed_at", ["state", "claimed_at"], unique=False)
        batch_op.create_index("ix_nudges_state_next_at", ["state", "next_at"], unique=False)
        batch_op.create_index(
            "ix_nudges_visitor_id_created_at", ["visitor_id", "created_at"], unique=False
        )

    op.create_table(
        "chat_outbox",
        sa.Column("nudge_id", sa.String(length=32), nullable=False),
        sa.Column("visitor_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=True),
        sa.Column("message", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pushed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["nudge_id"],
            ["nudges.id"],
            name=op.f("fk_chat_outbox_nudge_id_nudges"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_chat_outbox_person_id_people")
        ),
        sa.ForeignKeyConstraint(
            ["visitor_id"], ["visitors.id"], name=op.f("fk_chat_outbox_visitor_id_visitors")
        ),
        sa.PrimaryKeyConstraint("nudge_id", name=op.f("pk_chat_outbox")),
    )
    with op.batch_alter_table("chat_outbox", schema=None) as batch_op:
        batch_op.create_index(
            "ix_chat_outbox_person_id_delivered_at", ["person_id", "delivered_at"], unique=False
        )
        batch_op.create_index(
            "ix_chat_outbox_visitor_id_delivered_at", ["visitor_id", "delivered_at"], unique=False
        )

    op.create_table(
        "coupons",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("nudge_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("cart_id", sa.String(length=32), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "issued",
                "redeemed",
                "revoked",
                "expired",
                name="couponstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("budget_day", sa.Date(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("order_id", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["budget_day"],
            ["coupon_budgets.day"],
            name=op.f("fk_coupons_budget_day_coupon_budgets"),
        ),
        sa.ForeignKeyConstraint(["cart_id"], ["carts.id"], name=op.f("fk_coupons_cart_id_carts")),
        sa.ForeignKeyConstraint(
            ["code"], ["promotions.code"], name=op.f("fk_coupons_code_promotions")
        ),
        sa.ForeignKeyConstraint(
            ["nudge_id"], ["nudges.id"], name=op.f("fk_coupons_nudge_id_nudges")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_coupons_order_id_orders")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_coupons_person_id_people")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_coupons")),
        sa.UniqueConstraint("nudge_id", name=op.f("uq_coupons_nudge_id")),
    )
    with op.batch_alter_table("coupons", schema=None) as batch_op:
        batch_op.create_index("ix_coupons_cart_id", ["cart_id"], unique=False)
        batch_op.create_index("ix_coupons_person_id", ["person_id"], unique=False)
        batch_op.create_index("ix_coupons_state_expires_at", ["state", "expires_at"], unique=False)

    op.create_table(
        "exposures",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("nudge_id", sa.String(length=32), nullable=False),
        sa.Column("experiment", sa.String(length=40), nullable=False),
        sa.Column("arm", sa.String(length=40), nullable=False),
        sa.Column("probability", sa.Double(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["nudge_id"],
            ["nudges.id"],
            name=op.f("fk_exposures_nudge_id_nudges"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exposures")),
        sa.UniqueConstraint(
            "nudge_id", "experiment", name=op.f("uq_exposures_nudge_id_experiment")
        ),
    )
    with op.batch_alter_table("exposures", schema=None) as batch_op:
        batch_op.create_index("ix_exposures_experiment_at", ["experiment", "at"], unique=False)

    op.create_table(
        "link_tokens",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column(
            "purpose",
            sa.Enum(
                "recover",
                "unsubscribe",
                "preferences",
                name="linkpurpose",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("nudge_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["nudge_id"],
            ["nudges.id"],
            name=op.f("fk_link_tokens_nudge_id_nudges"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_link_tokens")),
    )
    with op.batch_alter_table("link_tokens", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_link_tokens_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_link_tokens_nudge_id"), ["nudge_id"], unique=False)

    op.create_table(
        "nudge_replies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("visitor_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=True),
        sa.Column("cart_id", sa.String(length=32), nullable=True),
        sa.Column("nudge_id", sa.String(length=32), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "too_expensive",
                "delivery_cost",
                "size_doubt",
                "just_looking",
                "bought_elsewhere",
                name="replykind",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["cart_id"], ["carts.id"], name=op.f("fk_nudge_replies_cart_id_carts")
        ),
        sa.ForeignKeyConstraint(
            ["nudge_id"], ["nudges.id"], name=op.f("fk_nudge_replies_nudge_id_nudges")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_nudge_replies_person_id_people")
        ),
        sa.ForeignKeyConstraint(
            ["visitor_id"], ["visitors.id"], name=op.f("fk_nudge_replies_visitor_id_visitors")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nudge_replies")),
    )
    with op.batch_alter_table("nudge_replies", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_nudge_replies_person_id"), ["person_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_nudge_replies_visitor_id"), ["visitor_id"], unique=False
        )

    op.create_table(
        "nudge_steps",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("nudge_id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("what", sa.String(length=40), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["nudge_id"],
            ["nudges.id"],
            name=op.f("fk_nudge_steps_nudge_id_nudges"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nudge_steps")),
    )
    with op.batch_alter_table("nudge_steps", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_nudge_steps_nudge_id"), ["nudge_id"], unique=False)

    op.create_table(
        "reminders",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("visitor_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "channel",
            sa.Enum(
                "email",
                "chat",
                "telegram",
                "web_push",
                name="channel",
                native_enum=False,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("nudge_id", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["nudge_id"], ["nudges.id"], name=op.f("fk_reminders_nudge_id_nudges")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_reminders_person_id_people")
        ),
        sa.ForeignKeyConstraint(
            ["visitor_id"], ["visitors.id"], name=op.f("fk_reminders_visitor_id_visitors")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminders")),
    )
    with op.batch_alter_table("reminders", schema=None) as batch_op:
        batch_op.create_index("ix_reminders_due_at", ["due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_reminders_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_reminders_visitor_id"), ["visitor_id"], unique=False)

    with op.batch_alter_table("promotions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("max_discount", sa.BigInteger(), nullable=True))
        batch_op.add_column(
            sa.Column("personal", sa.Boolean(), nullable=False, server_default=sa.false())
        )


def downgrade() -> None:
    """Undo."""
    with op.batch_alter_table("promotions", schema=None) as batch_op:
        batch_op.drop_column("personal")
        batch_op.drop_column("max_discount")
    op.drop_table("reminders")
    op.drop_table("nudge_steps")
    op.drop_table("nudge_replies")
    op.drop_table("link_tokens")
    op.drop_table("exposures")
    op.drop_table("coupons")
    op.drop_table("chat_outbox")
    op.drop_table("nudges")
    op.drop_table("pauses")
    op.drop_table("channel_addresses")
    op.drop_table("suppressions")
    op.drop_table("heartbeats")
    op.drop_table("coupon_budgets")
    op.drop_table("assignments")
