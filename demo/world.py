"""The structure behind what simulated shoppers want: trails, bundles, likeness, fashion, tastes.

All of it follows from the catalogue, data/shop/habits.yml and a seed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from demo.catalogue import SHOP_FOLDER, Catalogue, read_yaml

type Floats = NDArray[np.float32]
type Ints = NDArray[np.int64]
type Bools = NDArray[np.bool_]

ZONE = ZoneInfo("Europe/Berlin")
ZIPF = 0.75
FAVOURITES = (0.36, 0.24, 0.15)
SAME_CATEGORY = 0.2
DIRECTION = 3.0


@dataclass(frozen=True)
class Scenario:
    """What a simulated past follows from; the same scenario gives the same past."""

    now: datetime
    seed: int = 1
    shoppers: int = 6000
    days: int = 90

    @property
    def begins(self) -> datetime:
        """The first moment of the simulated past."""
        return self.now - timedelta(days=self.days)

    def rng(self, purpose: int) -> np.random.Generator:
        """A generator of its own for each purpose, so that one never shifts another."""
        return np.random.default_rng([self.seed, purpose])


@dataclass(frozen=True)
class Visit:
    """A visit that a demo shopper is known to have made; `does` is buy, leave or look."""

    at: datetime
    does: str


@dataclass(frozen=True)
class DemoShopper:
    """Somebody a visitor of the demo shop can sign in as."""

    name: str
    email: str
    likes: tuple[str, ...]
    visits: tuple[Visit, ...]


def load_shoppers(now: datetime, folder: Path = SHOP_FOLDER) -> list[DemoShopper]:
    """The demo shoppers, their visits dated back from `now`."""
    rows = read_yaml(folder / "shoppers.yml")
    return [
        DemoShopper(
            row["name"],
            row["email"],
            tuple(row["likes"]),
            tuple(Visit(_visit_time(visit, now), visit["does"]) for visit in row["visits"]),
        )
        for row in rows
    ]


def _visit_time(visit: dict[str, Any], now: datetime) -> datetime:
    if "days_ago" in visit:
        return now - timedelta(days=visit["days_ago"], hours=1)
    local = now.astimezone(ZONE)
    monday = (local - timedelta(days=local.weekday() + 7)).replace(
        hour=18, minute=20, second=0, microsecond=0
    )
    return (monday + timedelta(days=visit["last_week"])).astimezone(now.tzinfo)


@dataclass(frozen=True)
class World:
    """What leads to what; n products by their position in the sorted catalogue.

    `stage[r, i]` is product i's stage on trail r, or -1. `follow[r, a]` weighs the products of the
    stage after a's; `bundle[a]` what is bought together with a; `compare[d, a]` what is looked at
    beside a (d: 0 no direction yet, 1 upwards in price, 2 downwards). `fashion[day]` weighs
    products by season and trend.
    """

    catalogue: Catalogue
    category: Ints
    price: Floats
    position: Floats
    popularity: Floats
    stage: Ints
    follow: Floats
    bundle: Floats
    compare: Floats
    fashion: Floats
    trails: tuple[str, ...]

    @property
    def size(self) -> int:
        """How many products there are."""
        return len(self.category)


def build_world(scenario: Scenario, catalogue: Catalogue, folder: Path = SHOP_FOLDER) -> World:
    """The world of a scenario."""
    habits = read_yaml(folder / "habits.yml")
    rng = scenario.rng(1)
    products = catalogue.products
    n = len(products)
    names = [category.id for category in catalogue.categories]
    category = np.array([names.index(product.category) for product in products])
    kinds = np.array([product.kind for product in products])
    price = np.log(np.array([product.amount for product in products], np.float32))
    position = _position_in_category(price, category)
    popularity = (rng.permutation(n) + 1.0) ** -ZIPF
    near = np.exp(-(((position[:, None] - position[None, :]) / 0.4) ** 2))
    drawn = np.sqrt(popularity)[None, :] * near

    def liking(spread: float) -> NDArray[np.float64]:
        return np.exp(rng.normal(0, spread, (n, n)))

    stage = np.full((len(habits["trails"]), n), -1)
    follow = np.zeros((len(habits["trails"]), n, n), np.float32)
    for row, stages in enumerate(habits["trails"].values()):
        for number, members in enumerate(stages):
            stage[row, np.isin(kinds, members)] = number
        weight = drawn * liking(0.9)
        onward = (stage[row][None, :] == stage[row][:, None] + 1) & (stage[row][:, None] >= 0)
        follow[row] = weight * onward
    together = np.zeros((n, n), bool)
    for members in habits["bundles"]:
        inside = np.isin(kinds, members)
        together |= inside[:, None] & inside[None, :] & (kinds[:, None] != kinds[None, :])
    likeness = np.where(
        kinds[:, None] == kinds[None, :],
        1.0,
        np.where(category[:, None] == category[None, :], SAME_CATEGORY, 0.0),
    ) * np.exp(-(((price[:, None] - price[None, :]) / 0.7) ** 2))
    np.fill_diagonal(likeness, 0.0)
    plain = likeness * np.sqrt(popularity)[None, :] * liking(0.5)
    dearer = price[None, :] > price[:, None]
    compare = np.stack(
        [plain, plain * np.where(dearer, DIRECTION, 1), plain * np.where(dearer, 1, DIRECTION)]
    )
    return World(
        catalogue=catalogue,
        category=category,
        price=price,
        position=position,
        popularity=popularity.astype(np.float32),
        stage=stage,
        follow=follow,
        bundle=(drawn * liking(0.9) * together).astype(np.float32),
        compare=compare.astype(np.float32),
        fashion=_fashion(scenario, rng, names, category, habits["peak_month"]),
        trails=tuple(habits["trails"]),
    )


def _position_in_category(price: Floats, category: Ints) -> Floats:
    """Each product's place in its category by price: 0 the cheapest, 1 the dearest."""
    position = np.empty(len(price), np.float32)
    for number in np.unique(category):
        inside = np.flatnonzero(category == number)
        ranks = price[inside].argsort(kind="stable").argsort(kind="stable")
        position[inside] = ranks / max(len(inside) - 1, 1)
    return position


