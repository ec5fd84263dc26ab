"""Many left carts asked about at once are told what each was as its visit ended."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from recommender.abandonment import open_carts
from recommender.bundle import Bundle
from recommender.leaving import LeavingHead, LeftCart
from recommender.lstm_step import Lstm
from recommender.prepared import Prepared
from recommender.registry import BrokenModelError, Manifest, store
from recommender.sequences import ACTION_CODES, SESSION_GAP, build_log
from tests.unit.recommender.shop import BEGIN, rows
from tests.unit.recommender.test_abandonment import history_at, live_blend

CHANGING = [ACTION_CODES["add"], ACTION_CODES["remove"]]


def publish(folder: Path, bundle: Bundle, *, catalogue: str = "", without: str = "") -> None:
    parts = {name: part for name, part in bundle.parts().items() if name != without}
    fingerprint = catalogue or bundle.vocabulary.fingerprint
    names = tuple(source.name for source in bundle.blend.sources)
    store(folder, Manifest("one", "2026-01-01", fingerprint, accepted=True, sources=names), parts)


def stored(folder: Path, bundle: Bundle) -> LeavingHead:
    publish(folder, bundle)
    head = LeavingHead.load(folder, "one")
    assert head is not None
    return head


def test_it_says_what_serving_said_after_the_last_step_of_each_visit(
    trained: Bundle, prepared: Prepared, tmp_path: Path
) -> None:
    events = prepared.events.with_columns(session=pl.lit(None, pl.String))
    log, blend = build_log(events, prepared.vocabulary), live_blend(trained)
    ends = np.append(np.flatnonzero(np.diff(log.session)), len(log) - 1)
    asked: dict[str, LeftCart] = {}
    wanted: dict[str, float] = {}
    names = events["shopper"].unique().sort().to_list()
    for end in np.intersect1d(ends, open_carts(log, None, since=BEGIN).position).tolist():
        history, name = history_at(log, end, prepared.vocabulary), names[log.shopper[end]]
        said = blend.leaving(blend.follow(history), now=history.steps[-1].at)
        if said is not None and name not in asked:
            theirs = np.flatnonzero(log.shopper[: end + 1] == log.shopper[end])
            changed = log.at[theirs[np.isin(log.action[theirs], CHANGING)]].max()
            at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(changed))
            asked[name] = LeftCart(at, history.cart)
            wanted[name] = said
    assert len(asked) > 30
    assert len(set(wanted.values())) > 30
    found = stored(tmp_path, trained).chances(events, asked)
    assert found == pytest.approx(wanted, abs=1e-5)


def test_what_is_done_in_later_visits_changes_nothing(trained: Bundle, tmp_path: Path) -> None:
    visit = [("c", "", "tent", "view", 0), ("c", "", "tent", "add", 1), ("c", "", "mat", "view", 9)]
    later = [("c", "", "lamp", "view", 10 + SESSION_GAP / timedelta(minutes=1))]
    head = stored(tmp_path, trained)
    cart = {"c": LeftCart(BEGIN + timedelta(minutes=1), ["tent"])}

    def said(*steps: tuple[str, str, str, str, float]) -> dict[str, float]:
        frame = rows(*steps).with_columns(session=pl.lit(None, pl.String))
        return head.chances(frame, cart)

    assert said(*visit, *later) == said(*visit)
    assert said(*visit) != said(*visit[:2])


def test_of_a_cart_without_steps_nothing_is_said(trained: Bundle, tmp_path: Path) -> None:
    head, carts = stored(tmp_path, trained), {"c": LeftCart(BEGIN, ["tent"])}
    after = rows(("c", "v", "tent", "view", 5))
    assert head.chances(after, carts) == {}
    assert head.chances(after.clear(), carts) == {}


@pytest.mark.parametrize("lacking", ["carts", Lstm.name])
def test_a_version_without_a_second_head_has_none(
    trained: Bundle, tmp_path: Path, lacking: str
) -> None:
    publish(tmp_path, trained, without=lacking)
    assert LeavingHead.load(tmp_path, "one") is None


def test_a_version_of_another_catalogue_or_cut_short_is_refused(
    trained: Bundle, tmp_path: Path
) -> None:
    publish(tmp_path / "foreign", trained, catalogue="0" * 64)
    with pytest.raises(BrokenModelError, match="another catalogue"):
        LeavingHead.load(tmp_path / "foreign", "one")
    publish(tmp_path, trained)
    file = tmp_path / "versions" / "one" / "lstm.npz"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(BrokenModelError, match="cut short"):
        LeavingHead.load(tmp_path, "one")
