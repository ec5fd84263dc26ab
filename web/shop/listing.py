"""Filtering, counting, sorting and paging of products: pure functions of rows just read."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from functools import partial
from urllib.parse import urlencode

from core.money import to_minor
from db.reads.catalogue import ProductFacts, VariantFacts

PAGE_SIZE = 24
MAX_PAGE = 10_000
MAX_MAJOR = Decimal(1_000_000)
SORTS = ("best", "popular", "newest", "price_asc", "price_desc")
FACETS = ("brand", "colour", "size")
MAX_OPTIONS = 60
_SIZE_ORDER = {
    name: place for place, name in enumerate(("xxs", "xs", "s", "m", "l", "xl", "xxl", "xxxl"))
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a shopper picked on a listing page; prices in minor units, both inclusive."""

    query: str = ""
    brand: tuple[str, ...] = ()
    colour: tuple[str, ...] = ()
    size: tuple[str, ...] = ()
    price_min: int | None = None
    price_max: int | None = None
    in_stock: bool = False
    reduced: bool = False
    sort: str = "best"
    page: int = 1

    def values(self, facet: str) -> tuple[str, ...]:
        """The values picked of a facet."""
        return {"brand": self.brand, "colour": self.colour, "size": self.size}[facet]


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a facet and how many products picking it would show."""

    value: str
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """An attribute to filter by."""

    name: str
    options: tuple[Option, ...]

    @property
    def chosen(self) -> int:
        """How many of its values are picked."""
        return sum(option.chosen for option in self.options)


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of products, each with the variant to show, and what the filters offer.

    `lowest` and `highest` are the price bounds of everything but the price filter, minor units.
    """

    products: tuple[tuple[ProductFacts, VariantFacts], ...]
    total: int
    facets: tuple[Facet, ...]
    lowest: int | None
    highest: int | None
    page: int
    last_page: int


def read_wanted(pairs: Iterable[tuple[str, str]], *, currency: str) -> Wanted:
    """What an address asks for; a value that makes no sense counts as not given."""
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        text = value.replace("\x00", "").strip()[:200]
        if text and text not in given.setdefault(name, []):
            given[name].append(text)

    def first(name: str) -> str:
        return given.get(name, [""])[0]

    price_min = _minor(first("price_min"), currency)
    price_max = _minor(first("price_max"), currency)
    if price_min is not None and price_max is not None and price_min > price_max:
        price_min, price_max = price_max, price_min
    page = first("page")
    return Wanted(
        query=first("q"),
        brand=tuple(given.get("brand", [])[:MAX_OPTIONS]),
        colour=tuple(given.get("colour", [])[:MAX_OPTIONS]),
        size=tuple(given.get("size", [])[:MAX_OPTIONS]),
        price_min=price_min,
        price_max=price_max,
        in_stock=bool(first("in_stock")),
        reduced=bool(first("reduced")),
        sort=first("sort") if first("sort") in SORTS else "best",
        page=min(int(page), MAX_PAGE) if re.fullmatch(r"[1-9][0-9]{0,8}", page) else 1,
    )


def address(path: str, wanted: Wanted, *, major: Callable[[int], str]) -> str:
    """The shareable address of a listing; `major` writes minor units for it."""
    pairs: list[tuple[str, str]] = [("q", wanted.query)] if wanted.query else []
    for facet in FACETS:
        pairs += [(facet, value) for value in wanted.values(facet)]
    for name in ("price_min", "price_max"):
        amount = getattr(wanted, name)
        if amount is not None:
            pairs.append((name, major(amount)))
    pairs += [(name, "1") for name in ("in_stock", "reduced") if getattr(wanted, name)]
    if wanted.sort != "best":
        pairs.append(("sort", wanted.sort))
    if wanted.page > 1:
        pairs.append(("page", str(wanted.page)))
    return f"{path}?{urlencode(pairs)}" if pairs else path


def arrange(candidates: Sequence[ProductFacts], wanted: Wanted) -> Listing:
    """Filter, sort and page the candidates, which come best first."""
    found = [
        (facts, best)
        for facts in candidates
        if (best := facts.best_variant(partial(fits, facts, wanted=wanted))) is not None
    ]
    if wanted.sort in {"price_asc", "price_desc"}:
        found.sort(key=lambda pair: pair[1].price.amount, reverse=wanted.sort == "price_desc")
    found.sort(key=lambda pair: pair[1].stock <= 0)
    last = max(1, -(-len(found) // PAGE_SIZE))
    page = min(wanted.page, last)
    unpriced = replace(wanted, price_min=None, price_max=None)
    amounts = [
        v.price.amount for f in candidates for v in f.variants if fits(f, v, wanted=unpriced)
    ]
    return Listing(
        products=tuple(found[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]),
        total=len(found),
        facets=tuple(_facet(name, candidates, wanted) for name in FACETS),
        lowest=min(amounts, default=None),
        highest=max(amounts, default=None),
        page=page,
        last_page=last,
    )


def fits(facts: ProductFacts, variant: VariantFacts, *, wanted: Wanted) -> bool:
    """Whether this one variant meets every filter."""
    amount = variant.price.amount
    return (
        (not wanted.brand or facts.brand in wanted.brand)
        and (not wanted.colour or variant.colour in wanted.colour)
        and (not wanted.size or variant.size in wanted.size)
        and (wanted.price_min is None or amount >= wanted.price_min)
        and (wanted.price_max is None or amount <= wanted.price_max)
        and (not wanted.in_stock or variant.stock > 0)
        and (not wanted.reduced or variant.list_price is not None)
    )


def size_key(size: str) -> tuple[int, float, str]:
    """Sorts sizes as people do: XS before M before XL, 38 before 40, the rest by name."""
    name = size.casefold()
    if name in _SIZE_ORDER:
        return 0, _SIZE_ORDER[name], name
    number = re.match(r"[0-9]+(?:[.,][0-9]+)?", name)
    return (1, float(number[0].replace(",", ".")), name) if number else (2, 0, name)


def _facet(name: str, candidates: Sequence[ProductFacts], wanted: Wanted) -> Facet:
    """The values of a facet, counted under all the other filters."""
    without: Wanted = replace(wanted, **{name: ()})  # type: ignore[arg-type]  # a facet's field
    counts: Counter[str] = Counter()
    for facts in candidates:
        fitting = [variant for variant in facts.variants if fits(facts, variant, wanted=without)]
        held = [facts.brand] if name == "brand" else [getattr(v, name) for v in fitting]
        if fitting:
            counts.update({value for value in held if value})
    chosen = set(wanted.values(name))
    common = [value for value, _ in counts.most_common(MAX_OPTIONS)]
    names = sorted({*common, *(chosen & counts.keys())}, key=size_key)
    return Facet(name, tuple(Option(value, counts[value], value in chosen) for value in names))


def _minor(text: str, currency: str) -> int | None:
    try:
        value = Decimal(text.replace(",", "."))
        return to_minor(value, currency) if 0 <= value <= MAX_MAJOR else None
    except InvalidOperation:
        return None
