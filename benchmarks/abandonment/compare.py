"""Repeated stratified cross-validation of the intent model beside two baselines."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import lightgbm
import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import sem
from scipy.stats import t as student_t
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, f1_score, recall_score, roc_auc_score
from sklearn.model_selection import RepeatedStratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer

from recommender.session_intent import fit_session_intent, visit_features

type Floats = NDArray[np.float64]
type Truth = NDArray[np.bool_]
type Places = NDArray[np.int64]
type Learner = Callable[[pl.DataFrame, Truth, pl.DataFrame, int], Floats]

MEASURES = ("AUC", "AP", "accuracy", "recall", "F1", "ECE")
BINS = 10


@dataclass(frozen=True)
class Row:
    """A model's measures: mean over all folds, and the half-width of its 95 % interval.

    The interval tells how far the draw of the folds moves the mean, by Student's t over the
    repeats; how other visits would do is not in it.
    """

    model: str
    mean: dict[str, float]
    half: dict[str, float]


def compare(
    visits: pl.DataFrame, bought: Truth, *, folds: int, repeats: int, seed: int
) -> Iterator[Row]:
    """A row for each model, all on the same folds."""
    plan = RepeatedStratifiedKFold(n_splits=folds, n_repeats=repeats, random_state=seed)
    splits = list(plan.split(np.zeros(len(bought)), bought))
    for name, learner in LEARNERS.items():
        said = [
            learner(visits[train], bought[train], visits[test], number)
            for number, (train, test) in enumerate(splits)
        ]
        measured = np.array([
            _repeat_measures(bought, splits[first : first + folds], said[first : first + folds])
            for first in range(0, len(splits), folds)
        ])  # fmt: skip
        half = np.full(len(MEASURES), np.nan)
        if repeats > 1:
            half = student_t.ppf(0.975, repeats - 1) * sem(measured, axis=0)
        yield Row(
            name,
            dict(zip(MEASURES, measured.mean(axis=0).tolist(), strict=True)),
            dict(zip(MEASURES, half.tolist(), strict=True)),
        )


def _repeat_measures(
    bought: Truth, splits: Sequence[tuple[Places, Places]], said: Sequence[Floats]
) -> list[float]:
    """Ranking and decisions are measured fold by fold, calibration on all folds together: of a
    few visits in a bin the share that bought differs from any probability by chance."""
    by_fold = [measures(bought[test], fold) for (_, test), fold in zip(splits, said, strict=True)]
    together = np.zeros(len(bought))
    for (_, test), fold in zip(splits, said, strict=True):
        together[test] = fold
    return [*np.mean(by_fold, axis=0).tolist(), expected_calibration_error(bought, together)]


def measures(bought: Truth, probability: Floats) -> Sequence[float]:
    """The MEASURES of one fold but the last; a purchase is predicted from one half on."""
    said = probability >= 0.5
    return (
        roc_auc_score(bought, probability),
        average_precision_score(bought, probability),
        float(np.mean(said == bought)),
        recall_score(bought, said),
        f1_score(bought, said),
    )


def expected_calibration_error(bought: Truth, probability: Floats, bins: int = BINS) -> float:
    """Mean gap of what was said and what happened, over equally wide bins, weighted by size.

    Guo et al. (2017): On calibration of modern neural networks, eq. 3.
    """
    place = np.minimum((probability * bins).astype(int), bins - 1)
    said = np.bincount(place, probability, bins)
    happened = np.bincount(place, bought.astype(float), bins)
    return float(np.abs(said - happened).sum() / len(bought))


def _ours(train: pl.DataFrame, bought: Truth, test: pl.DataFrame, seed: int) -> Floats:
    return fit_session_intent(train, bought, seed=seed).probability(test)


def _lightgbm(train: pl.DataFrame, bought: Truth, test: pl.DataFrame, seed: int) -> Floats:
    booster = lightgbm.train(
        {"objective": "binary", "verbosity": -1, "seed": seed, "num_threads": 1},
        lightgbm.Dataset(visit_features(train).to_numpy(), bought.astype(float)),
    )
    return np.asarray(booster.predict(visit_features(test).to_numpy()))


def _logistic(train: pl.DataFrame, bought: Truth, test: pl.DataFrame, seed: int) -> Floats:
    model = make_pipeline(
        QuantileTransformer(
            n_quantiles=min(1000, len(train)), output_distribution="normal", random_state=seed
        ),
        LogisticRegression(max_iter=2000),
    )
    shown = [visit_features(part).fill_nan(0.0).to_numpy() for part in (train, test)]
    return np.asarray(model.fit(shown[0], bought).predict_proba(shown[1])[:, 1])


LEARNERS: dict[str, Learner] = {
    "logistic": _logistic,
    "LightGBM": _lightgbm,
    "session intent": _ours,
}
