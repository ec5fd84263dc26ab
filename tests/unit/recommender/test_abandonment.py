"""Carts that are left: what became of which, what may be known of it, and who says it alike."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.abandonment import (
    BANDS,
    BOUGHT,
    KINDS,
    LEFT,
    UNKNOWN,
    Carts,
    LeavingLoss,
    calibrated,
    calibration,
    endings,
    logits,
    open_carts,
    probability,
)
from recommender.bundle import Bundle
from recommender.examples import examples
from recommender.fitting import leaving_line
from recommender.live import LiveBlend
from recommender.lstm import LstmConfig, train_lstm
from recommender.lstm_step import Lstm
from recommender.prepared import Prepared
from recommender.protocol import History, Step
from recommender.rule_sources import AssociationRules
from recommender.sequences import ACTIONS, Log, Vocabulary, build_log
from tests.unit.recommender.shop import BEGIN, ITEMS, rows

TINY = LstmConfig(units=8, epochs=2, batch=32, seed=7)
VOCABULARY = Vocabulary.of(ITEMS)
PRICES = np.arange(len(ITEMS)) * 10.0
LATER = ("z", "later", "lamp", "view", 9999.0)
"""A visit long after the others, so that these are known to be over."""
STEPS = st.lists(
    st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(ITEMS), st.sampled_from(ACTIONS),
              st.sampled_from([0.1, 1.0, 90.0])),
    min_size=1, max_size=40,
)  # fmt: skip


def log_of(*steps: tuple[str, str, str, str, float]) -> Log:
    return build_log(rows(*steps), VOCABULARY)


def visit(*steps: tuple[str, str]) -> Log:
    """One visit of (action, product), and one long after it."""
    made = [("a", "v", product, action, 1.0 * at) for at, (action, product) in enumerate(steps)]
    return log_of(*made, LATER)


def drawn_log(drawn: list[tuple[str, str, str, float]]) -> Log:
    at, made = 0.0, []
    for shopper, product, action, pause in drawn:
        at += pause
        made.append((shopper, f"{shopper}{at // 60}", product, action, at))
    return log_of(*made, LATER)


def test_a_cart_is_bought_where_a_purchase_follows_in_the_same_visit() -> None:
    log = visit(("view", "tent"), ("add", "tent"), ("view", "mat"), ("purchase", "tent"))
    assert endings(log).tolist() == [UNKNOWN, BOUGHT, BOUGHT, UNKNOWN, UNKNOWN]


def test_a_cart_is_left_where_the_visit_ends_without_one_though_a_later_one_buys() -> None:
    log = log_of(
        ("a", "v", "tent", "add", 0), ("a", "w", "tent", "view", 600),
        ("a", "w", "tent", "purchase", 601), LATER,
    )  # fmt: skip
    assert endings(log).tolist() == [LEFT, BOUGHT, UNKNOWN, UNKNOWN]


def test_nothing_is_asked_where_all_was_taken_out_again() -> None:
    log = visit(("add", "tent"), ("remove", "tent"), ("view", "mat"))
    assert endings(log).tolist() == [LEFT, UNKNOWN, UNKNOWN, UNKNOWN]


def test_a_visit_that_may_still_go_on_is_set_aside() -> None:
    log = log_of(("a", "v", "tent", "add", 0), ("b", "w", "mat", "view", 29))
    assert endings(log).tolist() == [UNKNOWN, UNKNOWN]


def test_moments_are_counted_from_the_visits_first_add_and_end_with_its_purchase() -> None:
    log = visit(
        ("view", "tent"), ("add", "tent"), ("view", "mat"), ("add", "mat"), ("purchase", "tent"),
        ("add", "lamp"),
    )  # fmt: skip
    found = [open_carts(log, after, since=BEGIN).position.tolist() for after in (0, 1, 2, 3, 4)]
    assert found == [[1], [2], [3], [], []]
    assert open_carts(log, None, since=BEGIN).position.tolist() == [1, 2, 3]


@given(STEPS, st.integers(0, 4))
def test_nothing_after_the_moment_changes_what_is_known_at_it(
    drawn: list[tuple[str, str, str, float]], after: int
) -> None:
    log = drawn_log(drawn)
    carts = Carts.fit(log, PRICES)
    found = open_carts(log, after, since=BEGIN)
    for number, position in enumerate(found.position.tolist()):
        earlier = np.arange(len(log)) <= position
        cut = log.select(earlier)
        assert carts.kinds(cut)[position] == carts.kinds(log)[position]
        batch = found.batch(slice(number, number + 1))
        steps = int(batch.length[0])
        np.testing.assert_array_equal(batch.item[0, :steps], cut.item[-steps:])
        np.testing.assert_array_equal(batch.action[0, :steps], cut.action[-steps:])
        assert (batch.action[0, batch.in_session[0]] != ACTIONS.index("purchase") + 1).all()


def test_kinds_tell_dear_from_cheap_and_a_cart_that_is_being_cleared() -> None:
    log = log_of(
        ("a", "u", ITEMS[1], "add", 0), ("a", "v", ITEMS[20], "add", 600),
        ("a", "v", ITEMS[1], "remove", 601), LATER,
    )  # fmt: skip
    carts = Carts(PRICES, np.linspace(1, 400, BANDS - 1))
    first, second, third, _ = carts.kinds(log).tolist()
    assert first < second < BANDS
    assert third >= BANDS


def test_the_loss_counts_known_endings_only() -> None:
    loss = LeavingLoss(2, np.zeros(0, np.float32))
    states = np.ones((1, 3, 2), np.float32)
    two, one = [[UNKNOWN, LEFT, BOUGHT]], [[UNKNOWN, LEFT, UNKNOWN]]
    loss.intercepts.assign(np.full(KINDS, 2.0, np.float32))
    said = 1 / (1 + np.exp(-2.0))
    assert float(loss(states, np.array(one))) == pytest.approx(-np.log(said), abs=1e-5)
    both = -(np.log(said) + np.log(1 - said)) / 2
    assert float(loss(states, np.array(two))) == pytest.approx(both, abs=1e-5)
    assert float(loss(states, np.full((1, 3), UNKNOWN))) == 0.0


def test_windows_without_a_target_are_kept_for_the_cart_in_them() -> None:
    log = visit(("view", "tent"), ("add", "tent"))
    fate = Carts.fit(log, PRICES).fates(log)
    assert len(examples(log)) == 0
    found = examples(log, fate=fate)
    assert found.fate[found.fate != UNKNOWN].tolist() == [fate[1]]


def test_calibration_brings_what_was_said_to_what_happened() -> None:
    draw = np.random.default_rng(1)
    true = draw.normal(1, 1, 20_000)
    left = draw.random(20_000) < 1 / (1 + np.exp(-true))
    slope, intercept = calibration(2 * true - 3, left)
    assert (slope, intercept) == (pytest.approx(0.5, abs=0.03), pytest.approx(1.5, abs=0.06))
    head = draw.normal(size=4 + KINDS).astype(np.float32)
    hidden, kind = draw.normal(size=(9, 4)).astype(np.float32), np.arange(9)
    said = logits(head, hidden, kind)
    moved = logits(calibrated(head, (slope, intercept)), hidden, kind)
    np.testing.assert_allclose(moved, slope * said + intercept, atol=1e-5)


def test_too_few_carts_calibrate_nothing() -> None:
    assert calibration(np.zeros(60), np.arange(60) < 49) == (1.0, 0.0)


@pytest.fixture(scope="module")
def shop() -> Log:
    """Who put in a tent leaves it, who put in boots buys them, nine times in ten."""
    draw, made = np.random.default_rng(3), []
    for number in range(400):
        item = ("tent", "boots")[number % 2]
        name, at = f"s{number}", 100.0 * number
        made += [(name, name, "mat", "view", at), (name, name, item, "view", at + 1)]
        made += [(name, name, item, "add", at + 2), (name, name, "lamp", "view", at + 3)]
        if draw.random() < (0.1, 0.9)[number % 2]:
            made.append((name, name, item, "purchase", at + 4))
    return log_of(*made)


def test_the_head_learns_beside_the_next_item(shop: Log) -> None:
    carts = Carts.fit(shop, np.zeros(len(ITEMS)))
    config = LstmConfig(units=16, epochs=25, batch=32, leaving=3.0, seed=7)
    network = train_lstm(shop, len(ITEMS), config=config, fate=carts.fates(shop))
    found = open_carts(shop, 1, since=BEGIN)
    kinds = carts.kinds(shop)[found.position]
    said = probability(network.weights.leaving, network.hidden(found.batch()), kinds)
    item = shop.item[found.position - 1]
    assert said[item == VOCABULARY.get("tent")].mean() > 0.7
    assert said[item == VOCABULARY.get("boots")].mean() < 0.3
    until = BEGIN + timedelta(days=365)
    slope, _ = leaving_line(network, carts, shop, since=BEGIN, until=until)
    assert slope > 0.5


def test_without_carts_there_is_no_head(shop: Log) -> None:
    assert len(train_lstm(shop, len(ITEMS), config=TINY).weights.leaving) == 0


def live_blend(bundle: Bundle) -> LiveBlend:
    rules = bundle.source(AssociationRules.name)
    assert isinstance(rules, AssociationRules)
    return LiveBlend(bundle, bundle.evidence(5), rules)


def history_at(log: Log, position: int, vocabulary: Vocabulary) -> History:
    """The shopper's steps up to the position, and what lies in the cart by then."""
    steps, cart = [], dict[str, None]()
    for at in np.flatnonzero(log.shopper[: position + 1] == log.shopper[position]).tolist():
        item, action = vocabulary.items[log.item[at]], ACTIONS[log.action[at] - 1]
        steps.append(Step(item, action, BEGIN + timedelta(microseconds=int(log.at[at]))))
        if action == "add":
            cart[item] = None
        elif action in ("remove", "purchase"):
            cart.pop(item, None)
    return History(tuple(steps), tuple(cart))


