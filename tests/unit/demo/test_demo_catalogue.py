"""What the demo shop sells and answers is sound, varied and enough to talk about."""

import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

from demo.catalogue import SHOP_FOLDER, Catalogue, CatalogueError, DemoProduct, load_catalogue


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def sentences(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"(?<=[.!?])\s", text) if part.strip()]


def jackets(catalogue: Catalogue) -> list[DemoProduct]:
    return [p for p in catalogue.products if p.category == "jackets" and p.facts.get("waterproof")]


def buyable_colours(product: DemoProduct, *, below: int) -> set[str]:
    return {v.colour for v in product.variants if v.stock and v.amount < below}


def test_there_are_over_400_products_in_at_least_14_well_filled_categories(
    catalogue: Catalogue,
) -> None:
    sizes = Counter(product.category for product in catalogue.products)
    assert len(catalogue.products) >= 450
    assert len(sizes) >= 14
    assert min(sizes.values()) >= 20
    assert set(sizes) == {category.id for category in catalogue.categories}


def test_about_thirty_brands_sell_more_than_one_product_each(catalogue: Catalogue) -> None:
    brands = Counter(product.brand for product in catalogue.products)
    assert len(brands) >= 30
    assert min(brands.values()) >= 2


def test_every_category_is_known_by_several_words(catalogue: Catalogue) -> None:
    words = [word for category in catalogue.categories for word in category.synonyms]
    assert min(len(category.synonyms) for category in catalogue.categories) >= 5
    jacket_words = next(c.synonyms for c in catalogue.categories if c.id == "jackets")
    assert {"coat", "parka", "raincoat", "anorak"} <= set(jacket_words)
    assert all(word == word.lower().strip() for word in words)


def test_every_description_is_two_sentences_of_its_own(catalogue: Catalogue) -> None:
    texts = [product.description for product in catalogue.products]
    assert all(2 <= len(sentences(text)) <= 4 for text in texts)
    assert all(60 <= len(text) <= 320 for text in texts)
    each = Counter(sentence for text in texts for sentence in sentences(text))
    assert [sentence for sentence, count in each.items() if count > 1] == []
    assert not any("lorem" in text.lower() for text in texts)


def test_descriptions_begin_in_many_ways(catalogue: Catalogue) -> None:
    openings = Counter(" ".join(p.description.split()[:2]) for p in catalogue.products)
    assert openings.most_common(1)[0][1] <= len(catalogue.products) * 0.04


def test_prices_end_as_prices_do_and_reductions_are_reductions(catalogue: Catalogue) -> None:
    amounts = [variant.amount for product in catalogue.products for variant in product.variants]
    assert all(amount > 0 and amount % 100 in {0, 50, 90} for amount in amounts)
    reduced = [product for product in catalogue.products if product.list_amount]
    assert len(reduced) >= 25
    assert all(product.list_amount > product.amount for product in reduced if product.list_amount)


def test_some_variants_are_nearly_gone_and_some_are_gone(catalogue: Catalogue) -> None:
    stock = [variant.stock for product in catalogue.products for variant in product.variants]
    assert min(stock) == 0
    assert sum(pieces == 0 for pieces in stock) >= 50
    assert sum(0 < pieces <= 3 for pieces in stock) >= 50
    assert any(all(v.stock == 0 for v in product.variants) for product in catalogue.products)


def test_a_variant_id_fits_into_a_chat_payload(catalogue: Catalogue) -> None:
    payloads = [
        f'/add_to_cart{{"variant":"{variant.id}"}}'
        for product in catalogue.products
        for variant in product.variants
    ]
    assert max(len(payload.encode()) for payload in payloads) <= 64


def test_waterproof_jackets_under_120_but_not_black_exist_beside_black_and_dearer_ones(
    catalogue: Catalogue,
) -> None:
    cheap = [buyable_colours(product, below=12_000) for product in jackets(catalogue)]
    assert sum(bool(colours - {"black"}) for colours in cheap) >= 6
    assert any(colours == {"black"} for colours in cheap)
    assert sum(product.amount >= 12_000 for product in jackets(catalogue)) >= 3


def test_something_to_brew_coffee_by_hand_exists(catalogue: Catalogue) -> None:
    drippers = [p for p in catalogue.products if p.kind in {"dripper", "glass dripper"}]
    assert len(drippers) >= 3
    assert any("by hand" in product.description for product in drippers)


def test_the_habits_name_only_kinds_and_categories_that_are_sold(catalogue: Catalogue) -> None:
    habits = yaml.safe_load((SHOP_FOLDER / "habits.yml").read_text(encoding="utf-8"))
    kinds = {product.kind for product in catalogue.products}
    named = {kind for trail in habits["trails"].values() for stage in trail for kind in stage}
    named |= {kind for bundle in habits["bundles"] for kind in bundle}
    assert named <= kinds
    assert len(habits["trails"]) >= 12
    assert set(habits["peak_month"]) == {category.id for category in catalogue.categories}


def test_the_faq_has_forty_answers_on_every_topic_a_shopper_asks_about() -> None:
    topics = yaml.safe_load((SHOP_FOLDER / "faq.yml").read_text(encoding="utf-8"))
    entries = [entry for topic in topics for entry in topic["entries"]]
    assert len(entries) >= 40
    assert len({entry["id"] for entry in entries}) == len(entries)
    assert len({entry["answer"] for entry in entries}) == len(entries)
    assert all(len(entry["question"]) <= 300 for entry in entries)
    assert {"Delivery", "Returns", "Payment", "Products"} <= {topic["topic"] for topic in topics}


def test_the_promotions_cover_every_kind_and_every_refusal() -> None:
    rows = yaml.safe_load((SHOP_FOLDER / "promotions.yml").read_text(encoding="utf-8"))
    assert {row["kind"] for row in rows} == {"percent", "amount", "free_delivery"}
    assert any(row.get("minimum") for row in rows)
    assert any(row.get("category") for row in rows)
    assert any(row["until_day"] is not None and row["until_day"] < 0 for row in rows)
    assert any(row["from_day"] > 0 for row in rows)
    assert sum(row["from_day"] <= 0 and (row["until_day"] or 1) > 0 for row in rows) >= 5


def write_category(folder: Path, products: str) -> Path:
    (folder / "catalogue").mkdir()
    text = f"id: tents\ntitle: Tents\nsynonyms: [tent]\nproducts:\n{products}"
    (folder / "catalogue" / "tents.yml").write_text(text, encoding="utf-8")
    return folder


TENT = (
    "- {id: t1, title: Tent, brand: Alder, kind: tent dome, price: 10.00, text: A tent., "
    "stock: {red: [3]}}\n"
)


@pytest.mark.parametrize(
    ("products", "complaint"),
    [
        (TENT + TENT, "product id given twice: t1"),
        (TENT.replace("price: 10.00, ", ""), "t1: KeyError"),
        (TENT.replace("red: [3]", "red: [3, 4]"), "t1: ValueError"),
        (TENT.replace("price: 10.00", "price: 10.00, was: 9.00"), "must be above it"),
    ],
)
def test_a_broken_catalogue_file_is_refused_by_name(
    tmp_path: Path, products: str, complaint: str
) -> None:
    with pytest.raises(CatalogueError, match=re.escape(complaint)):
        load_catalogue(write_category(tmp_path, products))
