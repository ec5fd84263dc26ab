"""What is found in shoppers' sentences."""

import pytest
from conftest import NOW, TERMS

from nlu.spelling import Speller
from nlu.understanding import EMPTY_TERMS, Understanding

BLACK, NOT_BLACK = ("colour", "Black"), ("colour", "Black", "exclude")
JACKETS, TENTS, BOOTS = ("category", "jackets"), ("category", "tents"), ("category", "boots")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "show me waterproof jackets under 120 but not black",
            [("feature", "waterproof"), JACKETS, ("price_max", 12000), NOT_BLACK],
        ),
        ("rain coats in forest green", [JACKETS, ("colour", "Forest green")]),
        ("a tent by north fell", [TENTS, ("brand", "North Fell")]),
        ("the pour over dripper", [("product", "p1")]),
        ("do you have Fell Stoves?", [("product", "p2")]),
        ("something in cotton", [("material", "cotton")]),
        ("hello there", []),
    ],
)
def test_the_catalogues_words_are_found(read, text, expected) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "excluded", "wanted"),
    [
        ("not black", {"Black"}, set()),
        ("no leather, waterproof boots", {"leather"}, {"waterproof", "boots"}),
        ("anything but black or navy", {"Black", "navy"}, set()),
        ("jackets, not black, brown or grey", {"Black", "brown", "grey"}, {"jackets"}),
        ("boots without leather and wool", {"leather", "wool"}, {"boots"}),
        ("leather-free boots", {"leather"}, {"boots"}),
        ("not black jackets", {"Black"}, {"jackets"}),
        ("I don't want leather but wool is fine", {"leather"}, {"wool"}),
        ("everything except Alder", {"Alder"}, set()),
        ("neither black nor navy tents", {"Black", "navy"}, {"tents"}),
        ("why not black?", set(), {"Black"}),
        ("don't you have black jackets", set(), {"Black", "jackets"}),
        ("I don't mind black", set(), {"Black"}),
        ("not only black", set(), {"Black"}),
        ("not bad, a black tent please", set(), {"Black", "tents"}),
    ],
)
def test_what_is_not_wanted_is_told_from_what_is(read, text, excluded, wanted) -> None:
    found = read(text)
    assert {item[1] for item in found if len(item) == 3} == excluded
    assert {item[1] for item in found if len(item) == 2} == wanted


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("under 120", None, 12000),
        ("below €49.90", None, 4990),
        ("up to 1,200 euros", None, 120000),
        ("80 max", None, 8000),
        ("nothing over 50", None, 5000),
        ("not more than fifty", None, 5000),
        ("cheaper than 80", None, 8000),
        ("my budget is a hundred and fifty", None, 15000),
        ("between 50 and 80", 5000, 8000),
        ("from 30 to 60 euros", 3000, 6000),
        ("€30-€60", 3000, 6000),
        ("forty to sixty euros", 4000, 6000),
        ("at least 40 euros", 4000, None),
        ("over 200", 20000, None),
        ("around 100", 8000, 12000),
        ("size 42", None, None),
        ("a 2 person tent", None, None),
        ("over 3 days", None, None),
    ],
)
def test_price_bounds_are_read_in_minor_units(read, text, low, high) -> None:
    found = {item[0]: item[1] for item in read(text)}
    assert (found.get("price_min"), found.get("price_max")) == (low, high)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("add the second one", [("ordinal", 2)]),
        ("the 3rd", [("ordinal", 3)]),
        ("remove the last one", [("ordinal", -1)]),
        ("number two please", [("ordinal", 2)]),
        ("first of all", []),
        ("wait a second", []),
        ("make it 3", [("quantity", 3)]),
        ("two of them", [("quantity", 2)]),
        ("I want 4 tents", [("quantity", 4), TENTS]),
        ("a couple of those", [("quantity", 2)]),
        ("5", [("quantity", 5)]),
        ("a 2 person tent", [TENTS]),
    ],
)
def test_which_and_how_many(read, text, expected) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("in size M", ["M"]),
        ("size M or L", ["M", "L"]),
        ("do you have it in medium", ["M"]),
        ("in a 42 please", ["42"]),
        ("XL", ["XL"]),
        ("I'm hungry", []),
        ("under 42", []),
    ],
)
def test_sizes(read, text, sizes) -> None:
    assert [item[1] for item in read(text) if item[0] == "size"] == sizes


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("last week", "2026-11-15T23:00", "2026-11-22T23:00"),
        ("yesterday", "2026-11-22T23:00", "2026-11-23T23:00"),
        ("today", "2026-11-23T23:00", "2026-11-24T23:00"),
        ("in October", "2026-09-30T22:00", "2026-10-31T23:00"),
        ("last month", "2026-09-30T22:00", "2026-10-31T23:00"),
        ("in December", "2025-11-30T23:00", "2025-12-31T23:00"),
        ("3 days ago", "2026-11-20T23:00", "2026-11-21T23:00"),
        ("in the last 3 days", "2026-11-20T23:00", "2026-11-24T23:00"),
        ("on Monday", "2026-11-22T23:00", "2026-11-23T23:00"),
        ("since Monday", "2026-11-22T23:00", "2026-11-24T23:00"),
        ("on 3 October", "2026-10-02T22:00", "2026-10-03T22:00"),
        ("last weekend", "2026-11-20T23:00", "2026-11-22T23:00"),
    ],
)
def test_periods_are_days_of_the_shops_zone(read, text, since, until) -> None:
    [(entity, value)] = read(f"what did I buy {text}")
    assert entity == "period"
    assert value["since"].startswith(since)
    assert value["until"].startswith(until)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("apply SUMMER10", ["SUMMER10"]),
        ("use code welcome5 please", ["WELCOME5"]),
        ("my voucher is MOSS", ["MOSS"]),
        ("my code does not work", []),
        ("I have a coupon", []),
    ],
)
def test_coupon_codes(read, text, codes) -> None:
    assert [item[1] for item in read(text) if item[0] == "coupon_code"] == codes


