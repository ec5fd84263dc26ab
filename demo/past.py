"""The simulated past as rows of the shop's tables."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from db.models import Channel, EventName
from db.pricing import DeliveryRule
from demo.catalogue import CURRENCY, reduced_at
from demo.names import person_ids, robot_ids, visitor_ids
from demo.simulate import Mark, Steps
from demo.visits import DAY, SECOND, Visits
from demo.world import DemoShopper, Ints, Scenario, Tastes, World

CODE = "BRIGHT5"
CODE_PERCENT = 5
CODE_DAYS = 30
CODE_SHARE = 0.12
ROBOT_VIEWS = 240
SEARCH_SHARE = 0.35
LIST_SHARE = 0.4
MISSPELT = 0.08
CHAT_SHARE = 0.12
CONSENT_SHARE = 0.6
WITHDRAWN_SHARE = 0.1
# What people buy several of.
BY_THE_PIECE = frozenset(
    {"coffee beans", "tea tin", "gas canister", "filters", "seeds", "socks", "notebook", "cup"}
)
TIME = pl.Datetime("us", "UTC")

_NAMES = {
    Mark.VIEW: EventName.VIEW_ITEM,
    Mark.ADD: EventName.ADD_TO_CART,
    Mark.REMOVE: EventName.REMOVE_FROM_CART,
    Mark.PURCHASE: EventName.PURCHASE,
    Mark.VIEW_CART: EventName.VIEW_CART,
    Mark.BEGIN_CHECKOUT: EventName.BEGIN_CHECKOUT,
    Mark.SHIPPING: EventName.ADD_SHIPPING_INFO,
    Mark.PAYMENT: EventName.ADD_PAYMENT_INFO,
}

_CHATTED = [
    name.value for name in (EventName.SEARCH, EventName.ADD_TO_CART, EventName.REMOVE_FROM_CART)
]


@dataclass(frozen=True)
class Past:
    """Frames with the columns of their tables; events are in the order of time.

    `order_costs` says of each purchase visitor_id, transaction_id, discount, delivery and
    promotion_code.
    """

    people: pl.DataFrame
    visitors: pl.DataFrame
    events: pl.DataFrame
    consents: pl.DataFrame
    order_costs: pl.DataFrame


def build_past(
    scenario: Scenario,
    world: World,
    tastes: Tastes,
    demo: list[DemoShopper],
    visits: Visits,
    steps: Steps,
    *,
    delivery: DeliveryRule,
) -> Past:
    """All rows that the steps add up to."""
    visitors = np.array(visitor_ids(scenario, visits))
    shopping = _shopping(scenario, world, tastes, visits, steps, visitors)
    shopping, order_costs = _price_orders(scenario, shopping, delivery)
    browsing = _browsing(scenario, world, visits, visitors)
    robots = _robots(scenario, world)
    events = pl.concat([shopping, browsing, robots], how="diagonal").sort("at", maintain_order=True)
    return Past(
        people=_people(scenario, demo, visits),
        visitors=_visitors(scenario, visits, visitors, robots),
        events=_with_sources(scenario, events).with_columns(received_at=pl.col("at")),
        consents=_consents(scenario, visits, steps),
        order_costs=order_costs,
    )


def _with_sources(scenario: Scenario, events: pl.DataFrame) -> pl.DataFrame:
    """In some visits the chat is asked to search, to fill the cart and to take things out."""
    rng = scenario.rng(15)
    visits = events["session_id"].drop_nulls().unique().sort()
    chatting = visits.filter(pl.Series(rng.random(len(visits)) < CHAT_SHARE))
    told = pl.col("session_id").is_in(chatting.implode()) & pl.col("name").is_in(_CHATTED)
    return events.with_columns(source=pl.when(told).then(pl.lit("chat")).otherwise(pl.lit("demo")))


def _shopping(
    scenario: Scenario,
    world: World,
    tastes: Tastes,
    visits: Visits,
    steps: Steps,
    visitors: NDArray[np.str_],
) -> pl.DataFrame:
    products = world.catalogue.products
    shopper, item = visits.shopper[steps.session], np.maximum(steps.item, 0)
    variant = _variants(scenario, world, tastes)[shopper, item]
    quantity = _quantities(scenario, world)[shopper, item]
    amounts = np.array([v.amount for product in products for v in product.variants])
    lowest = np.array([product.amount for product in products])
    list_amount = np.array([product.list_amount or 0 for product in products])
    cut = [reduced_at(product, now=scenario.now) for product in products]
    cut_at = np.array([int(at.timestamp() * SECOND) if at else 0 for at in cut])
    choosing = steps.mark == Mark.VIEW
    amount = np.where(choosing, lowest[item], amounts[variant])
    amount = np.where(steps.at < cut_at[item], list_amount[item], amount)
    changes = np.append(
        True,
        (np.diff(steps.session) != 0) | (np.diff(steps.mark) != 0) | (np.diff(steps.at) != 0),
    )
    event = np.cumsum(changes) - 1
    position = np.arange(len(event)) - np.flatnonzero(changes)[event]
    none = steps.item < 0
    names = np.array(["", *(str(_NAMES[mark].value) for mark in sorted(_NAMES))])
    variant_ids = np.array([v.id for product in products for v in product.variants])
    product_ids = np.array([product.id for product in products])
    frame = pl.DataFrame(
        {
            "visitor_id": visitors[visits.visitor[steps.session]],
            "event_id": event,
            "position": position,
            "name": names[steps.mark],
            "at": steps.at,
            "session_id": steps.session,
            "product_id": product_ids[item],
            "variant_id": variant_ids[variant],
            "quantity": np.where(choosing, 1, quantity),
            "unit_amount": amount,
            "none": none,
            "choosing": choosing,
        }
    )
    with_item = ~pl.col("none")
    return frame.select(
        "visitor_id",
        pl.format("e{}", "event_id").alias("event_id"),
        "position",
        "name",
        pl.col("at").cast(TIME),
        pl.format("s{}", "session_id").alias("session_id"),
        *(
            pl.when(with_item).then(pl.col(name)).alias(name)
            for name in ("product_id", "quantity", "unit_amount")
        ),
        pl.when(with_item & ~pl.col("choosing")).then("variant_id").alias("variant_id"),
        pl.when(with_item).then(pl.lit(CURRENCY)).alias("currency"),
    )


def _variants(scenario: Scenario, world: World, tastes: Tastes) -> Ints:
    """The variant (counted through the catalogue) each shopper takes of each product."""
    rng = scenario.rng(9)
    size_place = rng.random(scenario.shoppers)
    liking = np.log(tastes.colour)
    chosen = np.empty((scenario.shoppers, world.size), np.int64)
    offset = 0
    for item, product in enumerate(world.catalogue.products):
        colours = list(dict.fromkeys(variant.colour for variant in product.variants))
        sizes = len(product.variants) // len(colours)
        columns = [tastes.colours.index(colour) for colour in colours]
        noise = rng.gumbel(size=(scenario.shoppers, len(colours)))
        colour = (liking[:, columns] + noise).argmax(axis=1)
        size = np.rint(size_place * (sizes - 1)).astype(np.int64)
        chosen[:, item] = offset + colour * sizes + size
        offset += len(product.variants)
    return chosen


def _quantities(scenario: Scenario, world: World) -> Ints:
    rng = scenario.rng(10)
    several = [product.kind in BY_THE_PIECE for product in world.catalogue.products]
    draw = rng.random((scenario.shoppers, world.size))
    more = (draw < 0.3).astype(np.int64) + (draw < 0.1)
    quantities: Ints = 1 + more * np.array(several)
    return quantities


def _price_orders(
    scenario: Scenario, shopping: pl.DataFrame, delivery: DeliveryRule
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give purchases their number and value; some of the last weeks' used a code."""
    rng = scenario.rng(11)
    orders = (
        shopping.filter(pl.col("name") == EventName.PURCHASE.value)
        .group_by("visitor_id", "event_id", "at", maintain_order=True)
        .agg(subtotal=(pl.col("unit_amount") * pl.col("quantity")).sum())
    )
    lucky = pl.Series(rng.random(len(orders)) < CODE_SHARE)
    since = scenario.now - timedelta(days=CODE_DAYS)
    rounded_half_up = (pl.col("subtotal") * CODE_PERCENT + 50) // 100
    orders = (
        orders.with_columns(coded=lucky & (pl.col("at") >= since))
        .with_columns(discount=pl.when("coded").then(rounded_half_up).otherwise(0))
        .with_columns(goods=pl.col("subtotal") - pl.col("discount"))
        .with_columns(
            delivery=pl.when(pl.col("goods") >= delivery.free_from.amount)
            .then(0)
            .otherwise(delivery.fee.amount)
        )
        .with_columns(
            value=pl.col("goods") + pl.col("delivery"),
            transaction_id=pl.format("FH{}", pl.int_range(100_001, pl.len() + 100_001)),
            promotion_code=pl.when("coded").then(pl.lit(CODE)),
        )
    )
    numbered = shopping.join(
        orders.select("event_id", "transaction_id", "value"),
        on="event_id",
        how="left",
        maintain_order="left",
    ).with_columns(value=pl.when(pl.col("position") == 0).then("value"))
    columns = ("visitor_id", "transaction_id", "discount", "delivery", "promotion_code")
    return numbered, orders.select(columns)


