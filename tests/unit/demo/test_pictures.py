"""Every product has a picture of its own that a browser shows safely."""

import re
from xml.etree import ElementTree

import pytest

from demo.catalogue import Catalogue, load_catalogue
from web.pictures import DRAWINGS, picture
from web.pictures.pen import COLOURS


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="module")
def drawn(catalogue: Catalogue) -> list[str]:
    return [
        picture(product.kind, variant.colour, seed=product.id)
        for product in catalogue.products
        for variant in {v.colour: v for v in product.variants}.values()
    ]


def test_no_two_products_or_colours_look_the_same(drawn: list[str]) -> None:
    assert len(drawn) > 800
    assert len(set(drawn)) == len(drawn)


def test_every_picture_is_well_formed_small_and_without_script(drawn: list[str]) -> None:
    assert max(len(svg.encode()) for svg in drawn) < 8_000
    for svg in drawn:
        names = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(svg).iter()}  # noqa: S314 our own
        assert names <= {"svg", "g", "path", "rect", "ellipse", "clipPath", "text"}
        assert not re.search(r"\bon\w+=|href|nan|inf\b", svg)


def test_every_kind_and_colour_sold_is_known_to_the_drawings(catalogue: Catalogue) -> None:
    assert {product.kind for product in catalogue.products} <= set(DRAWINGS)
    colours = {variant.colour for product in catalogue.products for variant in product.variants}
    assert colours <= set(COLOURS)


def test_kinds_have_over_a_hundred_drawings_of_their_own() -> None:
    assert len(set(DRAWINGS.values())) >= 100


def test_a_picture_stays_the_same() -> None:
    assert picture("mug", "navy", seed="a") == picture("mug", "navy", seed="a")


def test_the_colour_and_the_seed_change_the_picture() -> None:
    first = picture("mug", "navy", seed="a")
    assert picture("mug", "red", seed="a") != first
    assert picture("mug", "navy", seed="b") != first


def test_an_unknown_kind_gives_an_emblem_with_escaped_initials() -> None:
    svg = picture("spaceship", "no such colour", seed="x", initials="<")
    assert "&lt;</text>" in svg
    ElementTree.fromstring(svg)  # noqa: S314 our own
