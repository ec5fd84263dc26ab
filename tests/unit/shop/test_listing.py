"""What an address asks for, and how sizes are sorted."""

from urllib.parse import parse_qsl

from hypothesis import given
from hypothesis import strategies as st

from web.shop.listing import SORTS, Wanted, address, read_wanted, size_key

texts = st.text(
    st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=20
).map(str.strip).filter(bool)  # fmt: skip
values = st.lists(texts, max_size=3, unique=True).map(tuple)
amounts = st.none() | st.integers(0, 10_000_000)


@given(
    st.builds(
        Wanted,
        query=st.just("") | texts,
        brand=values,
        colour=values,
        size=values,
        price_min=amounts,
        price_max=amounts,
        in_stock=st.booleans(),
        reduced=st.booleans(),
        sort=st.sampled_from(SORTS),
        page=st.integers(1, 10_000),
    ).filter(lambda w: w.price_min is None or w.price_max is None or w.price_min <= w.price_max)
)
def test_an_address_says_all_that_was_picked(wanted: Wanted) -> None:
    path = address("/categories", wanted, major=lambda amount: f"{amount / 100:.2f}")
    query = path.partition("?")[2]
    assert read_wanted(parse_qsl(query, strict_parsing=bool(query)), currency="EUR") == wanted


@given(st.lists(st.tuples(st.text(max_size=10), st.text(max_size=300)), max_size=20))
def test_whatever_an_address_says_something_can_be_shown(pairs: list[tuple[str, str]]) -> None:
    assert read_wanted(pairs, currency="EUR").page >= 1


def test_sizes_are_sorted_as_people_sort_them() -> None:
    sizes = ["XL", "10 l", "S", "2 person", "One size", "M", "44", "38"]
    assert sorted(sizes, key=size_key) == [
        "S", "M", "XL", "2 person", "10 l", "38", "44", "One size"
    ]  # fmt: skip