def _browsing(
    scenario: Scenario, world: World, visits: Visits, visitors: NDArray[np.str_]
) -> pl.DataFrame:
    """Searches and lists before a session's first product, without an item of their own."""
    rng = scenario.rng(12)
    parts = []
    for prefix, name, share in (
        ("q", EventName.SEARCH, SEARCH_SHARE),
        ("l", EventName.VIEW_ITEM_LIST, LIST_SHARE),
    ):
        sessions = np.flatnonzero(rng.random(len(visits)) < share)
        words = _words(rng, world, len(sessions)) if name is EventName.SEARCH else None
        before = rng.integers(2 * SECOND, 40 * SECOND, len(sessions))
        parts.append(
            pl.DataFrame(
                {
                    "visitor_id": visitors[visits.visitor[sessions]],
                    "event_id": [f"{prefix}{session}" for session in sessions.tolist()],
                    "position": 0,
                    "name": name.value,
                    "at": pl.Series(visits.at[sessions] - before).cast(TIME),
                    "session_id": [f"s{session}" for session in sessions.tolist()],
                    "search_term": pl.Series(words, dtype=pl.String)
                    if words
                    else pl.Series([None] * len(sessions), dtype=pl.String),
                },
                schema_overrides={"position": pl.Int64},
            )
        )
    return pl.concat(parts)