def test_the_live_head_says_what_it_says_on_the_log(trained: Bundle, prepared: Prepared) -> None:
    blend, log = live_blend(trained), prepared.log
    network, carts = trained.source(Lstm.name), trained.carts
    assert isinstance(network, Lstm)
    assert carts is not None
    found = open_carts(log, 2, since=BEGIN)
    kinds = carts.kinds(log)[found.position]
    said = probability(network.weights.leaving, network.hidden(found.batch()), kinds)
    assert len(np.unique(kinds)) > 5
    for number, position in enumerate(found.position[:60].tolist()):
        history = history_at(log, position, prepared.vocabulary)
        live = blend.follow(history)
        now = history.steps[-1].at
        assert blend.leaving(live, now=now) == pytest.approx(said[number], abs=1e-5)


def test_nothing_is_said_without_a_cart_or_once_the_visit_is_over(trained: Bundle) -> None:
    blend = live_blend(trained)
    steps = (Step("tent", "view", BEGIN), Step("tent", "add", BEGIN))
    open_cart = blend.follow(History(steps, ("tent",)))
    assert blend.leaving(open_cart, now=BEGIN + timedelta(minutes=30)) is not None
    assert blend.leaving(open_cart, now=BEGIN + timedelta(minutes=31)) is None
    assert blend.leaving(blend.follow(History(steps)), now=BEGIN) is None
    assert blend.leaving(blend.follow(History((), ("tent",))), now=BEGIN) is None
