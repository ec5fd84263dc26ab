"""One training at a time, and what a stopped one goes on from.

    models_dir/
        training.lock        held while a training runs; the system lets go of it if that is killed
        training/            what the training that runs, or was stopped, was told and learns from
            run.json         when it began, its settings, how many robots were left out
            events.parquet, items.parquet
            start.npz        the weights it began with, where it did not begin from nothing
            measured, refreshed   how far the network is (recommender/checkpoint.py)

The shop goes on while it trains, so a later look at the database would find other events. That is
why what it learns from is kept, with numbers in the place of shoppers' and sessions' ids, in a
folder that no other user of the machine may read. It is gone when the training is over.
"""

import fcntl
import io
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import polars as pl

from core.clock import parse_utc
from core.files import flush_folder, write_file
from core.ids import new_id
from core.settings import Settings
from recommender.bundle import Bundle
from recommender.fitting import TrainConfig
from recommender.lstm import LstmConfig
from recommender.lstm_step import Weights
from recommender.prepared import Prepared
from recommender.progress import Progress
from recommender.protocol import NoModelError
from recommender.registry import BrokenModelError, current, read
from recommender.warm_start import PART, ColdError, WarmStart, going_on
from services.embedding import Embedder
from services.training import Frames, NothingToLearnError, Outcome, prepared, train_and_publish

LOCK = "training.lock"
FOLDER = "training"
TOLD = "run.json"
START = "start.npz"


class UnderWayError(Exception):
    """Another training runs; the message says what to do."""


class NotStoppedError(Exception):
    """There is no stopped training to go on with; the message says what to do."""


@dataclass(frozen=True)
class Run:
    """What a training was told, and what it learns from."""

    begun_at: datetime
    config: TrainConfig
    frames: Frames
    start: Weights | None = None


@contextmanager
def one_at_a_time(models_dir: Path) -> Iterator[None]:
    """Hold the registry's training lock. Raises UnderWayError where another process does."""
    models_dir.mkdir(parents=True, exist_ok=True)
    with (models_dir / LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UnderWayError(
                f"Another training runs (it holds {models_dir / LOCK}): wait until it has ended."
            ) from None
        yield


def train_anew(
    settings: Settings,
    frames: Frames,
    *,
    config: TrainConfig,
    now: datetime,
    progress: Progress,
    warm: bool = False,
) -> Outcome:
    """Train on the frames and publish; what a training stopped earlier left is given up.

    With `warm` the network goes on from that of the version in force, where there is one that it
    can go on from; why not is told to `progress`. To be called by whoever holds the lock. Raises
    NothingToLearnError.
    """
    frames = replace(frames, events=numbered(frames.events))
    config = replace(config, min_people=settings.min_people)
    start, made = None, None
    if warm:
        made = prepared(frames)
        try:
            start = _weights_in_force(settings, made, frames.items, config)
        except ColdError as error:
            progress.tell(f"The network begins from nothing: {error}.")
    if (settings.models_dir / FOLDER).exists():
        progress.tell("What a training that was stopped left is given up: this one begins anew.")
    run = Run(now, config, frames, start)
    _keep(settings.models_dir, run)
    return _finish(settings, run, progress, made=made)


def resume(settings: Settings, *, progress: Progress) -> Outcome:
    """Go on with the stopped training, on what it began with, and publish.

    To be called by whoever holds the lock. Raises NotStoppedError where none was stopped or what it
    left cannot be read, CheckpointError where the network's standing cannot be used.
    """
    return _finish(settings, stopped(settings.models_dir), progress)


def numbered(events: pl.DataFrame) -> pl.DataFrame:
    """The events with numbers in place of shoppers' and sessions' ids, in the same order."""
    return events.with_columns(pl.col("shopper", "session").rank("dense"))


def stopped(models_dir: Path) -> Run:
    """What the stopped training was told. Raises NotStoppedError."""
    folder = models_dir / FOLDER
    try:
        told = json.loads((folder / TOLD).read_bytes())
        config = TrainConfig(**{**told["config"], "lstm": LstmConfig(**told["config"]["lstm"])})
        frames = Frames(
            pl.read_parquet(folder / "events.parquet"),
            pl.read_parquet(folder / "items.parquet"),
            told["robots"],
        )
        start = None
        if (folder / START).exists():
            # From memory: of a damaged file numpy leaves the handle open.
            content = io.BytesIO((folder / START).read_bytes())
            with np.load(content, allow_pickle=False) as arrays:
                start = Weights.from_arrays(dict(arrays))
        return Run(parse_utc(told["begun_at"]), config, frames, start)
    except FileNotFoundError:
        raise NotStoppedError(
            f"No training was stopped (there is no {folder}): begin one with `cartwright train`."
        ) from None
    except (
        OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile, pl.exceptions.PolarsError,
    ) as error:  # fmt: skip
        raise NotStoppedError(
            f"{folder} cannot be gone on from ({error}): begin anew with `cartwright train`."
        ) from error


def _finish(
    settings: Settings, run: Run, progress: Progress, *, made: Prepared | None = None
) -> Outcome:
    folder = settings.models_dir / FOLDER
    try:
        outcome = train_and_publish(
            settings,
            run.frames,
            config=run.config,
            now=run.begun_at,
            progress=progress,
            start=run.start,
            keep=folder,
            made=made,
        )
    except NothingToLearnError:
        shutil.rmtree(folder)
        raise
    shutil.rmtree(folder)
    return outcome


def _keep(models_dir: Path, run: Run) -> None:
    """Write down the run, whole before it gets its name."""
    for left in [*models_dir.glob(f".{FOLDER}-*"), models_dir / FOLDER]:
        shutil.rmtree(left, ignore_errors=True)
    folder = models_dir / f".{FOLDER}-{new_id()}"
    folder.mkdir(mode=0o700, parents=True)
    told = {
        "begun_at": run.begun_at.isoformat(),
        "config": asdict(run.config),
        "robots": dict(run.frames.robots),
    }
    write_file(folder / TOLD, json.dumps(told, indent=1).encode())
    for name, frame in (("events", run.frames.events), ("items", run.frames.items)):
        buffer = io.BytesIO()
        frame.write_parquet(buffer)
        write_file(folder / f"{name}.parquet", buffer.getvalue())
    if run.start is not None:
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **run.start.arrays())
        write_file(folder / START, buffer.getvalue())
    flush_folder(folder)
    folder.rename(models_dir / FOLDER)
    flush_folder(models_dir)


def _weights_in_force(
    settings: Settings, made: Prepared, catalogue: pl.DataFrame, config: TrainConfig
) -> Weights:
    """Raises ColdError where there are none to go on from."""
    try:
        version = current(settings.models_dir)
        manifest, parts = read(settings.models_dir, version)
        if PART not in parts:
            raise ColdError(f"version {version}, which is in force, keeps no network to go on from")
        old = Bundle.from_parts(parts, sources=manifest.sources, catalogue=manifest.catalogue)
        kept = WarmStart.from_arrays(parts[PART])
    except (NoModelError, BrokenModelError) as error:
        raise ColdError(str(error)) from error
    try:
        return going_on(kept, old, made, catalogue, config=config, embed=Embedder.load().vectors)
    except ColdError as error:
        raise ColdError(f"from version {version} it cannot go on, as {error}") from error