def _words(rng: np.random.Generator, world: World, count: int) -> list[str]:
    """Search terms as people type them: kinds, brands, colours, other words, slips."""
    products = world.catalogue.products
    synonyms = {category.id: category.synonyms for category in world.catalogue.categories}
    weight = world.popularity / world.popularity.sum()
    chosen = rng.choice(len(products), count, p=weight)
    ways, picks, slips = rng.integers(4, size=count), rng.random(count), rng.random(count)
    terms = []
    for item, way, pick, slip in zip(
        chosen.tolist(), ways.tolist(), picks.tolist(), slips.tolist(), strict=True
    ):
        product = products[item]
        words = synonyms[product.category]
        colour = product.variants[int(pick * len(product.variants))].colour
        term = (
            product.kind,
            words[int(pick * len(words))],
            f"{product.brand} {product.kind}",
            f"{colour} {product.kind}",
        )[way].lower()
        if slip < MISSPELT:
            gone = int(pick * len(term))
            term = term[:gone] + term[gone + 1 :]
        terms.append(term)
    return terms


def _robots(scenario: Scenario, world: World) -> pl.DataFrame:
    """Crawlers that walk through the catalogue faster than anybody reads."""
    rng = scenario.rng(13)
    robots = robot_ids(scenario)
    begins = int(scenario.begins.timestamp() * SECOND)
    start = begins + rng.integers(0, (scenario.days - 1) * DAY, len(robots))
    step = np.arange(ROBOT_VIEWS)
    item = (rng.integers(world.size, size=len(robots))[:, None] + step[None, :]) % world.size
    at = start[:, None] + step[None, :] * 3 * SECOND // 2
    product_ids = np.array([product.id for product in world.catalogue.products])
    return pl.DataFrame(
        {
            "visitor_id": np.repeat(np.array(robots), ROBOT_VIEWS),
            "event_id": [f"r{number}" for number in range(len(robots) * ROBOT_VIEWS)],
            "position": 0,
            "name": EventName.VIEW_ITEM.value,
            "at": pl.Series(at.ravel()).cast(TIME),
            "session_id": [f"r{robot}" for robot in range(len(robots)) for _ in step],
            "product_id": product_ids[item.ravel()],
        },
        schema_overrides={"position": pl.Int64},
    )


