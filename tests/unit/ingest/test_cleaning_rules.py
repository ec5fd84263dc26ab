"""Each cleaning rule: what it sets aside and what it leaves."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.cleaning import (
    LARGEST_PRICE,
    LARGEST_QUANTITY,
    RHYTHM_VIEWS,
    ROBOT_VIEWS_A_DAY,
    ROBOT_VIEWS_A_MINUTE,
    RULES,
    Conditions,
    clean,
)
from ingest.formats import GENERAL_SERVICE_CODES
from ingest.steps import STEP_SCHEMA

NOW = datetime(2024, 6, 1, tzinfo=UTC)
CONDITIONS = Conditions(NOW, GENERAL_SERVICE_CODES)
GOOD: dict[str, Any] = {
    "name": "view_item",
    "at": NOW - timedelta(days=3),
    "visitor": "v",
    "product": "p",
    "quantity": 1,
    "amount": 500,
}


def steps(*rows: dict[str, Any]) -> pl.DataFrame:
    """Steps that are good but for what each row says; no two at the same time."""
    numbered = [
        {**GOOD, "row": n, "at": GOOD["at"] + timedelta(seconds=37 * n**2), **row}
        for n, row in enumerate(rows, start=1)
    ]
    filled = [{name: row.get(name) for name in STEP_SCHEMA} for row in numbered]
    return pl.DataFrame(filled, schema=STEP_SCHEMA)


def verdicts(frame: pl.DataFrame) -> dict[int, str]:
    """The rule that caught each row that was caught."""
    _, aside = clean(frame, CONDITIONS)
    return dict(aside.select("row", "rule").rows())


@pytest.mark.parametrize(
    ("bad", "rule"),
    [
        ({"product": None}, "missing_ids"),
        ({"visitor": None}, "missing_ids"),
        ({"product": "POSTAGE"}, "not_a_product"),
        ({"product": "test 1"}, "not_a_product"),
        ({"amount": 0}, "impossible_price"),
        ({"amount": -1}, "impossible_price"),
        ({"amount": LARGEST_PRICE + 1}, "impossible_price"),
        ({"quantity": 0}, "impossible_quantity"),
        ({"quantity": LARGEST_QUANTITY + 1}, "impossible_quantity"),
        ({"at": datetime(1970, 1, 1, tzinfo=UTC)}, "clock_error"),
        ({"at": NOW + timedelta(days=2)}, "clock_error"),
    ],
)
def test_an_impossible_row_is_set_aside_by_its_rule(bad: dict[str, Any], rule: str) -> None:
    assert verdicts(steps({}, bad, {})) == {2: rule}


@pytest.mark.parametrize(
    "fine",
    [
        {"amount": None},
        {"amount": LARGEST_PRICE},
        {"quantity": LARGEST_QUANTITY},
        {"product": "POSTCARD"},
        {"at": NOW + timedelta(hours=2)},
        {"name": "search", "product": None, "quantity": None},
    ],
)
def test_an_unusual_but_possible_row_is_kept(fine: dict[str, Any]) -> None:
    assert verdicts(steps({}, fine)) == {}


def test_of_equal_rows_the_first_is_kept() -> None:
    same = {"at": NOW - timedelta(days=1)}
    assert verdicts(steps(same, {**same, "product": "q"}, same, same)) == {
        3: "duplicate",
        4: "duplicate",
    }


def test_a_cancellation_needs_an_earlier_sale_to_the_same_customer() -> None:
    sale = {"name": "sale", "customer": "c", "at": NOW - timedelta(days=9)}
    back = {"name": "cancellation", "customer": "c", "at": NOW - timedelta(days=8)}
    frame = steps(
        sale,
        back,
        {**back, "customer": "d", "visitor": "w"},
        {**back, "product": "q"},
        {**back, "at": NOW - timedelta(days=10)},
        {**back, "customer": None, "visitor": "u"},
    )
    assert verdicts(frame) == dict.fromkeys([3, 4, 5, 6], "unmatched_cancellation")


def test_a_sale_that_was_set_aside_matches_no_cancellation() -> None:
    sale = {"name": "sale", "customer": "c", "amount": 0, "at": NOW - timedelta(days=9)}
    back = {"name": "cancellation", "customer": "c", "at": NOW - timedelta(days=8)}
    assert verdicts(steps(sale, back)) == {1: "impossible_price", 2: "unmatched_cancellation"}


def looks(visitor: str, count: int, gap: Callable[[int], timedelta]) -> list[dict[str, Any]]:
    at = NOW - timedelta(days=5)
    rows = []
    for n in range(count):
        rows.append({"visitor": visitor, "product": f"p{n}", "at": at})
        at += gap(n)
    return rows


def test_views_faster_than_anybody_looks_are_a_robots() -> None:
    fast = looks(
        "robot", ROBOT_VIEWS_A_MINUTE, lambda n: timedelta(milliseconds=400 + 97 * (n % 7))
    )
    found = verdicts(
        steps(*fast, {"visitor": "robot", "name": "add_to_cart"}, {"visitor": "human"})
    )
    assert set(found.values()) == {"robot_speed"}
    assert len(found) == ROBOT_VIEWS_A_MINUTE + 1


def test_views_as_regular_as_a_clock_are_a_robots() -> None:
    regular = looks("robot", RHYTHM_VIEWS, lambda _: timedelta(seconds=30))
    human = looks("human", RHYTHM_VIEWS, lambda n: timedelta(seconds=5 + 17 * (n % 5)))
    found = verdicts(steps(*regular, *human))
    assert found == dict.fromkeys(range(1, RHYTHM_VIEWS + 1), "robot_rhythm")


def test_more_views_in_a_day_than_a_shop_has_hours_are_a_robots() -> None:
    many = looks("robot", ROBOT_VIEWS_A_DAY + 1, lambda n: timedelta(seconds=10 + 11 * (n % 13)))
    assert set(verdicts(steps(*many[:-1])).values()) == set()
    assert set(verdicts(steps(*many)).values()) == {"robot_volume"}


def test_every_rule_says_what_it_means_in_one_sentence() -> None:
    for rule in RULES:
        assert rule.meaning.endswith(".")
        assert rule.meaning.count(". ") == 0
    assert len({rule.name for rule in RULES}) == len(RULES)


row_strategy = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["view_item", "sale", "cancellation", "purchase", "search"]),
        "product": st.sampled_from(["p", "q", "POST", None]),
        "visitor": st.sampled_from(["v", "w", None]),
        "customer": st.sampled_from(["c", None]),
        "quantity": st.integers(-2, LARGEST_QUANTITY * 2),
        "amount": st.integers(-2, LARGEST_PRICE * 2) | st.none(),
    }
)


@given(st.lists(row_strategy, max_size=30))
def test_every_row_is_kept_or_set_aside_exactly_once(rows: list[dict[str, Any]]) -> None:
    frame = steps(*rows)
    kept, aside = clean(frame, CONDITIONS)
    assert sorted([*kept["row"], *aside["row"]]) == frame["row"].to_list()
    again, nothing = clean(kept, CONDITIONS)
    assert nothing.is_empty()
    assert again.equals(kept)
