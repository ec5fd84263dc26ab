"""The decision knows how likely a cart was left, by the recommender's version in force."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from core.clock import SimulatedClock
from core.settings import Settings
from db.engine import SessionFactory
from db.models import Nudge
from db.pricing import DeliveryRule
from nudges.leaving import LeavingScores
from nudges.uplift.decider import UpliftDecider
from nudges.uplift.model import prior
from recommender.abandonment import BANDS, KINDS, Carts
from recommender.lstm_step import Lstm, Weights
from recommender.registry import Manifest, store, switch
from recommender.sequences import ACTIONS, GAP_BUCKETS, Vocabulary
from tests.integration.nudges.shoppers import Sink, left_carts, nudges, policy, sweeper

HOUR = timedelta(hours=1)
UNITS = 2

pytestmark = pytest.mark.usefixtures("small_shop")


def in_force(folder: Path, version: str, *, chance: float) -> None:
    """A version that says this of every cart, whatever its steps were."""
    items = Vocabulary.of(["tent", "stove"])

    def nothing(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return np.zeros(shape, np.float32)

    head = nothing(UNITS + KINDS)
    head[UNITS:] = np.log(chance / (1 - chance))
    network = Weights(
        item=nothing(3, UNITS),
        action=nothing(len(ACTIONS) + 1, UNITS),
        gap=nothing(GAP_BUCKETS, UNITS),
        kernel=nothing(UNITS, 4 * UNITS),
        recurrent=nothing(UNITS, 4 * UNITS),
        bias=nothing(4 * UNITS),
        item_bias=nothing(2),
        seen=np.ones(2, np.bool_),
        leaving=head,
    )
    parts = {
        "catalogue": {"items": np.array(items.items)},
        "carts": Carts(np.full(2, 4500.0), np.arange(BANDS - 1) * 100.0).arrays(),
        Lstm.name: network.arrays(),
    }
    manifest = Manifest(version, "2026-01-01", items.fingerprint, accepted=True, sources=("lstm",))
    store(folder, manifest, parts)
    switch(folder, version)


def swept(sessions: SessionFactory, clock: SimulatedClock, scores: LeavingScores) -> list[Nudge]:
    """What one sweep decided."""
    rules = policy(hold_out={"share": 0.5})
    decider = UpliftDecider(prior, rules, DeliveryRule.of(Settings()))
    sweep = sweeper(
        sessions, clock, channels=[Sink()], rules=rules, decider=decider, leaving=scores
    )
    sweep.run()
    return nudges(sessions)


def seen(nudge: Nudge) -> float:
    assert nudge.decision is not None
    return float(nudge.decision["facts"]["leaving"])


@pytest.fixture
def people() -> list[str]:
    return [f"p{at}" for at in range(8)]


def test_the_score_is_among_the_facts_also_of_those_held_out(
    sessions: SessionFactory, clock: SimulatedClock, tmp_path: Path, people: list[str]
) -> None:
    in_force(tmp_path, "one", chance=0.9)
    left_carts(sessions, clock, *people, ago=HOUR)
    found = swept(sessions, clock, LeavingScores(tmp_path))
    assert {one.treatment is None for one in found} == {True, False}
    over = np.log(0.9 / 0.1) - np.log(0.7 / 0.3)
    assert [seen(one) for one in found] == pytest.approx([over / 2] * len(people), abs=1e-4)


def test_without_a_model_every_cart_counts_as_usual(
    sessions: SessionFactory, clock: SimulatedClock, tmp_path: Path, people: list[str]
) -> None:
    left_carts(sessions, clock, *people, ago=HOUR)
    assert [seen(one) for one in swept(sessions, clock, LeavingScores(tmp_path))] == [0.0] * 8


def test_another_version_is_followed_and_a_broken_one_is_not(
    sessions: SessionFactory, clock: SimulatedClock, tmp_path: Path
) -> None:
    scores = LeavingScores(tmp_path)
    told = []
    for version, chance in (("one", 0.6), ("two", 0.9), ("three", 0.2)):
        in_force(tmp_path, version, chance=chance)
        if version == "three":
            file = tmp_path / "versions" / version / "lstm.npz"
            file.write_bytes(file.read_bytes()[:-1])
        left_carts(sessions, clock, version, ago=HOUR)
        (nudge,) = [one for one in swept(sessions, clock, scores) if one.person_id == version]
        told.append(seen(nudge))
    assert told[0] < 0 < told[1] == told[2]
