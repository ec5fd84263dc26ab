"""How a search changes with each wish."""

from hypothesis import given
from hypothesis import strategies as st

from services.query import Attribute, SearchQuery, Sort

VALUES = st.dictionaries(
    st.sampled_from(list(Attribute)),
    st.lists(
        st.sampled_from(["red", "blue", "m", "wool", "acme"]), min_size=1, max_size=2, unique=True
    ).map(tuple),
    max_size=3,
)
PRICES = st.none() | st.integers(0, 100_000)
QUERIES = st.builds(
    SearchQuery,
    text=st.text(max_size=20),
    include=VALUES,
    exclude=VALUES,
    price_min=PRICES,
    price_max=PRICES,
    sort=st.sampled_from(list(Sort)),
)


def colours(*values: str) -> SearchQuery:
    """A wish for colours."""
    return SearchQuery(include={Attribute.COLOUR: values})


@given(QUERIES)
def test_a_query_survives_the_conversation_store(query: SearchQuery) -> None:
    assert SearchQuery.from_dict(query.to_dict()) == query


@given(QUERIES, QUERIES)
def test_nothing_is_ever_both_wanted_and_unwanted(first: SearchQuery, second: SearchQuery) -> None:
    change = SearchQuery(include=second.include, exclude={})
    refined = first.refined(change)
    for attribute, values in change.include.items():
        assert not set(values) & set(refined.exclude.get(attribute, ()))


@given(QUERIES, QUERIES)
def test_bounds_never_contradict_each_other_after_one_new_bound(
    first: SearchQuery, second: SearchQuery
) -> None:
    refined = first.refined(SearchQuery(price_max=second.price_max))
    if second.price_max is not None and refined.price_min is not None:
        assert refined.price_min <= second.price_max


def test_another_colour_replaces_the_first() -> None:
    assert colours("red").refined(colours("blue")) == colours("blue")


def test_also_makes_alternatives() -> None:
    assert colours("red").refined(colours("blue"), also=True) == colours("red", "blue")


def test_what_is_no_longer_wanted_leaves_the_words_too() -> None:
    query = SearchQuery(text="red jackets", include={Attribute.COLOUR: ("red",)})
    assert query.refined(colours("blue")).text == "jackets"


def test_another_kind_of_thing_starts_words_and_sizes_anew() -> None:
    boots = SearchQuery(
        text="hiking boots",
        include={
            Attribute.CATEGORY: ("footwear",),
            Attribute.SIZE: ("42",),
            Attribute.COLOUR: ("brown",),
        },
        price_max=20_000,
    )
    refined = boots.refined(SearchQuery(text="jackets", include={Attribute.CATEGORY: ("jackets",)}))
    assert refined == SearchQuery(
        text="jackets",
        include={Attribute.CATEGORY: ("jackets",), Attribute.COLOUR: ("brown",)},
        price_max=20_000,
    )


def test_dropping_an_attribute_keeps_what_is_excluded() -> None:
    query = SearchQuery(
        include={Attribute.COLOUR: ("red",)}, exclude={Attribute.COLOUR: ("black",)}
    )
    assert query.without("colour") == SearchQuery(exclude={Attribute.COLOUR: ("black",)})
