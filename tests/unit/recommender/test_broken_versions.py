"""Whatever file of a version is broken, the version is refused and the old one goes on serving."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from structlog.testing import capture_logs

from recommender.bundle import Bundle
from recommender.prepared import prepare
from recommender.protocol import History, Surface
from recommender.registry import Manifest, store
from recommender.serving import Suggester
from recommender.training import counts_only
from recommender.warm_start import PART, WarmStart
from tests.unit.recommender.shop import item_frame, planted_events

HISTORY = History(cart=("tent",))
CUTS = 4


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory, bundle: Bundle) -> Path:
    """Versions v1 and v2 alike, and in the folder `other` version v2 of another shop."""
    folder = tmp_path_factory.mktemp("models")
    network = bundle.source("lstm")
    warm = {} if network is None else {PART: {**network.arrays(), "until": np.array(7)}}
    for version in ("v1", "v2"):
        _store(folder, bundle, version, warm)
    renamed = (pl.col("product") + "-b").alias("product")
    more = pl.concat([item_frame(), item_frame().head(1).with_columns(product=pl.lit("hammock"))])
    shop = prepare(planted_events(seed=2).with_columns(renamed), more.with_columns(renamed))
    _store(folder / "other", counts_only(shop), "v2", {})
    return folder


def _store(
    folder: Path, bundle: Bundle, version: str, more: dict[str, dict[str, np.ndarray]]
) -> None:
    manifest = Manifest(
        version=version,
        trained_at="2026-01-01T00:00:00+00:00",
        catalogue=bundle.vocabulary.fingerprint,
        accepted=True,
        sources=tuple(source.name for source in bundle.blend.sources),
    )
    store(folder, manifest, bundle.parts() | more)


def broken(registry: Path, path: Path, content: bytes) -> str:
    """What is said of v2 with `content` in one of its files; v1 must go on suggesting as before."""
    whole = path.read_bytes()
    (registry / "current").write_text("v1")
    suggester = Suggester.load(registry)
    before = suggester.suggest(HISTORY, k=5, surface=Surface.CART)
    path.write_bytes(content)
    (registry / "current").write_text("v2")
    try:
        with capture_logs() as logs:
            assert not suggester.refresh(), path.name
    finally:
        path.write_bytes(whole)
    assert suggester.version == "v1"
    assert suggester.suggest(HISTORY, k=5, surface=Surface.CART) == before
    (refused,) = [one for one in logs if one["event"] == "model_refused"]
    assert (refused["refused"], refused["serving"]) == ("v2", "v1")
    return str(refused["error"])


def files(registry: Path) -> Iterator[Path]:
    """Every file of v2 but its manifest."""
    yield from sorted((registry / "versions" / "v2").glob("*.npz"))


def test_it_is_taken_up_where_nothing_is_broken(registry: Path) -> None:
    (registry / "current").write_text("v1")
    suggester = Suggester.load(registry)
    (registry / "current").write_text("v2")
    assert suggester.refresh()
    assert suggester.version == "v2"


def test_any_file_cut_short_anywhere(registry: Path) -> None:
    draw = np.random.default_rng(1)
    for path in files(registry):
        whole = path.read_bytes()
        for length in {0, len(whole) - 1, *draw.integers(len(whole), size=CUTS).tolist()}:
            said = broken(registry, path, whole[:length])
            assert f"{path} is cut short" in said
            assert "train again with `cartwright train`" in said


def test_a_bit_turned_in_any_file(registry: Path) -> None:
    draw = np.random.default_rng(2)
    for path in files(registry):
        content = bytearray(path.read_bytes())
        content[draw.integers(len(content))] ^= 1
        assert f"{path} is cut short or not the file" in broken(registry, path, bytes(content))


def test_any_file_of_a_version_trained_on_another_catalogue(registry: Path) -> None:
    theirs = [*files(registry / "other")]
    assert len(theirs) > 8
    for other in theirs:
        path = registry / "versions" / "v2" / other.name
        said = broken(registry, path, other.read_bytes())
        assert f"{path} is cut short or not the file of this version" in said


def test_the_manifest_cut_short_anywhere(registry: Path) -> None:
    path = registry / "versions" / "v2" / "manifest.json"
    whole = path.read_bytes()
    for length in np.random.default_rng(3).integers(len(whole), size=12).tolist():
        said = broken(registry, path, whole[:length])
        assert f"{path} is not a manifest" in said
        assert "cartwright models rollback" in said


def test_the_manifest_of_another_version_or_of_another_catalogue(registry: Path) -> None:
    path = registry / "versions" / "v2" / "manifest.json"
    ours = (registry / "versions" / "v1" / "manifest.json").read_bytes()
    assert "belongs to version v1, not v2" in broken(registry, path, ours)
    theirs = (registry / "other" / "versions" / "v2" / "manifest.json").read_bytes()
    assert "is cut short or not the file of this version" in broken(registry, path, theirs)


@pytest.mark.parametrize("content", [b"[]", b"null", b'"v2"', b"\xff\xfe", b"{}"])
def test_a_manifest_that_is_another_document(registry: Path, content: bytes) -> None:
    path = registry / "versions" / "v2" / "manifest.json"
    assert f"{path} is not a manifest" in broken(registry, path, content)


def test_the_kept_network_comes_back_as_it_was(bundle: Bundle, registry: Path) -> None:
    with np.load(registry / "versions" / "v2" / f"{PART}.npz") as arrays:
        kept = WarmStart.from_arrays(dict(arrays))
    network = bundle.source("lstm")
    assert network is not None
    assert kept.until == 7
    np.testing.assert_array_equal(kept.weights.item, network.arrays()["item"])
