"""Fills an empty shop with the demo catalogue and its simulated past, all in one transaction."""

import json
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import batched
from typing import Protocol

import polars as pl
from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.orm import Session

from core.settings import Settings
from db.engine import SessionFactory
from db.insert import table_of
from db.models import (
    Base,
    Cart,
    CartStatus,
    Consent,
    Event,
    EventName,
    ImportRun,
    ImportStatus,
    Order,
    Person,
    Product,
    Visitor,
)
from db.pricing import DeliveryRule
from db.reads.showcase import DEMO_FORMAT
from db.writes.bulk import insert_new
from db.writes.events import refold
from demo.catalogue import Catalogue, load_catalogue, store_catalogue, store_faq, store_promotions
from demo.past import Past, build_past
from demo.simulate import simulate
from demo.visits import plan_visits
from demo.world import Scenario, build_world, draw_tastes, load_shoppers

_EVENTS_AT_ONCE = 50_000
_VISITORS_AT_ONCE = 500
_CART_EVENTS = [
    name.value for name in (EventName.ADD_TO_CART, EventName.REMOVE_FROM_CART, EventName.PURCHASE)
]


class NotEmptyError(Exception):
    """The database already holds a shop; the message says what to do."""


class Progress(Protocol):
    """Is told how far the filling has come."""

    def begin(self, stage: str, total: int) -> None:
        """A stage of `total` steps begins."""
        ...

    def advance(self, by: int) -> None:
        """`by` more steps are done."""
        ...


@dataclass(frozen=True)
class Filled:
    """What the shop now holds."""

    products: int
    shoppers: int
    events: int
    orders: int
    open_carts: int


def filled_with(session: Session) -> Scenario | None:
    """The scenario that this database was filled with, or None."""
    row = session.execute(
        select(ImportRun.file_name, ImportRun.started_at).where(ImportRun.format == DEMO_FORMAT)
    ).first()
    return Scenario(now=row.started_at, **json.loads(row.file_name)) if row else None


def is_empty(session: Session) -> bool:
    """Whether there are neither products nor events."""
    return not any(session.scalar(select(model.id).limit(1)) for model in (Product, Event))


def clear_demo(session: Session) -> None:
    """Delete everything in a database that was filled by `fill`.

    Raises NotEmptyError where it holds another shop, or imports beside the demo.
    """
    imported = session.scalar(select(ImportRun.id).where(ImportRun.format != DEMO_FORMAT).limit(1))
    foreign = filled_with(session) is None and not is_empty(session)
    if imported or foreign:
        raise NotEmptyError(
            "This database holds more than the demo shop, so nothing was deleted. "
            "Set DATABASE_URL to another database to fill a demo shop there."
        )
    for table in reversed(Base.metadata.sorted_tables):
        session.execute(delete(table))


def fill(
    sessions: SessionFactory,
    scenario: Scenario,
    *,
    settings: Settings,
    again: bool,
    progress: Progress,
) -> Filled:
    """Simulate and store; with `again`, an earlier demo shop is deleted first.

    Raises NotEmptyError where there is a shop already, and changes nothing then.
    """
    with sessions.begin() as session:
        if again:
            clear_demo(session)
        elif not is_empty(session):
            raise NotEmptyError(
                "The shop already has products or events, so nothing was filled. "
                "Use --again to replace an earlier demo shop by a new one."
            )
        catalogue = load_catalogue()
        past = _simulate(scenario, catalogue, settings, progress)
        store_catalogue(session, catalogue, now=scenario.now)
        store_faq(session, now=scenario.now)
        store_promotions(session, now=scenario.now)
        _store_past(session, scenario, past, progress)
        return Filled(
            products=len(catalogue.products),
            shoppers=scenario.shoppers,
            events=len(past.events),
            orders=session.scalar(select(func.count()).select_from(Order)) or 0,
            open_carts=session.scalar(
                select(func.count()).select_from(Cart).where(Cart.status == CartStatus.OPEN)
            )
            or 0,
        )


def _simulate(
    scenario: Scenario, catalogue: Catalogue, settings: Settings, progress: Progress
) -> Past:
    world = build_world(scenario, catalogue)
    demo = load_shoppers(scenario.now)
    tastes, visits = draw_tastes(scenario, world, demo), plan_visits(scenario, demo)
    progress.begin("simulating shoppers", int(visits.products.sum()))
    steps = simulate(scenario, world, tastes, visits, progress=progress.advance)
    return build_past(
        scenario, world, tastes, demo, visits, steps, delivery=DeliveryRule.of(settings)
    )


def _store_past(session: Session, scenario: Scenario, past: Past, progress: Progress) -> None:
    run_id = _note_run(session, scenario, len(past.events))
    progress.begin("storing events", len(past.events))
    insert_new(session, Person, past.people)
    insert_new(session, Visitor, past.visitors)
    insert_new(session, Consent, past.consents)
    events = past.events.with_columns(import_id=pl.lit(run_id))
    for part in events.iter_slices(_EVENTS_AT_ONCE):
        insert_new(session, Event, part)
        progress.advance(len(part))
    with_cart = events.filter(pl.col("name").is_in(_CART_EVENTS))["visitor_id"].unique().sort()
    progress.begin("folding carts", len(with_cart))
    for some in batched(_whole_owners(with_cart, past.visitors), _VISITORS_AT_ONCE):
        refold(session, some)
        progress.advance(len(some))
    _cost_orders(session, past.order_costs)


def _whole_owners(visitors: pl.Series, known: pl.DataFrame) -> list[str]:
    """The visitors, one for each owner, since folding one folds all of its person's."""
    owners = known.filter(pl.col("id").is_in(visitors.implode())).with_columns(
        owner=pl.coalesce("person_id", "id")
    )
    return owners.unique("owner", keep="first", maintain_order=True)["id"].to_list()


def _note_run(session: Session, scenario: Scenario, events: int) -> str:
    """Keep what the past follows from, so that the truth behind it can be recomputed."""
    choices = {"seed": scenario.seed, "shoppers": scenario.shoppers, "days": scenario.days}
    digest = sha256(f"{choices} {scenario.now.isoformat()}".encode()).hexdigest()
    session.execute(
        insert(ImportRun).values(
            id=digest[:32],
            file_digest=digest,
            file_name=json.dumps(choices),
            format=DEMO_FORMAT,
            status=ImportStatus.FINISHED,
            rows_read=events,
            rows_stored=events,
            started_at=scenario.now,
            finished_at=scenario.now,
        )
    )
    return digest[:32]


def _cost_orders(session: Session, costs: pl.DataFrame) -> None:
    statement = (
        update(table_of(Order))
        .where(
            Order.visitor_id == bindparam("of_visitor"),
            Order.transaction_id == bindparam("of_transaction"),
        )
        .values({name: bindparam(name) for name in ("discount", "delivery", "promotion_code")})
    )
    changed = costs.filter((pl.col("discount") > 0) | (pl.col("delivery") > 0)).rename(
        {"visitor_id": "of_visitor", "transaction_id": "of_transaction"}
    )
    if not changed.is_empty():
        session.connection().execute(statement, changed.to_dicts())


def scenario_now(now: datetime) -> datetime:
    """`now` without the fraction of a second, which not every database keeps alike."""
    return now.replace(microsecond=0)
