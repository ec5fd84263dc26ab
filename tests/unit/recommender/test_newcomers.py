"""Products newer than the model: suggested where their content fits, and nowhere else."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from recommender.bundle import Bundle
from recommender.content import Content
from recommender.item_content import BANDS
from recommender.lstm_step import Lstm
from recommender.prepared import Prepared
from recommender.protocol import History, ReasonKind, Step, Suggested, Surface
from recommender.serving import Suggester
from recommender.training import counts_only
from tests.unit.recommender.conftest import NEW_MAT, NEW_THING, by_letters, placed
from tests.unit.recommender.shop import BEGIN, item_frame

ON_SALE: dict[str, str | None] = {"a-new-mat": "kind 1", "new-thing": "kind 9"}


@pytest.fixture(scope="module")
def catalogue() -> pl.DataFrame:
    old = item_frame().with_columns(title=pl.col("product"))
    return pl.concat([old, pl.DataFrame([NEW_MAT, NEW_THING], old.schema)])


@pytest.fixture
def suggester(prepared: Prepared) -> Suggester:
    return Suggester(counts_only(prepared), version="test")


def after(suggester: Suggester, *products: str) -> list[Suggested]:
    steps = [Step(one, "view", BEGIN + timedelta(seconds=at)) for at, one in enumerate(products)]
    return suggester.suggest(History(tuple(steps)), k=30, surface=Surface.HOME)


def ranks(shown: list[Suggested]) -> dict[str, int]:
    return {one.product_id: one.rank for one in shown}


def test_a_newcomer_is_suggested_where_its_content_fits_and_not_elsewhere(
    suggester: Suggester, catalogue: pl.DataFrame
) -> None:
    assert "a-new-mat" not in ranks(after(suggester, "tent"))
    suggester.place(ON_SALE, catalogue, by_letters)
    assert ranks(after(suggester, "tent"))["a-new-mat"] <= 5
    assert ranks(after(suggester, "tent", "mat", "stove")).get("a-new-mat", 99) > 8
    assert "new-thing" not in ranks(after(suggester, "tent"))


def test_its_reason_says_that_it_is_new_and_counts_nobody(
    suggester: Suggester, catalogue: pl.DataFrame
) -> None:
    suggester.place(ON_SALE, catalogue, by_letters)
    reasons = {one.product_id: one.reason for one in after(suggester, "tent")}
    assert reasons["a-new-mat"].kind is ReasonKind.NEW
    assert reasons["a-new-mat"].people is None
    assert ReasonKind.NEW not in {reasons[item].kind for item in reasons if item != "a-new-mat"}


def test_looking_at_a_newcomer_leads_on_by_its_category(
    suggester: Suggester, catalogue: pl.DataFrame
) -> None:
    suggester.place(ON_SALE, catalogue, by_letters)
    shown = after(suggester, "tent", "a-new-mat")
    assert next(one for one in shown if one.product_id == "stove").shares["content"] > 0


def test_what_is_known_of_the_others_stays(bundle: Bundle, grown: Bundle) -> None:
    known = len(bundle.vocabulary)
    assert grown.vocabulary.items[:known] == bundle.vocabulary.items
    np.testing.assert_array_equal(grown.facts.category[:known], bundle.facts.category)
    np.testing.assert_array_equal(grown.facts.brand[:known], bundle.facts.brand)


def test_the_network_embeds_it_by_its_category_brand_price_and_title(
    bundle: Bundle, grown: Bundle
) -> None:
    network = grown.source("lstm")
    assert isinstance(network, Lstm)
    weights, facts = network.weights, grown.facts
    new = grown.vocabulary.get("a-new-mat")
    categories = int(bundle.facts.category.max()) + 1
    brands = int(bundle.facts.brand.max()) + 1
    band = min(int(facts.place[new] * BANDS), BANDS - 1)
    said = weights.kinds[1 + facts.category[new]]
    said = said + weights.kinds[1 + categories + facts.brand[new]]
    said = said + weights.kinds[1 + categories + brands + band]
    said = said + by_letters(["mat"])[0] @ weights.text
    np.testing.assert_allclose(weights.item[new + 1], said, rtol=1e-4)
    assert weights.seen[new]
    assert not weights.seen[grown.vocabulary.get("new-thing")]


def test_a_network_that_was_trained_without_a_catalogue_stays_silent_about_it(
    bundle: Bundle, lstm: Lstm
) -> None:
    bare = Lstm(replace(lstm.weights, kinds=np.zeros((0, 0), np.float32)))
    assert not bare.grown(placed(bundle, NEW_MAT)).weights.seen[-1]


def test_it_takes_its_brand_and_its_place_by_price(bundle: Bundle) -> None:
    dear: dict[str, Any] = {**NEW_MAT, "product": "dear", "amount": 99_999}
    cheap: dict[str, Any] = {**NEW_MAT, "product": "cheap", "amount": 1}
    other: dict[str, Any] = {**NEW_MAT, "product": "other", "brand": "never heard of"}
    facts = placed(bundle, dear, cheap, other).facts
    assert facts.place[-3:-1].tolist() == [1.0, 0.0]
    known = bundle.facts.brand[bundle.vocabulary.index["bike"]]
    assert item_frame().row(by_predicate=pl.col("product") == "bike", named=True)["brand"] == (
        "brand 0"
    )
    assert facts.brand[-3:].tolist() == [known, known, bundle.facts.brand.max() + 1]


def test_one_that_came_later_leaves_the_first_where_it_is(
    suggester: Suggester, catalogue: pl.DataFrame
) -> None:
    first = {"new-thing": ON_SALE["new-thing"]}
    suggester.place(first, catalogue, by_letters)
    at = suggester.vocabulary.index["new-thing"]
    assert not suggester.unplaced(first)
    assert suggester.unplaced(ON_SALE)
    suggester.place(ON_SALE, catalogue, by_letters)
    assert not suggester.unplaced(ON_SALE)
    assert suggester.vocabulary.index["new-thing"] == at


def test_one_that_moved_to_another_category_is_placed_anew(
    suggester: Suggester, catalogue: pl.DataFrame
) -> None:
    suggester.place(ON_SALE, catalogue, by_letters)
    moved = {**ON_SALE, "new-thing": "kind 1"}
    assert suggester.unplaced(moved)
    category = pl.when(pl.col("product") == "new-thing").then(pl.lit("kind 1"))
    changed = catalogue.with_columns(category=category.otherwise(pl.col("category")))
    suggester.place(moved, changed, by_letters)
    assert "new-thing" in ranks(after(suggester, "tent"))


def test_one_that_was_deleted_is_no_error(suggester: Suggester, catalogue: pl.DataFrame) -> None:
    suggester.place(ON_SALE, catalogue, by_letters)
    left = catalogue.filter(pl.col("product") != "a-new-mat")
    suggester.place({"new-thing": "kind 2"}, left, by_letters)
    assert "a-new-mat" in suggester.vocabulary.index
    content = suggester.in_force.bundle.source(Content.name)
    assert isinstance(content, Content)
    assert content.facts.category[suggester.vocabulary.index["a-new-mat"]] == -1
