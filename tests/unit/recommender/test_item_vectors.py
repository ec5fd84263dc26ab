"""Embeddings to begin with: what is met together lies together, the rest is drawn."""

import numpy as np

from recommender.item_vectors import item_vectors
from recommender.sequences import Log, Vocabulary, build_log
from tests.unit.recommender.shop import rows

ITEMS = Vocabulary.of(["cup", "lamp", "mat", "rope", "stove", "tent"])


def visits(*sessions: str) -> Log:
    return build_log(
        rows(
            *(
                (f"shopper{number:03}", "1", item, "view", minute)
                for number, session in enumerate(sessions)
                for minute, item in enumerate(session.split())
            )
        ),
        ITEMS,
    )


def cosine(vectors: np.ndarray, one: str, other: str) -> float:
    a, b = vectors[ITEMS.get(one)], vectors[ITEMS.get(other)]
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_items_with_the_same_company_lie_together() -> None:
    log = visits(*["tent mat", "tent rope", "cup stove", "cup lamp"] * 5)
    vectors = item_vectors(log, len(ITEMS), units=64, seed=1)
    assert vectors.shape == (len(ITEMS), 64)
    assert cosine(vectors, "mat", "rope") > 0.4
    assert cosine(vectors, "stove", "lamp") > 0.4
    assert abs(cosine(vectors, "mat", "lamp")) < 0.4


def test_items_without_company_are_drawn() -> None:
    log = visits("tent mat", "cup", "lamp lamp")
    vectors = item_vectors(log, len(ITEMS), units=64, seed=1)
    nothing = item_vectors(visits("cup"), len(ITEMS), units=64, seed=1)
    for item in ("cup", "lamp", "rope", "stove"):
        np.testing.assert_array_equal(vectors[ITEMS.get(item)], nothing[ITEMS.get(item)])


def test_they_are_about_as_long_as_drawn_ones() -> None:
    log = visits(*["tent mat rope", "cup stove lamp"] * 3)
    length = np.linalg.norm(item_vectors(log, len(ITEMS), units=128, seed=1), axis=1)
    np.testing.assert_allclose(length, 1, atol=0.25)


def test_the_seed_decides() -> None:
    log = visits(*["tent mat rope", "cup stove lamp"] * 3)
    one, same, other = (item_vectors(log, len(ITEMS), units=8, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_steps_on_unknown_items_are_no_company() -> None:
    log = visits("tent mat")
    log.item[1] = -1
    drawn = item_vectors(visits("cup"), len(ITEMS), units=8, seed=1)
    np.testing.assert_array_equal(item_vectors(log, len(ITEMS), units=8, seed=1), drawn)