@pytest.mark.parametrize(
    ("text", "sort"),
    [
        ("the cheapest tent", "price_asc"),
        ("something less expensive", "price_asc"),
        ("best sellers", "popular"),
        ("newest first", "newest"),
        ("from high to low", "price_desc"),
    ],
)
def test_sort_words(read, text, sort) -> None:
    assert ("sort", sort) in read(text)


def test_misspelt_words_are_read_and_keep_their_place(understanding: Understanding) -> None:
    text = "watrproof jakets undr 120 not blck"
    found = understanding.read(text, now=NOW).original
    assert [(span.entity, text[span.start : span.end], span.role) for span in found] == [
        ("feature", "watrproof", ""),
        ("category", "jakets", ""),
        ("price_max", "undr 120", ""),
        ("colour", "blck", "exclude"),
    ]


@pytest.mark.parametrize("word", ["store", "boats", "wood", "tend", "cat", "loot", "Alter"])
def test_ordinary_words_are_not_taken_for_misspellings(understanding, word) -> None:
    assert understanding.read(f"the {word} is nice", now=NOW).text == f"the {word} is nice"


def test_a_word_between_two_candidates_is_left_alone() -> None:
    speller = Speller({"bettle", "bottle"}, ordinary=frozenset())
    assert speller.correct("bxttle") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\ud83d",
        "🧥" * 300,
        "not " * 500,
        "one hundred and " * 120,
        "2 " * 900,
        "(((" * 300,
        "x" * 5000,
        "€" * 2000,
        "\x00\n\t",
    ],
)
def test_any_text_is_read_without_failing(understanding: Understanding, text: str) -> None:
    understanding.read(text, now=NOW)


def test_without_a_catalogue_prices_are_still_read(understanding: Understanding) -> None:
    bare = Understanding(EMPTY_TERMS, nlp=understanding._nlp, zone=understanding._zone)
    assert [span.entity for span in bare.read("tents under 50", now=NOW).found] == ["price_max"]


def test_malformed_terms_are_refused(understanding: Understanding) -> None:
    with pytest.raises((KeyError, TypeError, AttributeError)):
        Understanding({"oops": TERMS}, nlp=understanding._nlp, zone=understanding._zone)
