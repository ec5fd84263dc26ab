"""What suggestions need to know of the shop, in few and small queries."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session

from core.identity import Identity
from db.models import (
    Cart,
    CartLine,
    CartStatus,
    Category,
    Event,
    EventName,
    Price,
    Product,
    Suggestion,
    Variant,
    Visitor,
)
from db.owners import owned_by, owned_by_bound, owner_values

INTEREST = (EventName.VIEW_ITEM, EventName.ADD_TO_CART, EventName.PURCHASE)


@dataclass(frozen=True, slots=True)
class Naming:
    """What a reason calls a product."""

    title: str
    category_title: str | None


def in_cart(session: Session, identity: Identity) -> tuple[str, ...]:
    """Ids of the products in the shopper's open cart, the first added first."""
    statement = _in_cart(signed_in=bool(identity.person_id))
    return tuple(dict.fromkeys(session.connection().scalars(statement, owner_values(identity))))


def buyable(session: Session, *, now: datetime) -> frozenset[str]:
    """Ids of the products that can be bought now: active, priced, in stock in some variant."""
    return frozenset(session.scalars(_buyable(now)))


def _buyable(now: datetime) -> Select[str]:
    return (
        select(Product.id)
        .distinct()
        .join(Variant, Variant.product_id == Product.id)
        .join(Price, Price.variant_id == Variant.id)
        .where(
            Product.active,
            Variant.stock > 0,
            Price.valid_until.is_(None),
            Price.valid_from <= now,
        )
    )


def namings(session: Session, ids: Collection[str]) -> dict[str, Naming]:
    """Titles and categories of the products among these ids."""
    if not ids:
        return {}
    rows = session.connection().execute(_namings(), {"ids": list(ids)})
    return {product: Naming(title, category) for product, title, category in rows}


def every_naming(session: Session, *, most: int) -> dict[str, Naming]:
    """The same for all products that are sold, or so many of them."""
    rows = session.execute(
        select(Product.id, Product.title, Category.title)
        .outerjoin(Category, Category.id == Product.category_id)
        .where(Product.active)
        .limit(most)
    )
    kinds: dict[str, str] = {}
    return {
        product: Naming(title, category and kinds.setdefault(category, category))
        for product, title, category in rows
    }


def interest(session: Session, *, since: datetime) -> dict[str, int]:
    """How many people turned to each product since then, robots left out, most first.

    A person counts once, however many browsers they were seen in.
    """
    people = func.count(func.coalesce(Visitor.person_id, Visitor.id).distinct())
    rows = session.execute(
        select(Event.product_id, people)
        .join(Visitor, Visitor.id == Event.visitor_id)
        .where(
            Event.at >= since,
            Event.name.in_(INTEREST),
            Event.product_id.is_not(None),
            Visitor.is_robot.is_(False),
        )
        .group_by(Event.product_id)
        .order_by(people.desc(), Event.product_id)
    )
    return {product: count for product, count in rows if product is not None}


def listing_of_buyable(session: Session, *, now: datetime) -> str:
    """Every product that can be bought now and its category, a line each, as one text.

    The database puts it together, so that comparing it with the one before is all the work there is
    while nothing sold out; `categories_listed` takes it apart.
    """
    can_buy = _buyable(now).subquery()
    line = Product.id + "\t" + func.coalesce(Product.category_id, "")
    lines = (
        select(line.label("line"))
        .where(Product.id.in_(select(can_buy.c.id)))
        .order_by(Product.id)
        .subquery()
    )
    return session.scalar(select(func.aggregate_strings(lines.c.line, "\n"))) or ""


def categories_listed(listing: str) -> dict[str, str | None]:
    """The category of each product in a listing."""
    pairs = (line.partition("\t") for line in sorted(listing.splitlines()))
    return {product: category or None for product, _, category in pairs}


def shown_suggestion(
    session: Session,
    identity: Identity,
    *,
    suggestion_id: str | None = None,
    product_id: str | None = None,
) -> Suggestion | None:
    """The shopper's own suggestion with that id, else the newest of that product."""
    statement = select(Suggestion).where(
        owned_by(identity, Suggestion.visitor_id, Suggestion.person_id)
    )
    if suggestion_id is not None:
        statement = statement.where(Suggestion.id == suggestion_id)
    else:
        statement = statement.where(Suggestion.product_id == product_id)
    return session.scalars(
        statement.order_by(Suggestion.shown_at.desc(), Suggestion.rank).limit(1)
    ).first()


@cache
def _in_cart(*, signed_in: bool) -> Select[str]:
    """Built once, as all that every suggestion asks: this takes longer than running it."""
    return (
        select(CartLine.product_id)
        .join(Cart, Cart.id == CartLine.cart_id)
        .where(
            Cart.status == CartStatus.OPEN,
            owned_by_bound(Cart.visitor_id, Cart.person_id, signed_in=signed_in),
        )
        .order_by(CartLine.added_at, CartLine.id)
    )


@cache
def _namings() -> Select[str, str, str]:
    return (
        select(Product.id, Product.title, Category.title)
        .outerjoin(Category, Category.id == Product.category_id)
        .where(Product.id.in_(bindparam("ids", expanding=True)))
    )
