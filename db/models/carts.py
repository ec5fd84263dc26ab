"""Carts, orders and promotions."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.models.base import Base, Currency, MinorUnits, PublicId, ShopKey, enum_type


class CartStatus(StrEnum):
    """Where a cart stands."""

    OPEN = "open"
    ORDERED = "ordered"
    MERGED = "merged"


class PromotionKind(StrEnum):
    """What a promotion gives."""

    PERCENT = "percent"
    AMOUNT = "amount"
    FREE_DELIVERY = "free_delivery"


class Promotion(Base):
    """An offer: anybody's while it runs, or with `personal` the terms of one shopper's coupon.

    Its code is what a shopper types.
    """

    __tablename__ = "promotions"

    code: Mapped[str] = mapped_column(String(40), primary_key=True, doc="Upper case.")
    title: Mapped[str] = mapped_column(String(200))
    kind: Mapped[PromotionKind] = mapped_column(enum_type(PromotionKind))
    value: Mapped[int] = mapped_column(
        MinorUnits, default=0, doc="Percent, or minor units for an amount."
    )
    minimum: Mapped[int] = mapped_column(
        MinorUnits, default=0, doc="Smallest cart total, minor units."
    )
    max_discount: Mapped[int | None] = mapped_column(
        MinorUnits, doc="The most it gives, minor units; delivery that it waives counts."
    )
    currency: Mapped[str] = mapped_column(Currency)
    category_id: Mapped[str | None] = mapped_column(ForeignKey("categories.id"))
    personal: Mapped[bool] = mapped_column(default=False, doc="Only for whom `coupons` names.")
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]


class Cart(Base):
    """A basket from its first item to its order: the fold of its owner's cart events.

    The owner is the person, or the visitor while nobody has signed in; an owner has at most one
    open cart.
    """

    __tablename__ = "carts"
    __table_args__ = (
        Index(
            "uq_carts_open_person",
            "person_id",
            unique=True,
            sqlite_where=text("status = 'open' AND person_id IS NOT NULL"),
            postgresql_where=text("status = 'open' AND person_id IS NOT NULL"),
        ),
        Index(
            "uq_carts_open_visitor",
            "visitor_id",
            unique=True,
            sqlite_where=text("status = 'open' AND person_id IS NULL"),
            postgresql_where=text("status = 'open' AND person_id IS NULL"),
        ),
        Index("ix_carts_status_last_activity_at", "status", "last_activity_at"),
        Index("ix_carts_person_id", "person_id"),
        Index("ix_carts_visitor_id", "visitor_id"),
    )

    id: Mapped[str] = mapped_column(PublicId, primary_key=True)
    visitor_id: Mapped[str] = mapped_column(ForeignKey("visitors.id"))
    person_id: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    status: Mapped[CartStatus] = mapped_column(enum_type(CartStatus), default=CartStatus.OPEN)
    promotion_code: Mapped[str | None] = mapped_column(ForeignKey("promotions.code"))
    created_at: Mapped[datetime]
    last_activity_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]

    lines: Mapped[list["CartLine"]] = relationship(
        back_populates="cart", order_by="CartLine.added_at", cascade="all, delete-orphan"
    )


class CartLine(Base):
    """A product in a cart."""

    __tablename__ = "cart_lines"
    __table_args__ = (
        UniqueConstraint("cart_id", "product_id", "variant_id"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    cart_id: Mapped[str] = mapped_column(ForeignKey("carts.id", ondelete="CASCADE"), index=True)
    product_id: Mapped[str] = mapped_column(ShopKey)
    variant_id: Mapped[str] = mapped_column(ShopKey)
    quantity: Mapped[int]
    unit_amount: Mapped[int | None] = mapped_column(
        MinorUnits, doc="Price seen when added, minor units."
    )
    currency: Mapped[str | None] = mapped_column(Currency)
    added_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    cart: Mapped[Cart] = relationship(back_populates="lines")


class Order(Base):
    """A purchase; its id is made from the visitor and the shop's transaction id.

    So nobody can take another shopper's order by sending its transaction id.
    """

    __tablename__ = "orders"
    __table_args__ = (
        Index("ix_orders_person_id_placed_at", "person_id", "placed_at"),
        Index("ix_orders_visitor_id_placed_at", "visitor_id", "placed_at"),
    )

    id: Mapped[str] = mapped_column(PublicId, primary_key=True)
    transaction_id: Mapped[str | None] = mapped_column(ShopKey, doc="GA4 transaction_id.")
    cart_id: Mapped[str | None] = mapped_column(ForeignKey("carts.id"), index=True)
    visitor_id: Mapped[str] = mapped_column(ForeignKey("visitors.id"))
    person_id: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    total: Mapped[int | None] = mapped_column(
        MinorUnits, doc="Paid in all, minor units; None where the log told no prices."
    )
    discount: Mapped[int] = mapped_column(MinorUnits, default=0)
    delivery: Mapped[int] = mapped_column(MinorUnits, default=0)
    currency: Mapped[str | None] = mapped_column(Currency)
    promotion_code: Mapped[str | None] = mapped_column(String(40))
    placed_at: Mapped[datetime]

    lines: Mapped[list["OrderLine"]] = relationship(
        back_populates="order", cascade="all, delete-orphan"
    )


class OrderLine(Base):
    """One product of an order."""

    __tablename__ = "order_lines"

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"), index=True)
    product_id: Mapped[str] = mapped_column(ShopKey, index=True)
    variant_id: Mapped[str] = mapped_column(ShopKey)
    quantity: Mapped[int]
    unit_amount: Mapped[int | None] = mapped_column(MinorUnits)

    order: Mapped[Order] = relationship(back_populates="lines")
