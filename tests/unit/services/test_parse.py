"""What a line in the search box means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.reads.catalogue import CatalogueTerms, CategoryTerms
from services.parse import Vocabulary, parse
from services.query import Attribute, SearchQuery, Sort

TERMS = CatalogueTerms(
    version="1",
    categories=(
        CategoryTerms("jackets", "Jackets", ("coat", "raincoat")),
        CategoryTerms("tents", "Tents", ("shelter",)),
    ),
    brands=("Skaldvik", "Wrenfold"),
    colours=("black", "forest green", "navy"),
    sizes=("S", "M", "42"),
    materials=("merino wool", "leather"),
    products=(),
)
VOCABULARY = Vocabulary.of(
    TERMS, features=("waterproof",), ordinary_words=frozenset({"jockey", "tense"})
)


def read(text: str) -> SearchQuery:
    """The line, read."""
    return parse(text, VOCABULARY, currency="EUR")


def test_category_feature_price_and_negation_in_one_line() -> None:
    query = read("waterproof jackets under 120 but not black")
    assert query.include == {
        Attribute.CATEGORY: ("jackets",),
        Attribute.FEATURE: ("waterproof",),
    }
    assert query.exclude == {Attribute.COLOUR: ("black",)}
    assert (query.price_min, query.price_max) == (None, 12_000)


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("under 50", (None, 5_000)),
        ("up to €49.90", (None, 4_990)),
        ("between 50 and 80 euros", (5_000, 8_000)),
        ("80-50 eur", (5_000, 8_000)),
        ("over 100", (10_000, None)),
        ("more than 20 less than 30", (2_000, 3_000)),
        ("tents", (None, None)),
    ],
)
def test_price_bounds(text: str, bounds: tuple[int | None, int | None]) -> None:
    query = read(text)
    assert (query.price_min, query.price_max) == bounds


def test_one_negation_reaches_a_list() -> None:
    assert read("jackets not black or navy").exclude == {Attribute.COLOUR: ("black", "navy")}


def test_longest_name_wins() -> None:
    assert read("forest green coat").include == {
        Attribute.COLOUR: ("forest green",),
        Attribute.CATEGORY: ("jackets",),
    }


def test_a_slip_of_the_finger_is_survived() -> None:
    assert read("jakcet by skaldvick").include == {
        Attribute.CATEGORY: ("jackets",),
        Attribute.BRAND: ("Skaldvik",),
    }


def test_an_ordinary_word_is_no_slip() -> None:
    assert read("tense").include == {}


def test_sizes_need_the_word() -> None:
    assert read("coat size m").include[Attribute.SIZE] == ("M",)
    assert Attribute.SIZE not in read("m").include


@pytest.mark.parametrize(
    ("text", "sort"),
    [
        ("cheapest tents", Sort.PRICE_ASC),
        ("newest tents", Sort.NEWEST),
        ("best-selling tents", Sort.POPULAR),
        ("most expensive tents", Sort.PRICE_DESC),
        ("tents", Sort.RELEVANCE),
    ],
)
def test_order(text: str, sort: Sort) -> None:
    assert read(text).sort is sort


@given(st.text(max_size=300))
def test_no_line_of_text_is_an_error(text: str) -> None:
    query = read(text)
    assert SearchQuery.from_dict(query.to_dict()) == query
