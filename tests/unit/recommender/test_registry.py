"""The registry: whole at any moment, and nothing broken is ever served."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recommender.blend import Blend
from recommender.bundle import Bundle
from recommender.protocol import History, NoModelError, Surface
from recommender.registry import (
    FORMAT,
    KEEP,
    BrokenModelError,
    Manifest,
    current,
    manifests,
    read,
    rollback,
    store,
    switch,
)
from recommender.serving import Suggester


def publish(folder: Path, bundle: Bundle, version: str, *, accepted: bool = True) -> None:
    store(folder, manifest(bundle, version, accepted=accepted), bundle.parts())


def manifest(bundle: Bundle, version: str, *, accepted: bool = True) -> Manifest:
    return Manifest(
        version=version,
        trained_at=f"2026-01-01T00:00:{version[1:].rjust(2, '0')}+00:00",
        catalogue=bundle.vocabulary.fingerprint,
        accepted=accepted,
        sources=tuple(source.name for source in bundle.blend.sources),
    )


def set_format(folder: Path, version: str, number: int) -> None:
    """As if a program of another format had stored it."""
    path = folder / "versions" / version / "manifest.json"
    path.write_text(path.read_text().replace(f'"format": {FORMAT}', f'"format": {number}'))


def test_a_published_version_suggests_what_it_did_before(tmp_path: Path, bundle: Bundle) -> None:
    publish(tmp_path, bundle, "v1")
    switch(tmp_path, "v1")
    history = History(cart=("tent",))
    fresh = Suggester(bundle, version="v1").suggest(history, k=5, surface=Surface.CART)
    stored = Suggester.load(tmp_path).suggest(history, k=5, surface=Surface.CART)
    assert stored == fresh


def test_without_a_model_the_error_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NoModelError, match="cartwright train"):
        Suggester.load(tmp_path)


def test_a_stored_version_is_not_in_force_until_it_is_switched_to(
    tmp_path: Path, bundle: Bundle
) -> None:
    publish(tmp_path, bundle, "v1")
    with pytest.raises(NoModelError):
        current(tmp_path)


def test_a_running_suggester_takes_up_the_new_version(tmp_path: Path, bundle: Bundle) -> None:
    publish(tmp_path, bundle, "v1")
    publish(tmp_path, bundle, "v2")
    switch(tmp_path, "v1")
    suggester = Suggester.load(tmp_path)
    assert not suggester.refresh()
    switch(tmp_path, "v2")
    assert suggester.refresh()
    assert suggester.version == "v2"


@pytest.mark.parametrize("cut", [0, 10, -1])
def test_a_file_that_is_cut_short_is_refused(tmp_path: Path, bundle: Bundle, cut: int) -> None:
    publish(tmp_path, bundle, "v1")
    path = tmp_path / "versions" / "v1" / "rules.npz"
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(BrokenModelError, match=r"rules\.npz is cut short"):
        switch(tmp_path, "v1")


def test_the_old_version_goes_on_serving_where_the_new_one_is_broken(
    tmp_path: Path, bundle: Bundle
) -> None:
    publish(tmp_path, bundle, "v1")
    publish(tmp_path, bundle, "v2")
    switch(tmp_path, "v1")
    suggester = Suggester.load(tmp_path)
    switch(tmp_path, "v2")
    (tmp_path / "versions" / "v2" / "lstm.npz").unlink()
    assert not suggester.refresh()
    assert suggester.version == "v1"
    assert suggester.suggest(History(), k=3, surface=Surface.HOME)


def test_a_file_of_another_version_is_refused(tmp_path: Path, bundle: Bundle) -> None:
    publish(tmp_path, bundle, "v1")
    weights = bundle.blend.weights[:, ::-1] * np.arange(1, 1 + len(bundle.blend.sources))
    other = replace(bundle, blend=Blend(bundle.blend.sources, weights))
    publish(tmp_path, other, "v2")
    versions = tmp_path / "versions"
    (versions / "v1" / "blend.npz").write_bytes((versions / "v2" / "blend.npz").read_bytes())
    with pytest.raises(BrokenModelError, match=r"blend\.npz"):
        read(tmp_path, "v1")


def test_a_model_of_another_catalogue_is_refused(tmp_path: Path, bundle: Bundle) -> None:
    foreign = Manifest(**{**manifest(bundle, "v1").__dict__, "catalogue": "0" * 64})
    store(tmp_path, foreign, bundle.parts())
    switch(tmp_path, "v1")
    with pytest.raises(BrokenModelError, match="another catalogue"):
        Suggester.load(tmp_path)


def test_a_manifest_of_another_format_is_refused(tmp_path: Path, bundle: Bundle) -> None:
    publish(tmp_path, bundle, "v1")
    set_format(tmp_path, "v1", 99)
    with pytest.raises(BrokenModelError, match="format 99"):
        switch(tmp_path, "v1")


def test_a_manifest_that_is_no_json_is_refused(tmp_path: Path, bundle: Bundle) -> None:
    publish(tmp_path, bundle, "v1")
    (tmp_path / "versions" / "v1" / "manifest.json").write_text("{")
    with pytest.raises(BrokenModelError, match="not a manifest"):
        switch(tmp_path, "v1")


def test_rollback_goes_to_the_accepted_version_before(tmp_path: Path, bundle: Bundle) -> None:
    publish(tmp_path, bundle, "v1")
    publish(tmp_path, bundle, "v2", accepted=False)
    publish(tmp_path, bundle, "v3")
    switch(tmp_path, "v3")
    assert rollback(tmp_path) == "v1"
    assert current(tmp_path) == "v1"
    with pytest.raises(NoModelError, match="before v1"):
        rollback(tmp_path)


def test_rollback_to_a_version_that_is_not_there_changes_nothing(
    tmp_path: Path, bundle: Bundle
) -> None:
    publish(tmp_path, bundle, "v1")
    switch(tmp_path, "v1")
    with pytest.raises(BrokenModelError, match="no model version v9"):
        rollback(tmp_path, "v9")
    assert current(tmp_path) == "v1"


def test_nobody_goes_back_to_a_version_of_an_earlier_format(tmp_path: Path, bundle: Bundle) -> None:
    publish(tmp_path, bundle, "v1")
    publish(tmp_path, bundle, "v2")
    set_format(tmp_path, "v1", 2)
    switch(tmp_path, "v2")
    for go_back in (rollback, switch):
        with pytest.raises(
            BrokenModelError, match=rf"format 2, this program reads {FORMAT}: train again"
        ):
            go_back(tmp_path, "v1")
    with pytest.raises(NoModelError, match="no accepted version before v2"):
        rollback(tmp_path)
    assert current(tmp_path) == "v2"


@pytest.mark.parametrize("name", ["", "../v1", ".hidden", "a/b", "x" * 65])
def test_a_name_that_could_leave_the_folder_is_refused(
    tmp_path: Path, bundle: Bundle, name: str
) -> None:
    with pytest.raises(ValueError, match="not a version name"):
        switch(tmp_path, name)


def test_a_version_is_never_written_over(tmp_path: Path, bundle: Bundle) -> None:
    publish(tmp_path, bundle, "v1")
    with pytest.raises(ValueError, match="already"):
        publish(tmp_path, bundle, "v1")


def test_old_versions_are_cleared_away_but_never_the_one_in_force(
    tmp_path: Path, bundle: Bundle
) -> None:
    publish(tmp_path, bundle, "v1")
    switch(tmp_path, "v1")
    for number in range(2, KEEP + 4):
        publish(tmp_path, bundle, f"v{number}")
    switch(tmp_path, "v1")
    kept = {manifest.version for manifest in manifests(tmp_path)}
    assert "v1" in kept
    assert len(kept) == KEEP + 1


def test_old_versions_of_another_format_are_cleared_away_too(
    tmp_path: Path, bundle: Bundle
) -> None:
    for number in range(1, KEEP + 3):
        publish(tmp_path, bundle, f"v{number}")
        if number <= 3:
            set_format(tmp_path, f"v{number}", 2)
    switch(tmp_path, f"v{KEEP + 2}")
    left = {folder.name for folder in (tmp_path / "versions").iterdir()}
    assert left == {f"v{number}" for number in range(3, KEEP + 3)}


PUBLISH_FOREVER = """
import sys
from pathlib import Path
from recommender.registry import Manifest, read, store, switch
folder = Path(sys.argv[1])
manifest, parts = read(folder, "v1")
for number in range(2, 100_000):
    later = Manifest(**{**manifest.__dict__, "version": f"v{number}",
                        "trained_at": f"2026-02-01T00:00:00.{number:06}+00:00"})
    store(folder, later, parts)
    switch(folder, later.version)
"""


@pytest.mark.parametrize("milliseconds", [0, 13, 37, 61, 89])
def test_a_publisher_killed_at_any_moment_leaves_the_registry_whole(
    tmp_path: Path, bundle: Bundle, milliseconds: int
) -> None:
    publish(tmp_path, bundle, "v1")
    switch(tmp_path, "v1")
    publisher = subprocess.Popen([sys.executable, "-c", PUBLISH_FOREVER, str(tmp_path)])
    while current(tmp_path) == "v1" and publisher.poll() is None:
        time.sleep(0.005)
    time.sleep(milliseconds / 1000)
    os.kill(publisher.pid, signal.SIGKILL)
    publisher.wait()
    assert Suggester.load(tmp_path).suggest(History(), k=3, surface=Surface.HOME)
    for manifest in manifests(tmp_path):
        read(tmp_path, manifest.version)
