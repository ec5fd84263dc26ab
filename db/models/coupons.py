"""Personal coupons and the budget that they are paid from."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, Currency, MinorUnits, enum_type


class CouponState(StrEnum):
    """Where a coupon stands; only an issued one can be used."""

    ISSUED = "issued"
    REDEEMED = "redeemed"
    REVOKED = "revoked"
    EXPIRED = "expired"


class CouponBudget(Base):
    """What the coupons issued on one day may cost at most, and what they do."""

    __tablename__ = "coupon_budgets"
    __table_args__ = (
        CheckConstraint("reserved >= 0 AND spent >= 0", name="not_negative"),
        CheckConstraint("reserved + spent <= limit_amount", name="within_limit"),
    )

    day: Mapped[date] = mapped_column(primary_key=True, doc="In the shop's time zone.")
    currency: Mapped[str] = mapped_column(Currency)
    limit_amount: Mapped[int] = mapped_column(MinorUnits)
    reserved: Mapped[int] = mapped_column(
        MinorUnits, default=0, doc="The most that coupons still open may cost."
    )
    spent: Mapped[int] = mapped_column(MinorUnits, default=0, doc="What redeemed ones did cost.")


class Coupon(Base):
    """A promotion for one person and one cart, used once; its terms stand in its promotion."""

    __tablename__ = "coupons"
    __table_args__ = (
        Index("ix_coupons_state_expires_at", "state", "expires_at"),
        Index("ix_coupons_cart_id", "cart_id"),
        Index("ix_coupons_person_id", "person_id"),
    )

    code: Mapped[str] = mapped_column(ForeignKey("promotions.code"), primary_key=True)
    nudge_id: Mapped[str] = mapped_column(ForeignKey("nudges.id"), unique=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"))
    cart_id: Mapped[str] = mapped_column(ForeignKey("carts.id"))
    state: Mapped[CouponState] = mapped_column(enum_type(CouponState))
    budget_day: Mapped[date] = mapped_column(ForeignKey("coupon_budgets.day"))
    reserved: Mapped[int] = mapped_column(
        MinorUnits, doc="The most it can cost; its promotion's max_discount."
    )
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    order_id: Mapped[str | None] = mapped_column(ForeignKey("orders.id"))
