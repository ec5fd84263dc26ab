"""Content: what goes with what by category, brand and price, whoever met it before."""

import numpy as np
import polars as pl
import pytest

from recommender.content import Content
from recommender.facts import Facts
from recommender.sequences import Batch, Vocabulary, build_log, encode
from tests.unit.recommender.shop import BEGIN, rows

ITEMS = ("mat-1", "mat-2", "mat-new", "mug-1", "mug-2", "mug-new", "tent-1", "tent-2")
BRANDS = {"1": 0, "2": 1, "new": 0}
CATEGORIES = {"mat": 0, "mug": 1, "tent": 2}
PRICES = [10.0, 90.0, 15.0, 10.0, 90.0, 15.0, 10.0, 90.0]


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary.of(ITEMS)


@pytest.fixture(scope="module")
def content(vocabulary: Vocabulary) -> Content:
    """From a tent on to a mat of the same brand and end of the price range; nobody met `new`."""
    facts = Facts.of(
        np.array([BRANDS[item.split("-")[1]] for item in ITEMS], np.int32),
        np.array([CATEGORIES[item.split("-")[0]] for item in ITEMS], np.int32),
        np.array(PRICES),
    )
    steps = [
        (f"s{number}", f"v{number}", f"{kind}-{1 + number % 2}", "view", 100.0 * number + minute)
        for number in range(200)
        for minute, kind in enumerate(("tent", "mat"))
    ]
    events: pl.DataFrame = rows(*steps)
    return Content.fit(build_log(events, vocabulary), facts)


def after(product: str, vocabulary: Vocabulary) -> Batch:
    return encode([(product, "view", BEGIN)], vocabulary)


def test_the_category_that_follows_is_the_likeliest(
    content: Content, vocabulary: Vocabulary
) -> None:
    scores = dict(zip(ITEMS, content.score(after("tent-1", vocabulary))[0], strict=True))
    assert scores["mat-1"] > 10 * scores["mug-1"]
    assert sum(scores.values()) == pytest.approx(1, rel=1e-4)


def test_a_product_nobody_met_is_suggested_where_it_fits(
    content: Content, vocabulary: Vocabulary
) -> None:
    scores = dict(zip(ITEMS, content.score(after("tent-1", vocabulary))[0], strict=True))
    assert scores["mat-new"] > 3 * scores["mat-2"]
    assert scores["mat-new"] > 10 * scores["mug-new"]


def test_a_product_without_a_category_is_unknown(vocabulary: Vocabulary) -> None:
    facts = Facts.of(np.zeros(8, np.int32), np.array([-1, *[0] * 7], np.int32), np.array(PRICES))
    log = build_log(
        rows(("a", "1", "mug-1", "view", 0), ("a", "1", "mug-2", "view", 1)), vocabulary
    )
    content = Content.fit(log, facts)
    assert np.isnan(content.score(after("mug-1", vocabulary))[0, 0])
    assert np.isnan(content.score(after("mat-1", vocabulary))).all()
