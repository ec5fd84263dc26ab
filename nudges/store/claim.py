"""Taking up nudges, so that no two sweeps ever work on the same one.

Each function takes one page in the caller's transaction and marks it as `claimed` by this sweep. On
PostgreSQL rows that another sweep holds are skipped; on SQLite the transaction has the write lock.
The carts of the page stay locked until the transaction ends, so an order that is being placed is
either seen by the gates, or waits for them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, select, tuple_, update
from sqlalchemy.orm import Session

from core.ids import new_id
from db.among import among
from db.many import insert_many
from db.models import Cart, CartLine, CartStatus, Nudge, NudgeState, Reminder
from db.owners import Owner, owned_by_any
from nudges.policy import ASKED, Policy, Stage, superseded_at


@dataclass(frozen=True, slots=True)
class Claim:
    """Whose claim it is: one sweep's id, and when."""

    id: str
    at: datetime
    policy_version: str


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last cart of a page: the next page begins after it."""

    last_activity_at: datetime
    cart_id: str


def claim_stage(
    session: Session,
    claim: Claim,
    policy: Policy,
    stage: Stage,
    *,
    after: Cursor | None,
    limit: int,
) -> tuple[list[str], Cursor | None]:
    """Nudges for people's carts whose stage is due and that have none for it yet.

    Returns their ids, and where the next page begins (None: this was the last).
    """
    now = claim.at
    since = now - (superseded_at(policy, stage, now) - now)
    if policy.active_from is not None:
        since = max(since, policy.active_from)
    has_nudge = exists().where(
        Nudge.cart_id == Cart.id,
        Nudge.episode == Cart.last_activity_at,
        Nudge.stage == stage.name,
    )
    due = (
        select(Cart.id, Cart.visitor_id, Cart.person_id, Cart.last_activity_at)
        .where(
            Cart.status == CartStatus.OPEN,
            Cart.last_activity_at > since,
            Cart.last_activity_at <= now - stage.after,
            Cart.person_id.is_not(None),
            exists().where(CartLine.cart_id == Cart.id),
            ~has_nudge,
        )
        .order_by(Cart.last_activity_at, Cart.id)
        .limit(limit)
        .with_for_update(of=Cart, key_share=True, skip_locked=True)
    )
    if after is not None:
        position = tuple_(Cart.last_activity_at, Cart.id)
        due = due.where(
            Cart.last_activity_at >= after.last_activity_at,
            position > (after.last_activity_at, after.cart_id),
        )
    carts = session.execute(due).all()
    if not carts:
        return [], None
    ids = _insert(
        session,
        claim,
        [(cart.id, cart.visitor_id, cart.person_id, cart.last_activity_at) for cart in carts],
        stage.name,
    )
    last = carts[-1]
    full = len(carts) == limit
    return list(ids.values()), Cursor(last.last_activity_at, last.id) if full else None


def claim_waiting(session: Session, claim: Claim, *, limit: int) -> list[str]:
    """Nudges that waited for this moment."""
    due = (
        select(Nudge.id, Nudge.cart_id)
        .where(Nudge.state == NudgeState.WAITING, Nudge.next_at <= claim.at)
        .order_by(Nudge.next_at, Nudge.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = session.execute(due).all()
    free = _lock_carts(session, {row.cart_id for row in rows})
    ids = [row.id for row in rows if row.cart_id in free]
    if ids:
        session.execute(
            update(Nudge)
            .where(among(Nudge.id, ids))
            .values(_taken_up(claim))
            .execution_options(synchronize_session=False)
        )
    return ids


def claim_cart(session: Session, claim: Claim, cart_id: str, stage: str) -> str | None:
    """One cart's nudge of this stage before its time, made or taken up where it waited.

    None where the stage had its turn, the cart is closed, or somebody else works on it.
    """
    cart = session.execute(
        select(Cart.id, Cart.visitor_id, Cart.person_id, Cart.last_activity_at)
        .where(Cart.id == cart_id, Cart.status == CartStatus.OPEN)
        .with_for_update(key_share=True, skip_locked=True)
    ).one_or_none()
    if cart is None:
        return None
    owned = (cart.id, cart.visitor_id, cart.person_id, cart.last_activity_at)
    made = _insert(session, claim, [owned], stage)
    if made:
        return made[cart.id]
    return session.scalar(
        update(Nudge)
        .where(
            Nudge.cart_id == cart_id,
            Nudge.episode == cart.last_activity_at,
            Nudge.stage == stage,
            Nudge.state == NudgeState.WAITING,
        )
        .values(_taken_up(claim))
        .returning(Nudge.id)
        .execution_options(synchronize_session=False)
    )


def claim_reminders(session: Session, claim: Claim, *, limit: int) -> tuple[list[str], int]:
    """Nudges for reminders that shoppers asked for and that are due.

    Returns their ids, and how many reminders were taken up: one whose shopper has no cart any more
    leads to no nudge.
    """
    due = (
        select(Reminder.id, Reminder.visitor_id, Reminder.person_id, Reminder.due_at)
        .where(
            Reminder.due_at <= claim.at,
            Reminder.taken_at.is_(None),
            Reminder.cancelled_at.is_(None),
        )
        .order_by(Reminder.due_at, Reminder.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    reminders = session.execute(due).all()
    if not reminders:
        return [], 0
    owners = [*{Owner.of(row.visitor_id, row.person_id) for row in reminders}]
    carts = {
        (cart.person_id or cart.visitor_id): cart
        for cart in session.execute(
            select(Cart.id, Cart.visitor_id, Cart.person_id)
            .where(
                Cart.status == CartStatus.OPEN,
                exists().where(CartLine.cart_id == Cart.id),
                owned_by_any(owners, Cart.visitor_id, Cart.person_id),
            )
            .with_for_update(of=Cart, key_share=True)
        )
    }
    ids: list[str] = []
    for row in reminders:
        cart = carts.get(row.person_id or row.visitor_id)
        nudge_id = None
        if cart is not None:
            made = _insert(
                session, claim, [(cart.id, cart.visitor_id, cart.person_id, row.due_at)], ASKED
            )
            nudge_id = made.get(cart.id)
        session.execute(
            update(Reminder)
            .where(Reminder.id == row.id)
            .values(taken_at=claim.at, nudge_id=nudge_id)
            .execution_options(synchronize_session=False)
        )
        if nudge_id:
            ids.append(nudge_id)
    return ids, len(reminders)


def _taken_up(claim: Claim) -> dict[str, Any]:
    return {
        "state": NudgeState.CLAIMED,
        "claim": claim.id,
        "claimed_at": claim.at,
        "next_at": None,
        "gate": None,
        "gate_detail": None,
        "policy_version": claim.policy_version,
    }


def _insert(
    session: Session,
    claim: Claim,
    carts: Sequence[tuple[str, str, str | None, datetime]],
    stage: str,
) -> dict[str, str]:
    """Cart id → nudge id of the nudges that were really new."""
    rows = [
        {
            "id": new_id(),
            "cart_id": cart_id,
            "visitor_id": visitor_id,
            "person_id": person_id,
            "episode": episode,
            "stage": stage,
            "state": NudgeState.CLAIMED,
            "claim": claim.id,
            "claimed_at": claim.at,
            "created_at": claim.at,
            "policy_version": claim.policy_version,
            "attempts": 0,
        }
        for cart_id, visitor_id, person_id, episode in carts
    ]
    insert_many(session, Nudge, rows, or_ignore=True)
    made = session.execute(
        select(Nudge.id, Nudge.cart_id).where(among(Nudge.id, [str(row["id"]) for row in rows]))
    )
    return {row.cart_id: row.id for row in made}


def _lock_carts(session: Session, cart_ids: set[str]) -> set[str]:
    """Those of the carts that no other sweep and no order holds, now held by this one."""
    if not cart_ids:
        return set()
    return set(
        session.scalars(
            select(Cart.id)
            .where(among(Cart.id, cart_ids))
            .order_by(Cart.id)
            .with_for_update(key_share=True, skip_locked=True)
        )
    )