def _fashion(
    scenario: Scenario,
    rng: np.random.Generator,
    names: list[str],
    category: Ints,
    peak_month: dict[str, int],
) -> Floats:
    days = np.arange(scenario.days + 1)
    dates = [scenario.begins + timedelta(days=int(day)) for day in days]
    year = np.array([date.timetuple().tm_yday / 365.25 for date in dates])
    peak = np.array([(peak_month[name] - 0.5) / 12 for name in names])
    season = np.exp(0.6 * np.cos(2 * np.pi * (year[:, None] - peak[category][None, :])))
    slope = rng.normal(0, 0.5, len(category))
    trend = np.exp(slope[None, :] * (2 * days[:, None] / scenario.days - 1))
    fashion: Floats = (season * trend).astype(np.float32)
    return fashion


@dataclass(frozen=True)
class Tastes:
    """What each shopper likes; row s is shopper s, the row after the last is the average.

    `pull` is how much a shopper is drawn to a product out of the blue, `fit` how well its brand,
    price and colours suit them. `price_place` is the part of the price range they buy in, 0 to 1.
    """

    pull: Floats
    fit: Floats
    price_place: Floats
    colour: Floats
    colours: tuple[str, ...]


def draw_tastes(scenario: Scenario, world: World, shoppers: list[DemoShopper]) -> Tastes:
    """The tastes of all shoppers; the first are the demo shoppers with the likes they are given."""
    rng = scenario.rng(2)
    products = world.catalogue.products
    count = scenario.shoppers
    names = [category.id for category in world.catalogue.categories]
    base = (rng.permutation(len(names)) + 2.0) ** -0.6
    base /= base.sum()
    interest = _interests(rng, base, count)
    for row, shopper in enumerate(shoppers):
        interest[row] = 0.02
        interest[row, [names.index(like) for like in shopper.likes]] = 1.0
    brands = sorted({product.brand for product in products})
    brand = np.array([brands.index(product.brand) for product in products])
    colours = tuple(sorted({v.colour for product in products for v in product.variants}))
    has = np.zeros((len(colours), world.size), np.float32)
    for item, product in enumerate(products):
        own = sorted({colours.index(variant.colour) for variant in product.variants})
        has[own, item] = 1 / len(own)
    brand_taste = np.exp(rng.normal(0, 0.7, (count, len(brands)))).astype(np.float32)
    colour_taste = np.exp(rng.normal(0, 0.8, (count, len(colours)))).astype(np.float32)
    place = rng.random(count).astype(np.float32)
    fit = np.exp(-(((place[:, None] - world.position[None, :]) / 0.45) ** 2))
    fit *= brand_taste[:, brand]
    fit *= colour_taste @ has
    shelf = np.bincount(world.category, weights=world.popularity)
    pull = fit * (world.popularity / shelf[world.category])
    pull *= interest[:, world.category]
    return Tastes(
        pull=_with_average(pull / pull.sum(axis=1, keepdims=True)),
        fit=_with_average(fit),
        price_place=place,
        colour=colour_taste,
        colours=colours,
    )


def _interests(rng: np.random.Generator, base: NDArray[np.floating[Any]], count: int) -> Floats:
    """A few favourite categories each, by the Gumbel-top-k trick (Kool et al. 2019)."""
    order = np.argsort(-(np.log(base) + rng.gumbel(size=(count, len(base)))), axis=1)
    interest = np.tile(base * (1 - sum(FAVOURITES)), (count, 1))
    for place, weight in enumerate(FAVOURITES):
        interest[np.arange(count), order[:, place]] += weight
    return interest.astype(np.float32)


def _with_average(rows: NDArray[Any]) -> Floats:
    return np.vstack([rows, rows.mean(axis=0, keepdims=True)]).astype(np.float32)