def _people(scenario: Scenario, demo: list[DemoShopper], visits: Visits) -> pl.DataFrame:
    rows = np.union1d(np.unique(visits.shopper), np.arange(len(demo)))
    rows = rows[visits.is_person[rows]]
    ids = np.array(person_ids(scenario))
    named = [demo[row] if row < len(demo) else None for row in rows.tolist()]
    return pl.DataFrame(
        {
            "id": ids[rows],
            "shop_key": [f"F{row:05d}" for row in rows.tolist()],
            "email": [person.email if person else None for person in named],
            "name": [person.name if person else None for person in named],
            "is_staff": False,
            "created_at": pl.Series(visits.signed_in[rows]).cast(TIME),
        }
    )


def _visitors(
    scenario: Scenario, visits: Visits, visitors: NDArray[np.str_], robots: pl.DataFrame
) -> pl.DataFrame:
    used, first = np.unique(visits.visitor, return_index=True)
    shopper = visits.visitor_shopper[used]
    people = np.array(person_ids(scenario), dtype=object)
    people[~visits.is_person] = None
    own = pl.DataFrame(
        {
            "id": visitors[used],
            "person_id": pl.Series(people[shopper].tolist(), dtype=pl.String),
            "is_robot": False,
            "created_at": pl.Series(visits.at[first]).cast(TIME),
        }
    )
    crawling = robots.group_by("visitor_id", maintain_order=True).agg(pl.col("at").min())
    return pl.concat(
        [
            own,
            crawling.select(
                pl.col("visitor_id").alias("id"),
                pl.lit(None, dtype=pl.String).alias("person_id"),
                pl.lit(value=True).alias("is_robot"),
                pl.col("at").alias("created_at"),
            ),
        ]
    )


def _consents(scenario: Scenario, visits: Visits, steps: Steps) -> pl.DataFrame:
    """Who ticked the box at their first purchase, and who took it back later."""
    rng = scenario.rng(14)
    bought = steps.mark == Mark.PURCHASE
    shopper, first = np.unique(visits.shopper[steps.session[bought]], return_index=True)
    at = steps.at[bought][first]
    ticked = visits.is_person[shopper] & (rng.random(len(shopper)) < CONSENT_SHARE)
    end = int(scenario.now.timestamp() * SECOND)
    later = at + (rng.random(len(shopper)) * (end - at)).astype(np.int64)
    withdrawn = ticked & (rng.random(len(shopper)) < WITHDRAWN_SHARE)
    people = np.array(person_ids(scenario))
    parts = [
        pl.DataFrame(
            {
                "person_id": people[shopper[who]],
                "channel": Channel.EMAIL.value,
                "granted": granted,
                "basis": "consent",
                "wording_version": "checkout-1",
                "source": source,
                "at": pl.Series(when[who]).cast(TIME),
            }
        )
        for who, granted, source, when in (
            (ticked, True, "checkout", at),
            (withdrawn, False, "unsubscribe", later),
        )
    ]
    return pl.concat(parts)
