"""Open carts of the demo shop: the network's second head beside baselines and the best possible.

Everything learns from the training days, is calibrated on the days after them and measured on the
last ones, once. A row of the table is a visit, cut off some steps after its first add.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import lightgbm
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer

from benchmarks.abandonment.compare import expected_calibration_error
from benchmarks.abandonment.features import visit_so_far
from demo.leaving import PLAYED, LeavingOracle
from demo.oracle import DemoOracle
from demo.world import Scenario
from recommender.abandonment import Carts, OpenCarts, calibration, open_carts
from recommender.evaluation import before
from recommender.fitting import TrainConfig, fit_lstm, held_out_days, leaving_logits
from recommender.lstm import LstmConfig
from recommender.prepared import Prepared
from recommender.progress import Progress
from recommender.sequences import Ints, Log, Split, temporal_split

type Floats = NDArray[np.float64]
type Said = Callable[[OpenCarts], Floats]
"""Log-odds that carts are left."""

AFTER = (0, 2, 4, 6, 8, 10)
BEST = "best possible"
STRANGERS = "best for strangers"
DRAWS = 1_000
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    """A model's measures `after` that many steps; `share` is its AP in the best possible's.

    AP and its share come with a 95 % interval over visits drawn anew. Positive is what is left, in
    `bought` what is bought.
    """

    model: str
    after: int
    carts: int
    left: float
    auc: float
    ap: float
    ap_bought: float
    ece: float
    share: float
    share_low: float
    share_high: float


@dataclass(frozen=True)
class Compared:
    """The rows, and what each model said beside what happened, over all moments."""

    rows: list[Row]
    said: dict[str, tuple[Floats, NDArray[np.bool_]]]

    @property
    def ece(self) -> dict[str, float]:
        """Each model's calibration error over all moments."""
        return {
            name: expected_calibration_error(left, said) for name, (said, left) in self.said.items()
        }


def compare_on_demo(
    prepared: Prepared,
    scenario: Scenario,
    *,
    seed: int,
    progress: Progress,
    config: LstmConfig | None = None,
    played: int = PLAYED,
) -> Compared:
    """All models on the same moments of the last days."""
    days = held_out_days(prepared.log, TrainConfig())
    split = temporal_split(prepared.log, valid_days=days, test_days=days)
    config = replace(config or LstmConfig(), seed=seed)
    learnt = _learnt(prepared, split, config, progress)
    models = dict(_calibrated(learnt, prepared.log, split))
    rows: list[Row] = []
    said: dict[str, list[Floats]] = {name: [] for name in (*models, BEST)}
    left = []
    oracles = {
        name: LeavingOracle(DemoOracle.of(scenario, knows_tastes=knows), seed=seed)
        for name, knows in ((BEST, True), (STRANGERS, False))
    }
    progress.begin("playing visits to their ends", len(AFTER))
    for after in AFTER:
        carts = open_carts(prepared.log, after, since=split.test_from)
        cases = before(prepared.log, carts.position, carts.position + 1, prepared.events)
        best = oracles[BEST].probability(cases, played=played)
        told = {name: np.asarray(expit(model(carts))) for name, model in models.items()}
        told |= {STRANGERS: oracles[STRANGERS].probability(cases, played=played), BEST: best}
        shopper = prepared.log.shopper[carts.position]
        rows += [_row(name, after, shopper, carts.left, one, best) for name, one in told.items()]
        left.append(carts.left)
        for name in said:
            said[name].append(told[name])
        progress.advance(1)
    happened = np.concatenate(left)
    return Compared(rows, {name: (np.concatenate(said[name]), happened) for name in said})


def _learnt(
    prepared: Prepared, split: Split, config: LstmConfig, progress: Progress
) -> Iterator[tuple[str, Said]]:
    seed = config.seed
    kinds = Carts.fit(split.train, prepared.amount)
    rows = open_carts(split.train, None, since=BEGINNING)
    table = visit_so_far(rows, kinds, prepared)
    steady = make_pipeline(
        QuantileTransformer(output_distribution="normal", random_state=seed),
        LogisticRegression(max_iter=2000),
    ).fit(np.nan_to_num(table), rows.left)
    yield (
        "logistic",
        lambda carts: np.asarray(
            steady.decision_function(np.nan_to_num(visit_so_far(carts, kinds, prepared)))
        ),
    )
    booster = lightgbm.train(
        {"objective": "binary", "verbosity": -1, "seed": seed, "num_threads": 1,
         "learning_rate": 0.05, "num_leaves": 15, "min_data_in_leaf": 200},
        lightgbm.Dataset(table, rows.left.astype(float)),
        num_boost_round=150,
    )  # fmt: skip
    yield (
        "LightGBM",
        lambda carts: np.asarray(
            booster.predict(visit_so_far(carts, kinds, prepared), raw_score=True)
        ),
    )
    network = fit_lstm(split.train, prepared, config, progress, stage="training LSTM", carts=kinds)
    yield "LSTM, second head", lambda carts: leaving_logits(network, kinds, carts)


def _calibrated(
    learnt: Iterator[tuple[str, Said]], log: Log, split: Split
) -> Iterator[tuple[str, Said]]:
    later = open_carts(log, None, since=split.valid_from, until=split.test_from)
    for name, model in learnt:
        slope, intercept = calibration(model(later), later.left)
        yield name, _line(model, slope, intercept)


def _line(model: Said, slope: float, intercept: float) -> Said:
    return lambda carts: slope * model(carts) + intercept


def _row(
    name: str, after: int, shopper: Ints, left: NDArray[np.bool_], said: Floats, best: Floats
) -> Row:
    low, high = np.quantile(list(_shares(shopper, left, said, best, seed=after)), [0.025, 0.975])
    ap = average_precision_score(left, said)
    return Row(
        model=name,
        after=after,
        carts=len(left),
        left=float(left.mean()),
        auc=float(roc_auc_score(left, said)),
        ap=float(ap),
        ap_bought=float(average_precision_score(~left, 1 - said)),
        ece=expected_calibration_error(left, said),
        share=float(ap / average_precision_score(left, best)),
        share_low=float(low),
        share_high=float(high),
    )


def _shares(
    shopper: Ints, left: NDArray[np.bool_], said: Floats, best: Floats, *, seed: int
) -> Iterator[float]:
    """The share of the best possible, with whole shoppers drawn anew: their visits are alike."""
    _, who = np.unique(shopper, return_inverse=True)
    draw, count = np.random.default_rng(seed), int(who.max()) + 1
    for _ in range(DRAWS):
        times = np.bincount(draw.integers(count, size=count), minlength=count)[who]
        own, most = (
            average_precision_score(left, one, sample_weight=times) for one in (said, best)
        )
        yield own / most
