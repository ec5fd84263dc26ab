"""A reason names what the suggestion rests on: without it, the suggestion stands lower."""

from datetime import timedelta

import pytest

from benchmarks.reasons.occlude import history_of, moments, occlude
from recommender.fitting import TrainConfig
from recommender.lstm import LstmConfig
from recommender.prepared import Prepared
from recommender.protocol import History, ReasonKind, Step, Surface
from recommender.serving import Suggester
from recommender.training import measure_models, refresh
from tests.unit.recommender.shop import BEGIN


@pytest.fixture(scope="module")
def suggester(prepared: Prepared) -> Suggester:
    """The whole blend, its network trained for a moment."""
    config = TrainConfig(lstm=LstmConfig(units=16, epochs=3), max_cases=500)
    bundle = refresh(measure_models(prepared, config=config), config=config)
    return Suggester(bundle, version="test")


@pytest.mark.slow
def test_without_the_product_that_is_named_the_score_falls(
    suggester: Suggester, prepared: Prepared
) -> None:
    found = occlude(suggester, moments(prepared, seed=0), count=600)
    fell = [one.falls for one in found if one.without is not None]
    assert len(fell) == 600
    assert sum(fell) >= 0.95 * len(fell)
    people = [one.suggested.reason.people for one in found]
    assert min(count for count in people if count is not None) >= 5


@pytest.mark.slow
def test_of_a_visit_only_the_last_product_is_named(suggester: Suggester) -> None:
    steps = [Step(item, "view", BEGIN + timedelta(minutes=at)) for at, item in enumerate(
        ("boots", "tent", "mat"))]  # fmt: skip
    shown = suggester.suggest(History(tuple(steps)), k=10, surface=Surface.HOME)
    named = {one.reason.because for one in shown if one.reason.kind is ReasonKind.RULE}
    assert named == {("mat",)}


@pytest.mark.slow
def test_of_a_cart_the_product_is_named_that_speaks_for_the_suggestion(
    suggester: Suggester,
) -> None:
    shown = suggester.suggest(History(cart=("tent", "boots")), k=10, surface=Surface.CART)
    named = {one.product_id: one.reason.because for one in shown if one.reason.people}
    assert named["mat"] == ("tent",)
    assert named["socks"] == ("boots",)


def test_what_was_taken_out_or_bought_is_in_the_cart_no_more() -> None:
    did = [("tent", "add"), ("mat", "add"), ("tent", "remove"), ("lamp", "add"), ("mat", "view")]
    steps = [Step(item, action, BEGIN) for item, action in [*did, ("lamp", "purchase")]]
    assert history_of(steps).cart == ("mat",)
