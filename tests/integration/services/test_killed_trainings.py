"""`cartwright train`, killed again and again: the shop keeps its model, the training its way."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from db.engine import make_engine, make_session_factory, read_session
from db.models import ModelVersion
from recommender.protocol import History, Surface
from recommender.registry import current, manifests, read
from recommender.serving import Suggester

ROOT = Path(__file__).parents[3]
# None after the last epoch: what is left by then may be over before the kill.
MOMENTS = (
    "training LSTM …", "epoch 1 of 2", "evaluating …", "counting all days …", "refreshing LSTM …",
)  # fmt: skip


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A small demo shop."""
    url = f"sqlite:///{tmp_path_factory.mktemp('killed')}/shop.db"
    words = ["demo", "fill", "--shoppers", "60", "--days", "20"]
    subprocess.run(command(*words), cwd=ROOT, env=environment(url), check=True)
    return url


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "cli.main", *words]


def environment(url: str, models: Path | None = None) -> dict[str, str]:
    folder = {} if models is None else {"CARTWRIGHT_MODELS_DIR": str(models)}
    return os.environ | {"DATABASE_URL": url, "PYTHONUNBUFFERED": "1"} | folder


def train(url: str, models: Path, *words: str) -> str:
    """Train to the end; what is printed."""
    told = subprocess.run(
        command("train", *words),
        cwd=ROOT,
        env=environment(url, models),
        check=True,
        capture_output=True,
        text=True,
    )
    return told.stdout


def killed(url: str, models: Path, moment: str, *words: str) -> None:
    """Train, and kill the process with no chance to clean up as soon as it says `moment`."""
    with subprocess.Popen(
        command("train", *words),
        cwd=ROOT,
        env=environment(url, models),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if moment in line:
                process.kill()
                return
    pytest.fail(f"the training ended without saying {moment!r}")


def learnt(models: Path) -> dict[str, bytes]:
    """The files of the newest version that learnt, but its manifest."""
    version = [one.version for one in manifests(models) if not one.version.endswith("-counts")][-1]
    files = (models / "versions" / version).glob("*.npz")
    return {path.name: path.read_bytes() for path in files}


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_killed_at_every_stage_it_ends_as_if_nothing_had_been(
    database: str, tmp_path: Path
) -> None:
    models, aside = tmp_path / "models", tmp_path / "aside"
    train(database, models, "--epochs", "1", "--seed", "9")
    in_force = current(models)
    words = ["--epochs", "2"]
    for moment in MOMENTS:
        killed(database, models, moment, *words)
        words = ["--resume"]
        assert current(models) == in_force
        assert Suggester.load(models).suggest(History(), k=3, surface=Surface.HOME)
        for manifest in manifests(models):
            read(models, manifest.version)
    told = train(database, models, *words)
    assert "epoch 1 of 2" not in told
    train(database, aside, "--epochs", "2")
    assert learnt(models) == learnt(aside)
    engine = make_engine(database)
    with read_session(make_session_factory(engine)) as session:
        written = session.scalars(select(ModelVersion.version)).all()
    engine.dispose()
    assert {one.version for one in manifests(models)} <= {*written}
