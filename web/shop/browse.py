"""Pages to look around: the start page, categories and search."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from core.money import Money
from db.engine import read_session
from db.pricing import DeliveryRule
from db.reads.catalogue import CategoryTerms, ProductFacts, categories, product_facts
from db.reads.showcase import category_covers, reduced_products
from recommender.protocol import Surface
from services.cards import picture_url
from services.query import Attribute, SearchQuery, Sort
from services.search import Hit, SearchResult
from web import tracking
from web.shop.listing import SORTS, Listing, Wanted, address, arrange, read_wanted
from web.shop.tiles import suggestion_tiles, tile
from web.shop.visit import PageMissing, PageVisit, Visit

router = APIRouter(include_in_schema=False)

SUGGESTED = 8
REDUCED = 4
HERO_PICTURES = 3
# Enough for every shop whose customers still page through it; search finds the rest.
MAX_CANDIDATES = 5000
# The search's name of each order; the rest is sorted by price here.
_SEARCH_SORTS = {"popular": Sort.POPULAR, "newest": Sort.NEWEST}
_PARSED_SORTS = {
    Sort.POPULAR: "popular",
    Sort.NEWEST: "newest",
    Sort.PRICE_ASC: "price_asc",
    Sort.PRICE_DESC: "price_desc",
}


@router.get("/")
def home(visit: PageVisit) -> HTMLResponse:
    """The start page."""
    shown = visit.suggest(Surface.HOME, k=SUGGESTED)
    with read_session(visit.sessions) as session:
        shelves = categories(session)
        covers = category_covers(session)
        reduced = reduced_products(session, limit=REDUCED, now=visit.now)
        facts = product_facts(session, {*reduced, *covers.values()}, now=visit.now)
        for_you = suggestion_tiles(shown, settings=visit.settings, back="/")
        rule = DeliveryRule.of(visit.settings)
        return visit.draw(
            session,
            "home.html",
            shelves=shelves,
            for_you=for_you,
            known=any(one.reason.because for one in shown),
            hero_pictures=[entry["picture"] for entry in for_you[:HERO_PICTURES]],
            category_tiles=_category_tiles(shelves, covers, facts),
            reduced=[
                tile(facts[key], best, settings=visit.settings)
                for key in reduced
                if key in facts and (best := facts[key].best_variant())
            ],
            free_from=rule.free_from.text(visit.settings.locale),
            fee=rule.fee.text(visit.settings.locale),
            events=[visit.list_event("for_you", for_you)] if for_you else [],
        )


@router.get("/categories")
def everything(visit: PageVisit) -> HTMLResponse:
    """All products, or all that are reduced."""
    words = visit.words.listing
    wanted = read_wanted(visit.request.query_params.multi_items(), currency=visit.settings.currency)
    with read_session(visit.sessions) as session:
        shelves = categories(session)
        result = _search(visit, session, SearchQuery(), wanted)
        heading = words.offers if wanted.reduced else words.everything
        return _listing_page(
            visit, session, [hit.facts for hit in result.hits], wanted,
            heading=heading, steps=[{"title": heading, "url": ""}], shelves=shelves,
            children=[],
        )  # fmt: skip


@router.get("/categories/{category_id:path}")
def category(visit: PageVisit, category_id: str) -> HTMLResponse:
    """The products of a category and of those below it."""
    wanted = read_wanted(visit.request.query_params.multi_items(), currency=visit.settings.currency)
    with read_session(visit.sessions) as session:
        shelves = categories(session)
        by_id = {shelf.id: shelf for shelf in shelves}
        if category_id not in by_id:
            raise PageMissing
        here = by_id[category_id]
        query = SearchQuery(include={Attribute.CATEGORY: tuple(_subtree(category_id, shelves))})
        result = _search(visit, session, query, wanted)
        found = [] if result.relaxed else [hit.facts for hit in result.hits]
        return _listing_page(
            visit, session, found, wanted,
            heading=here.title,
            steps=[*category_steps(here.parent_id, by_id), {"title": here.title, "url": ""}],
            shelves=shelves,
            children=[shelf for shelf in shelves if shelf.parent_id == category_id],
        )  # fmt: skip


@router.get("/search")
def search(visit: PageVisit) -> HTMLResponse:
    """What a line of words finds, read with the catalogue's own words."""
    words = visit.words.search
    wanted = read_wanted(visit.request.query_params.multi_items(), currency=visit.settings.currency)
    with read_session(visit.sessions) as session:
        shelves = categories(session)
        if not wanted.query:
            return _listing_page(
                visit, session, [], wanted, heading=words.title,
                steps=[{"title": words.title, "url": ""}], shelves=shelves, children=[],
                asking=True,
            )  # fmt: skip
        query = visit.search.read(session, wanted.query)
        if wanted.sort == "best" and query.sort in _PARSED_SORTS:
            wanted = replace(wanted, sort=_PARSED_SORTS[query.sort])
        result = _search(visit, session, query, wanted)
        return _listing_page(
            visit, session, [_narrowed(hit, query, result) for hit in result.hits], wanted,
            heading=words.results_for.format(query=wanted.query),
            steps=[{"title": words.title, "url": ""}],
            shelves=shelves,
            children=[],
            understood=_understood(visit, query, shelves),
            relaxed=_left_out(visit, result),
            events=[
                tracking.event("search", currency=visit.settings.currency,
                               search_term=wanted.query)
            ],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A filter in force, and the address without it."""

    name: str
    without: str


def _search(visit: Visit, session: Session, query: SearchQuery, wanted: Wanted) -> SearchResult:
    sort = _SEARCH_SORTS.get(wanted.sort, query.sort)
    return visit.search.find(session, replace(query, sort=sort), limit=MAX_CANDIDATES)


def _narrowed(hit: Hit, query: SearchQuery, result: SearchResult) -> ProductFacts:
    """The product with those of its variants that meet the search, at least the one found."""
    relaxed = set(result.relaxed)
    coloured = Attribute.COLOUR in query.include and "colour" not in relaxed
    excluded = query.exclude.get(Attribute.COLOUR, ())
    low = None if "price" in relaxed else query.price_min
    high = None if "price" in relaxed else query.price_max
    fitting = tuple(
        variant
        for variant in hit.facts.variants
        if (not coloured or variant.colour == hit.variant.colour)
        and variant.colour not in excluded
        and (low is None or variant.price.amount >= low)
        and (high is None or variant.price.amount <= high)
    )
    return replace(hit.facts, variants=fitting or (hit.variant,))


def _listing_page(
    visit: Visit,
    session: Session,
    candidates: list[ProductFacts],
    wanted: Wanted,
    *,
    heading: str,
    steps: list[dict[str, str]],
    shelves: list[CategoryTerms],
    children: list[CategoryTerms],
    asking: bool = False,
    understood: Iterable[str] = (),
    relaxed: str = "",
    events: Iterable[dict[str, Any]] = (),
) -> HTMLResponse:
    words = visit.words
    listing = arrange(candidates, wanted)
    path = visit.request.url.path
    tiles = [tile(facts, best, settings=visit.settings) for facts, best in listing.products]

    def go(changed: Wanted) -> str:
        return address(path, changed, major=lambda amount: major(visit, amount))

    pages = SimpleNamespace(
        now=listing.page,
        last=listing.last_page,
        previous=go(replace(wanted, page=listing.page - 1)) if listing.page > 1 else "",
        next=go(replace(wanted, page=listing.page + 1)) if listing.page < listing.last_page else "",
    )
    nothing = (
        words.search.nothing.format(query=wanted.query) if wanted.query else words.listing.empty
    )
    return visit.draw(
        session,
        "listing.html",
        shelves=shelves,
        heading=heading,
        steps=steps,
        children=children,
        asking=asking,
        understood=list(understood),
        relaxed=relaxed,
        listing=_listing_values(visit, listing, wanted, tiles),
        sorts=[{"value": name, "title": getattr(words.listing, f"sort_{name}")} for name in SORTS],
        action=path,
        chosen=[_Chosen(name, go(changed)) for name, changed in _without_each(visit, wanted)],
        clear=go(Wanted(query=wanted.query)),
        pages=pages,
        nothing=nothing,
        nothing_hint=words.search.nothing_hint if wanted.query else words.listing.empty_hint,
        events=list(events),
    )


def _listing_values(
    visit: Visit, listing: Listing, wanted: Wanted, tiles: list[dict[str, Any]]
) -> dict[str, Any]:
    def bound(amount: int | None) -> str:
        return "" if amount is None else major(visit, amount)

    return {
        "query": wanted.query,
        "tiles": tiles,
        "total": listing.total,
        "sort": wanted.sort,
        "in_stock": wanted.in_stock,
        "reduced": wanted.reduced,
        "price_min": bound(wanted.price_min),
        "price_max": bound(wanted.price_max),
        "lowest": bound(listing.lowest),
        "highest": bound(listing.highest),
        "facets": [
            {
                "name": facet.name,
                "title": getattr(visit.words.listing, facet.name),
                "chosen": facet.chosen,
                "options": facet.options,
            }
            for facet in listing.facets
            if len(facet.options) > 1 or facet.chosen
        ],
    }


def major(visit: Visit, amount: int) -> str:
    """Minor units as they are typed into a form or an address: 119 or 119.90."""
    value = Money(visit.settings.currency, amount).major()
    return str(value.quantize(1)) if value == value.to_integral_value() else str(value)


def _without_each(visit: Visit, wanted: Wanted) -> Iterable[tuple[str, Wanted]]:
    """Each filter in force by name, with what would be wanted without it."""
    words = visit.words
    for facet in ("brand", "colour", "size"):
        values = wanted.values(facet)
        for value in values:
            rest = tuple(other for other in values if other != value)
            yield value, replace(wanted, page=1, **{facet: rest})  # type: ignore[arg-type]  # a facet's field
    if wanted.price_min is not None:
        name = words.search.u_price_min.format(value=visit.money(wanted.price_min))
        yield name, replace(wanted, page=1, price_min=None)
    if wanted.price_max is not None:
        name = words.search.u_price_max.format(value=visit.money(wanted.price_max))
        yield name, replace(wanted, page=1, price_max=None)
    if wanted.in_stock:
        yield words.listing.in_stock, replace(wanted, page=1, in_stock=False)
    if wanted.reduced:
        yield words.listing.reduced, replace(wanted, page=1, reduced=False)


def _understood(visit: Visit, query: SearchQuery, shelves: list[CategoryTerms]) -> Iterable[str]:
    """The conditions read from a search's words, each as a short phrase."""
    words = visit.words.search
    titles = {shelf.id: shelf.title for shelf in shelves}
    for attribute, values in query.include.items():
        text = ", ".join(titles.get(value, value) for value in values)
        yield getattr(words, f"u_{attribute.value}").format(value=text)
    for values in query.exclude.values():
        yield words.u_not.format(value=", ".join(titles.get(value, value) for value in values))
    if query.price_min is not None:
        yield words.u_price_min.format(value=visit.money(query.price_min))
    if query.price_max is not None:
        yield words.u_price_max.format(value=visit.money(query.price_max))


def _left_out(visit: Visit, result: SearchResult) -> str:
    words = visit.words.search
    if not result.relaxed or not result.hits:
        return ""
    names = ", ".join(getattr(words.left_out_names, name) for name in result.relaxed)
    return str(words.left_out.format(names=names))


def _category_tiles(
    shelves: list[CategoryTerms], covers: dict[str, str], facts: dict[str, ProductFacts]
) -> list[dict[str, str]]:
    """The top categories, each with the picture of a product in it or below it."""
    tiles = []
    for shelf in shelves:
        if shelf.parent_id is not None:
            continue
        cover = next((covers[key] for key in _subtree(shelf.id, shelves) if key in covers), None)
        product = facts.get(cover) if cover else None
        if product:
            picture = picture_url(product.product_id, product.picture)
            tiles.append({"id": shelf.id, "title": shelf.title, "picture": picture})
    return tiles


def _subtree(category_id: str, shelves: list[CategoryTerms]) -> list[str]:
    """The category and all below it, nearest first."""
    found = [category_id]
    for key in found:
        found += [shelf.id for shelf in shelves if shelf.parent_id == key and shelf.id not in found]
    return found


def category_steps(
    category_id: str | None, by_id: dict[str, CategoryTerms]
) -> list[dict[str, str]]:
    """The breadcrumb down to a category, each step a link."""
    steps: list[dict[str, str]] = []
    while category_id in by_id and len(steps) < len(by_id):
        shelf = by_id[category_id]
        steps.insert(0, {"title": shelf.title, "url": f"/categories/{shelf.id}"})
        category_id = shelf.parent_id
    return steps
