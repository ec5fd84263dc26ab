"""docs/demo-shop.md counts what there is."""

import re
from pathlib import Path

from demo.catalogue import SHOP_FOLDER, load_catalogue, read_yaml
from web.pictures import DRAWINGS

TEXT = " ".join((Path(__file__).parents[3] / "docs/demo-shop.md").read_text("utf-8").split())


def told(pattern: str) -> list[int]:
    found = re.search(pattern, TEXT)
    assert found, pattern
    return [int(number) for number in found.groups()]


def test_the_document_counts_products_brands_and_categories_right() -> None:
    catalogue = load_catalogue()
    brands = {product.brand for product in catalogue.products}
    assert told(r"(\d+) products of (\d+) brands in (\d+) categories") == [
        len(catalogue.products),
        len(brands),
        len(catalogue.categories),
    ]


def test_the_document_counts_questions_and_promotions_right() -> None:
    questions = sum(len(topic["entries"]) for topic in read_yaml(SHOP_FOLDER / "faq.yml"))
    promotions = len(read_yaml(SHOP_FOLDER / "promotions.yml"))
    assert told(r"(\d+) answered questions, (\d+) promotions") == [questions, promotions]


def test_the_document_counts_drawings_trails_and_bundles_right() -> None:
    habits = read_yaml(SHOP_FOLDER / "habits.yml")
    drawings = len(set(DRAWINGS.values()))
    assert told(r"(\d+) kinds with (\d+) drawings") == [len(DRAWINGS), drawings]
    assert told(r"(\d+) ordered \*\*trails") == [len(habits["trails"])]
    assert told(r"(\d+) \*\*bundles") == [len(habits["bundles"])]
