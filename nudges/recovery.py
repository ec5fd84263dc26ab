"""Bringing a left cart back by its link, at today's prices, without signing anybody in."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.identity import Identity
from core.money import Money
from db.insert import table_of
from db.models import Cart, CartStatus, Nudge, Pause
from db.owners import owned_by
from db.reads.carts import CartLineView, lines_of_cart, open_cart
from db.writes.carts import (
    OutOfStock,
    PromotionRefused,
    UnknownVariant,
    add,
    apply_promotion,
)
from db.writes.recovered import RECOVERED
from db.writes.wishes import pause
from nudges.coupons import offers_of
from nudges.links import Link, mark_used
from nudges.store.outcomes import note_clicked
from services.cards import full_title

ELSEWHERE = timedelta(days=14)
"""How long a cart that was carried to another browser is left in peace: there it may be bought."""
CARRIED_AWAY = "recovered_elsewhere"


class ChangeKind(StrEnum):
    """What became of a line since it was put in the cart."""

    SOLD_OUT = "sold_out"
    FEWER = "fewer"
    DEARER = "dearer"
    CHEAPER = "cheaper"


@dataclass(frozen=True, slots=True)
class LineChange:
    """A change of one line that the shopper should know of; `available` pieces can be bought."""

    kind: ChangeKind
    title: str
    before: Money | None
    after: Money | None
    available: int


@dataclass(frozen=True, slots=True)
class LeftCart:
    """The cart behind a link as it stands today; `ordered` says that it was bought."""

    ordered: bool
    lines: tuple[CartLineView, ...]
    changes: tuple[LineChange, ...]


def left_cart(session: Session, link: Link) -> LeftCart:
    """What the link's cart holds now, and what changed since; reads only."""
    status = session.scalars(select(Cart.status).where(Cart.id == link.cart_id)).one()
    lines = lines_of_cart(session, link.cart_id)
    changes = tuple(change for line in lines for change in line_changes(line))
    return LeftCart(status is CartStatus.ORDERED, lines, changes)


def line_changes(line: CartLineView) -> list[LineChange]:
    """What to tell of a line: that it is gone, or else the pieces and the price that changed."""

    def change(kind: ChangeKind) -> LineChange:
        before, after = line.unit_when_added, line.unit
        return LineChange(kind, full_title(line), before, after, line.available)

    if line.available == 0:
        return [change(ChangeKind.SOLD_OUT)]
    found = []
    if line.available < line.quantity:
        found.append(change(ChangeKind.FEWER))
    before, after = line.unit_when_added, line.unit
    if before and after and before.currency == after.currency and before != after:
        kind = ChangeKind.DEARER if after.amount > before.amount else ChangeKind.CHEAPER
        found.append(change(kind))
    return found


def restore(session: Session, link: Link, identity: Identity, *, now: datetime) -> None:
    """Put the link's cart into the cart of whoever opened it, and note the click.

    In its owner's browser it is there already. Elsewhere each line is filled up to what was left,
    as far as there is stock, so that a second click adds nothing; the cart left behind is then left
    in peace, since it may be bought from here. The message's coupon goes onto the cart: of its
    person, or on a browser that nobody is signed in on of whoever opened the link last. Raises as
    `db.writes.carts.add` does.
    """
    if not _is_owner(session, link, identity):
        for line in lines_of_cart(session, link.cart_id):
            _fill_up(session, identity, line, now=now)
        _leave_in_peace(session, link, now=now)
        _note_carried(session, link, identity, now=now)
    _apply_coupon(session, link, identity, now=now)
    mark_used(session, link, now=now)
    note_clicked(session, link.nudge_id, identity, now=now)


def waiting_coupon(session: Session, link: Link, *, now: datetime) -> bool:
    """Whether the link's message brought a coupon that can still be used."""
    return bool(offers_of(session, [link.nudge_id], now=now))


def _is_owner(session: Session, link: Link, identity: Identity) -> bool:
    mine = owned_by(identity, Cart.visitor_id, Cart.person_id)
    return session.scalar(select(Cart.id).where(Cart.id == link.cart_id, mine)) is not None


def _fill_up(session: Session, identity: Identity, line: CartLineView, *, now: datetime) -> None:
    cart = open_cart(session, identity, now=now)
    held = sum(
        one.quantity for one in (cart.lines if cart else ()) if one.variant_id == line.variant_id
    )
    missing = min(line.quantity, line.available) - held
    if missing <= 0:
        return
    try:
        add(session, identity, line.variant_id, missing, now=now, source=RECOVERED)
    except (OutOfStock, UnknownVariant):
        # Sold out between the two looks; the page says what is there.
        return


def _apply_coupon(session: Session, link: Link, identity: Identity, *, now: datetime) -> None:
    """Put the message's coupon onto the cart, unless what is on it already gives more."""
    offer = offers_of(session, [link.nudge_id], now=now).get(link.nudge_id)
    before = open_cart(session, identity, now=now)
    if offer is None or before is None or before.promotion_code == offer.code:
        return
    try:
        after = apply_promotion(session, identity, offer.code, now=now)
    except PromotionRefused:
        # Another account's, or below its minimum: the cart's page tells.
        return
    if after.total.amount > before.total.amount and before.promotion_code is not None:
        apply_promotion(session, identity, before.promotion_code, now=now)


def _note_carried(session: Session, link: Link, identity: Identity, *, now: datetime) -> None:
    """Note where the cart went: an order there followed the message, and its coupon goes along."""
    cart = open_cart(session, identity, now=now)
    if cart is not None:
        nudge = table_of(Nudge)
        session.execute(
            update(nudge)
            .where(nudge.c.id == link.nudge_id)
            .values(carried_visitor_id=identity.visitor_id, carried_cart_id=cart.id)
        )


def _leave_in_peace(session: Session, link: Link, *, now: datetime) -> None:
    silent = select(Pause.id).where(
        Pause.cart_id == link.cart_id,
        Pause.reason == CARRIED_AWAY,
        Pause.ended_at.is_(None),
        Pause.until > now,
    )
    if session.scalar(silent.limit(1)) is None:
        pause(
            session,
            Identity(link.visitor_id, link.person_id),
            until=now + ELSEWHERE,
            reason=CARRIED_AWAY,
            source="recovery",
            now=now,
            cart_id=link.cart_id,
        )
