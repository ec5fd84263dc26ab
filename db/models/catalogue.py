"""What the shop sells, what it costs, and what it answers."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.models.base import Base, Currency, MinorUnits, ShopKey


class Category(Base):
    """A kind of product, such as Tents, as shoppers name it."""

    __tablename__ = "categories"

    id: Mapped[str] = mapped_column(ShopKey, primary_key=True, doc="URL slug, such as tents.")
    title: Mapped[str] = mapped_column(String(200))
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("categories.id"))
    synonyms: Mapped[list[str]] = mapped_column(
        default=list, doc="Other words shoppers use for it."
    )


class Product(Base):
    """Something the shop shows on one page; what is bought is one of its variants."""

    __tablename__ = "products"
    __table_args__ = (Index("ix_products_category_id", "category_id"),)

    id: Mapped[str] = mapped_column(ShopKey, primary_key=True, doc="The shop's id (GA4 item_id).")
    title: Mapped[str] = mapped_column(String(300))
    brand: Mapped[str | None] = mapped_column(String(120))
    category_id: Mapped[str | None] = mapped_column(ForeignKey("categories.id"))
    description: Mapped[str] = mapped_column(Text, default="")
    material: Mapped[str | None] = mapped_column(String(120))
    facts: Mapped[dict[str, Any]] = mapped_column(
        default=dict,
        doc="Further attributes by name, such as {'waterproof': true, 'weight_g': 420}.",
    )
    picture: Mapped[str | None] = mapped_column(
        String(500), doc="URL of a picture; None where the shop's own drawing is used."
    )
    active: Mapped[bool] = mapped_column(default=True)
    updated_at: Mapped[datetime] = mapped_column(index=True)

    variants: Mapped[list["Variant"]] = relationship(
        back_populates="product", order_by="Variant.position"
    )
    category: Mapped[Category | None] = relationship()


class Variant(Base):
    """One buyable form of a product: a colour and a size, with its own stock and price."""

    __tablename__ = "variants"
    __table_args__ = (CheckConstraint("stock >= 0", name="stock_not_negative"),)

    id: Mapped[str] = mapped_column(ShopKey, primary_key=True, doc="SKU (GA4 item_variant).")
    product_id: Mapped[str] = mapped_column(ForeignKey("products.id"), index=True)
    position: Mapped[int] = mapped_column(default=0)
    colour: Mapped[str | None] = mapped_column(String(60))
    size: Mapped[str | None] = mapped_column(String(60))
    stock: Mapped[int] = mapped_column(default=0)

    product: Mapped[Product] = relationship(back_populates="variants")


class Price(Base):
    """What a variant costs from a moment on; the row with no end is in force."""

    __tablename__ = "prices"
    __table_args__ = (
        CheckConstraint("amount >= 0", name="amount_not_negative"),
        Index(
            "uq_prices_current",
            "variant_id",
            unique=True,
            sqlite_where=text("valid_until IS NULL"),
            postgresql_where=text("valid_until IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    variant_id: Mapped[str] = mapped_column(ForeignKey("variants.id"), index=True)
    amount: Mapped[int] = mapped_column(MinorUnits, doc="Minor units.")
    list_amount: Mapped[int | None] = mapped_column(
        MinorUnits, doc="Price before a reduction, minor units."
    )
    currency: Mapped[str] = mapped_column(Currency)
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime | None]


class FaqEntry(Base):
    """A question the shop answers, such as how returns work."""

    __tablename__ = "faq"

    id: Mapped[str] = mapped_column(ShopKey, primary_key=True)
    topic: Mapped[str] = mapped_column(String(60))
    question: Mapped[str] = mapped_column(String(300))
    answer: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime]
