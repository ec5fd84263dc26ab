"""What the search finds, in which order, and how it follows the catalogue."""

import time
from datetime import timedelta

import pytest
from sqlalchemy import update

from core.clock import SimulatedClock
from db.engine import SessionFactory, read_session
from db.models import Price, Product, Variant
from services.query import Attribute, SearchQuery, Sort
from services.search import CatalogueSearch, SearchResult


@pytest.fixture
def find(search: CatalogueSearch, sessions: SessionFactory, clock: SimulatedClock) -> "Find":
    """Searches now."""
    return Find(search, sessions, clock)


class Find:
    """A search by query or words."""

    def __init__(
        self, search: CatalogueSearch, sessions: SessionFactory, clock: SimulatedClock
    ) -> None:
        self._search, self._sessions, self._clock = search, sessions, clock

    def __call__(self, query: SearchQuery | str, limit: int = 20) -> SearchResult:
        asked = SearchQuery(text=query) if isinstance(query, str) else query
        with read_session(self._sessions) as session:
            return self._search.search(session, asked, limit=limit, now=self._clock.now())


def where(**wanted: str) -> SearchQuery:
    """A query by conditions alone."""
    return SearchQuery(include={Attribute(key): (value,) for key, value in wanted.items()})


def test_colour_and_size_have_to_meet_in_one_variant(find: Find) -> None:
    assert find(where(colour="navy", size="L")).product_ids == ("jkt-rain",)
    black_in_l = find(where(colour="black", size="L"))
    assert black_in_l.relaxed == ("size",)


def test_the_variant_shown_meets_the_conditions(find: Find) -> None:
    hit = find(where(category="jackets", colour="navy")).hits[0]
    assert hit.variant.colour == "navy"
    assert hit.variant.stock > 0


def test_an_excluded_colour_leaves_products_that_have_others(find: Find) -> None:
    result = find(
        SearchQuery(
            include={Attribute.CATEGORY: ("jackets",)}, exclude={Attribute.COLOUR: ("black",)}
        )
    )
    assert "jkt-rain" in result.product_ids
    assert "jkt-black" not in result.product_ids
    assert all(hit.variant.colour != "black" for hit in result.hits)


def test_every_feature_wanted_is_there(find: Find) -> None:
    query = SearchQuery(include={Attribute.FEATURE: ("waterproof", "windproof")})
    assert find(query).product_ids == ("jkt-city",)


def test_what_is_sold_out_comes_after_all_else_in_every_order(find: Find) -> None:
    for sort in Sort:
        query = SearchQuery(include={Attribute.CATEGORY: ("jackets",)}, sort=sort)
        assert find(query).product_ids[-1] == "jkt-gone"


def test_prices_order_both_ways(find: Find) -> None:
    rising = SearchQuery(include={Attribute.CATEGORY: ("coffee",)}, sort=Sort.PRICE_ASC)
    falling = SearchQuery(include={Attribute.CATEGORY: ("coffee",)}, sort=Sort.PRICE_DESC)
    assert find(rising).product_ids == find(falling).product_ids[::-1]
    assert find(rising).product_ids[0] == "caf-filters"


def test_words_find_by_name_and_meaning_by_use(find: Find) -> None:
    assert find("gooseneck kettle").product_ids[0] == "caf-kettle"
    assert find("something to brew coffee by hand").product_ids[0] == "caf-dripper"


def test_the_cheapest_boots_are_boots(find: Find) -> None:
    query = SearchQuery(text="pegs", include={Attribute.CATEGORY: ("tents",)}, sort=Sort.PRICE_DESC)
    assert find(query).product_ids[0] == "tnt-pegs"


def test_nonsense_finds_nothing(find: Find) -> None:
    assert find("qzx wvvk jjj").hits == ()
    assert find("qzx wvvk jjj").total == 0


def test_a_price_changed_since_the_index_is_the_one_shown_and_judged(
    find: Find, sessions: SessionFactory
) -> None:
    under_30 = SearchQuery(include={Attribute.CATEGORY: ("coffee",)}, price_max=3_000)
    assert "caf-mug" in find(under_30).product_ids
    with sessions.begin() as session:
        session.execute(
            update(Price).where(Price.variant_id == "caf-mug-black").values(amount=4_500)
        )
    assert "caf-mug" not in find(under_30).product_ids
    shown = next(hit for hit in find(where(category="coffee")).hits if hit.product_id == "caf-mug")
    assert shown.variant.price.amount == 4_500


def test_stock_is_the_stock_of_this_moment(find: Find, sessions: SessionFactory) -> None:
    with sessions.begin() as session:
        session.execute(update(Variant).where(Variant.id == "caf-press-clear").values(stock=0))
    (hit,) = [h for h in find(where(category="coffee")).hits if h.product_id == "caf-press"]
    assert hit.variant.stock == 0


def test_a_new_name_is_found_soon_after_and_no_request_waits_for_it(
    find: Find, sessions: SessionFactory, clock: SimulatedClock
) -> None:
    with sessions.begin() as session:
        session.execute(
            update(Product)
            .where(Product.id == "caf-mug")
            .values(title="Zeppelin Beaker", updated_at=clock.now() + timedelta(seconds=1))
        )
    clock.advance(timedelta(seconds=3))
    deadline = time.monotonic() + 10
    while find("zeppelin beaker").product_ids[:1] != ("caf-mug",):
        assert time.monotonic() < deadline, "the index did not follow the catalogue"
        clock.advance(timedelta(seconds=3))
        time.sleep(0.05)


def test_an_empty_shop_is_no_error(
    sessions: SessionFactory, clock: SimulatedClock, embedder: object
) -> None:
    search = CatalogueSearch.build(sessions, now=clock.now(), embedder=embedder)  # type: ignore[arg-type]
    with read_session(sessions) as session:
        for query in (SearchQuery(), SearchQuery(text="tent"), where(colour="red")):
            assert search.search(session, query, limit=5, now=clock.now()).hits == ()
