"""Everything that is known about claimed nudges, in a fixed number of queries a page."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import literal, select
from sqlalchemy.orm import Session

from core.settings import Settings
from db.addresses import address_digest
from db.among import among
from db.models import Cart, Channel, Nudge, Person, Visitor
from nudges.experiments import assign
from nudges.facts import Facts, Recipient
from nudges.policy import ASKED, Policy
from nudges.quiet_hours import zone_of
from nudges.store import past, permission
from nudges.store.lines import lines
from nudges.store.page import Page
from nudges.store.reached import furthest
from services.robots import robots_of


def load_facts(
    session: Session,
    nudge_ids: Collection[str],
    *,
    policy: Policy,
    settings: Settings,
    channels: Collection[Channel],
    now: datetime,
) -> list[Facts]:
    """The facts of these nudges, in the order of their ids' creation.

    `channels` are those that this process can send on; the others count as unreachable.
    """
    if not nudge_ids:
        return []
    rows = session.execute(_nudges().where(among(Nudge.id, nudge_ids)).order_by(Nudge.id)).all()
    loaded = _Loaded(Page(session, rows, policy, frozenset(channels), now), settings)
    return [loaded.facts(row) for row in rows]


def facts_if_due(
    session: Session,
    cart_id: str,
    stage: str,
    *,
    policy: Policy,
    settings: Settings,
    channels: Collection[Channel],
    now: datetime,
) -> Facts | None:
    """The facts as they would be if this stage of the cart fell due; None for an unknown cart."""
    rows = session.execute(
        select(
            literal("").label("id"),
            Cart.id.label("cart_id"),
            Cart.last_activity_at.label("episode"),
            literal(stage).label("stage"),
            literal(0).label("attempts"),
            *_ABOUT_THE_CART,
        )
        .join(Visitor, Visitor.id == Cart.visitor_id)
        .outerjoin(Person, Person.id == Cart.person_id)
        .where(Cart.id == cart_id)
    ).all()
    loaded = _Loaded(Page(session, rows, policy, frozenset(channels), now), settings)
    return loaded.facts(rows[0]) if rows else None


_ABOUT_THE_CART = (
    Cart.status,
    Cart.created_at,
    Cart.last_activity_at,
    Cart.visitor_id,
    Cart.person_id,
    Visitor.is_robot,
    Visitor.created_at.label("visitor_since"),
    Person.name,
    Person.email,
    Person.locale,
    Person.time_zone,
    Person.is_staff,
    Person.created_at.label("person_since"),
)


def _nudges() -> Any:
    return (
        select(
            Nudge.id,
            Nudge.cart_id,
            Nudge.episode,
            Nudge.stage,
            Nudge.attempts,
            *_ABOUT_THE_CART,
        )
        .join(Cart, Cart.id == Nudge.cart_id)
        .join(Visitor, Visitor.id == Cart.visitor_id)
        .outerjoin(Person, Person.id == Cart.person_id)
    )


class _Loaded:
    """What is known around a page of nudges, by cart or by owner."""

    def __init__(self, page: Page, settings: Settings) -> None:
        self._page = page
        self._settings = settings
        self._lines = lines(page)
        self._consents = permission.consents(page)
        self._addresses = permission.addresses(page)
        self._suppressed = permission.suppressed(page, self._addresses)
        self._silences = permission.silences(page)
        self._reminders = permission.reminders_due(page)
        self._asked = permission.asked_for(page)
        self._history = past.history(page)
        self._replies = past.replies(page)
        self._seen = past.seen(page)
        self._reached = past.reached(page)
        self._buying = past.buying(page)
        self._arms = past.arms(page)
        self._robots = robots_of(
            page.session, page.owners, since=page.now - past.HISTORY, now=page.now
        )

    def facts(self, row: Any) -> Facts:
        """The facts of one nudge of the page."""
        owner = row.person_id or row.visitor_id
        buying = self._buying[owner]
        seen, paid = self._seen.get(owner, (None, None))
        recipient = self._recipient(row, owner)
        since = min(row.created_at, row.episode)
        asked = self._asked.get(row.id)
        said = self._consents[owner]
        return Facts(
            nudge_id=row.id,
            cart_id=row.cart_id,
            episode=row.episode,
            stage=row.stage,
            attempts=row.attempts,
            recipient=recipient,
            status=row.status,
            lines=tuple(self._lines[row.cart_id]),
            cart_created_at=row.created_at,
            last_activity_at=row.last_activity_at,
            currency=self._settings.currency,
            last_seen_at=seen,
            payment_at=paid,
            reached=furthest(self._reached.get(owner, {}), row.episode),
            last_order_at=buying.last_order_at,
            bought_products=frozenset(product for product, at in buying.bought if at >= since),
            consents={channel: word.granted for channel, word in said.items()},
            refused_at={channel: word.at for channel, word in said.items() if not word.granted},
            addresses=self._addresses[owner],
            suppressed=frozenset(
                address.channel
                for address in self._addresses[owner].values()
                if address_digest(address.channel, address.address) in self._suppressed
            ),
            silences=tuple(
                silence
                for cart_id, silence in self._silences[owner]
                if cart_id in (None, row.cart_id)
            ),
            asked_for=row.episode if row.stage == ASKED else None,
            asked_at=asked[0] if asked else None,
            asked_channel=asked[1] if asked else None,
            reminder_due=self._reminders.get(owner),
            history=tuple(
                one
                for one in self._history[owner]
                if one.nudge_id != row.id
                and (one.at > self._page.now - past.HISTORY or one.cart_id == row.cart_id)
            ),
            replies=tuple(self._replies[owner]),
            last_coupon_at=buying.last_coupon_at,
            coupons_used=buying.coupons_used,
            coupons_unused=buying.coupons_unused,
            orders=buying.orders,
            spent=buying.spent,
            arms=assign(self._page.policy, recipient.subject, self._arms[owner]),
        )

    def _recipient(self, row: Any, owner: str) -> Recipient:
        return Recipient(
            visitor_id=row.visitor_id,
            person_id=row.person_id,
            name=row.name,
            email=row.email,
            locale=row.locale or self._settings.locale,
            time_zone=zone_of(row.time_zone, self._settings.time_zone).key,
            is_staff=bool(row.is_staff),
            is_robot=row.is_robot or owner in self._robots,
            member_since=row.person_since or row.visitor_since,
        )
