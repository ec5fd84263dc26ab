"""A policy's value is told from another's log without bias, and its interval covers it."""

import numpy as np
import pytest

from nudges.uplift.estimators import doubly_robust, inverse_propensity, value


def logged(rng: np.random.Generator, count: int = 2000) -> dict[str, np.ndarray]:
    """Two treatments; the first is logged with a chance that depends on the shopper, as does what
    the second earns. The policy asked about always takes the second."""
    kind = rng.random(count)
    first = 0.1 + 0.8 * kind
    done_first = rng.random(count) < first
    rewards = np.where(done_first, 1.0, 2 * kind) + rng.normal(0, 0.5, count)
    return {
        "chosen": ~done_first,
        "probabilities": np.where(done_first, first, 1 - first),
        "rewards": rewards,
        "kind": kind,
    }


TRUTH = 1.0


def test_inverse_propensity_covers_the_truth() -> None:
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(300):
        log = logged(rng)
        found = value(inverse_propensity(log["chosen"], log["probabilities"], log["rewards"]))
        covered += found.low <= TRUTH <= found.high
    assert covered >= 275


@pytest.mark.parametrize("model_is_right", [True, False])
def test_doubly_robust_covers_the_truth_also_by_a_wrong_model(model_is_right: bool) -> None:
    rng = np.random.default_rng(2)
    covered, errors, plain = 0, [], []
    for _ in range(300):
        log = logged(rng)
        second = 2 * log["kind"] if model_is_right else np.full(len(log["kind"]), 0.3)
        terms = doubly_robust(
            log["chosen"],
            log["probabilities"],
            log["rewards"],
            expected=np.where(log["chosen"], second, 1.0),
            of_policy=second,
        )
        found = value(terms)
        covered += found.low <= TRUTH <= found.high
        errors.append(found.error)
        by_chance = inverse_propensity(log["chosen"], log["probabilities"], log["rewards"])
        plain.append(value(by_chance).error)
    assert covered >= 275
    if model_is_right:
        assert np.mean(errors) < np.mean(plain)


def test_a_probability_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        inverse_propensity(np.array([True]), np.array([0.0]), np.array([1.0]))
