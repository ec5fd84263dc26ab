"""Products without a kind: their name tells what to draw, or they get an emblem of their own."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.pictures import DRAWINGS, picture
from web.pictures.emblem import initials_of
from web.pictures.recognise import colour_of, kind_of


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("Red Retrospot Mug", "mug"),
        ("Lunch Bag Red Spotty", "tote"),
        ("Set of 3 Cake Tins Pantry Design", "tea tin"),
        ("Jam Jar With Pink Lid", "jar"),
        ("Dinosaur Lunch Box With Cutlery", "lunch box"),
        ("MINI JIGSAW PURDEY", "puzzle"),
        ("Men's Waterproof Rain Jacket", "rain jacket"),
        ("Slim Fit Jeans", "jeans"),
        ("Vintage Playing Cards", "cards"),
    ],
)
def test_the_last_thing_named_is_drawn(title: str, kind: str) -> None:
    assert kind_of((title,), kinds=DRAWINGS) == kind


@pytest.mark.parametrize(
    "title",
    [
        "White Hanging Heart T-Light Holder",
        "Tea Time Oven Glove",
        "Robin Christmas Card",
        "Pin Cushion Babushka Red",
        "Wall Art Village Show",
        "Hot Water Bottle",
        "Mug Tree",
        "",
        "12345",
    ],
)
def test_what_is_another_thing_or_tells_nothing_is_not_guessed(title: str) -> None:
    assert kind_of((title,), kinds=DRAWINGS) is None


def test_the_category_tells_where_the_title_does_not() -> None:
    assert kind_of(("Lakeside No. 4", "Mugs"), kinds=DRAWINGS) == "mug"


def test_the_colour_in_a_name_is_found() -> None:
    assert colour_of("RED RETROSPOT MUG") == "red"
    assert colour_of("Retrospot mug") is None


@pytest.mark.parametrize(
    ("title", "initials"),
    [("Regency cakestand 3 tier", "RC"), ("Doormat", "D"), ("36 <b>", ""), ("été long", "ÉL")],
)
def test_initials_are_those_of_the_first_two_words(title: str, initials: str) -> None:
    assert initials_of(title) == initials


@given(title=st.text(max_size=40), category=st.text(max_size=20))
def test_any_name_ends_in_a_well_formed_picture(title: str, category: str) -> None:
    kind = kind_of((title, category), kinds=DRAWINGS) or ""
    svg = picture(kind, colour_of(title) or "", seed=title, initials=initials_of(title))
    ElementTree.fromstring(svg)  # noqa: S314 our own
    assert "nan" not in svg


def test_emblems_of_a_shelf_differ_and_stay_the_same() -> None:
    drawn = [picture("", "", seed=f"p{n}", initials="AB") for n in range(60)]
    assert len(set(drawn)) > 55
    assert drawn[0] == picture("", "", seed="p0", initials="AB")
    assert max(len(svg.encode()) for svg in drawn) < 40_000
