"""Leaving out classes of events: what a model then sees, and what that costs."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.evaluation import Cases, find_cases
from recommender.fitting import TrainConfig, fit_models, hold_out
from recommender.fusion import Without, event_classes, without_each
from recommender.lstm import LstmConfig
from recommender.prepared import Prepared, prepare
from recommender.progress import Silent
from recommender.relearning import relearn
from recommender.sequences import ACTION_CODES, ACTIONS, build_log
from tests.unit.recommender.shop import ITEMS, item_frame, rows

ALL_TIME = datetime(2020, 1, 1, tzinfo=UTC)
CONFIG = TrainConfig(lstm=LstmConfig(units=8, epochs=1, batch=64))


def all_cases(prepared: Prepared) -> Cases:
    return find_cases(prepared.log, since=ALL_TIME, until=None, trained=prepared.log)


def without(prepared: Prepared, action: str) -> Without:
    gone = prepared.log.action == ACTION_CODES[action]
    return Without.of(action, gone, prepared.log, prepared.log)


def test_a_class_of_events_is_gone_before_a_case_and_what_is_asked_stays() -> None:
    prepared = prepare(
        rows(
            ("a", "1", "tent", "view", 0),
            ("a", "1", "tent", "add", 1),
            ("a", "1", "mat", "view", 2),
        ),
        item_frame(),
    )
    cases = all_cases(prepared)
    lacking = without(prepared, "view").seen(cases)
    batch = lacking.batch(slice(None))
    assert [prepared.vocabulary.items[item] for item in lacking.target] == ["mat"]
    assert batch.action[0, : batch.length[0]].tolist() == [ACTION_CODES["add"]]
    assert cases.batch(slice(None)).length.tolist() == [2]


@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from("abc"),
            st.sampled_from("12"),
            st.sampled_from(ITEMS[:6]),
            st.sampled_from(ACTIONS),
            st.integers(0, 5000),
        ),
        min_size=3,
        max_size=40,
        unique_by=lambda step: (step[0], step[4]),
    ),
    gone=st.sampled_from(ACTIONS),
)
def test_what_is_known_without_a_class_is_what_a_log_without_it_would_tell(
    steps: list[tuple[str, str, str, str, int]], gone: str
) -> None:
    named = [(who, f"{who}{visit}", item, did, float(at)) for who, visit, item, did, at in steps]
    prepared = prepare(rows(*named), item_frame())
    known = without(prepared, gone).known
    kept = prepared.events.filter(pl.col("action") != gone)
    told = build_log(kept, prepared.vocabulary)
    ours, theirs = (np.lexsort((log.at, log.shopper)) for log in (known, told))
    assert known.item[ours].tolist() == told.item[theirs].tolist()
    assert known.action[ours].tolist() == told.action[theirs].tolist()


def test_only_classes_that_a_log_has_beside_others_are_left_out() -> None:
    events = rows(("a", "1", "tent", "view", 0), ("a", "1", "mat", "purchase", 1))
    assert set(event_classes(prepare(events, item_frame()))) == {"views", "purchases"}
    only_views = rows(("a", "1", "tent", "view", 0), ("a", "1", "mat", "view", 1))
    assert event_classes(prepare(only_views, item_frame())) == {}


def test_what_was_done_in_chat_is_a_class_whatever_it_was() -> None:
    events = rows(("a", "1", "tent", "view", 0), ("a", "1", "mat", "add", 1)).with_columns(
        source=pl.Series(["web", "chat"])
    )
    classes = event_classes(prepare(events, item_frame()))
    assert classes["chat"].tolist() == [False, True]


def carts_tell_what_is_next() -> pl.DataFrame:
    """Views say nothing; what goes into the cart decides which product is looked at last."""
    draw = np.random.default_rng(3)
    steps = []
    for number in range(1500):
        pair, at = int(draw.integers(30)), number * 20.0
        seen = f"x{draw.integers(40)}"
        steps += [
            (f"s{number % 400}", f"v{number}", seen, "view", at),
            (f"s{number % 400}", f"v{number}", f"a{pair}", "add", at + 1),
            (f"s{number % 400}", f"v{number}", f"b{pair}", "view", at + 2),
        ]
    return rows(*steps)


@pytest.mark.slow
def test_what_only_one_class_of_events_tells_is_lost_without_it() -> None:
    prepared = prepare(carts_tell_what_is_next(), item_frame())
    held_out = hold_out(prepared, CONFIG)
    fitted = fit_models(
        held_out.split.train, held_out.valid, prepared, config=CONFIG, progress=Silent()
    )
    found = relearn(
        without_each(prepared, held_out), fitted.blend, held_out, prepared,
        config=CONFIG, progress=Silent(),
    )  # fmt: skip
    by_class = {one.name: one for one in found}
    assert by_class["cart"].mrr.high < -0.1
    assert by_class["cart"].steps < len(held_out.split.train)
