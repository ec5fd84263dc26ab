"""Trains the recommender on the shop's own database, judges it and publishes it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import polars as pl
from sqlalchemy import insert

from core.ids import new_id
from core.settings import Settings
from db.engine import make_engine, make_session_factory, read_session
from db.models import ModelVersion
from db.reads.training import event_frame, item_frame
from recommender.ablation import Relearnt
from recommender.blend import Blend
from recommender.bundle import Bundle
from recommender.evaluation import Oracle
from recommender.fitting import TrainConfig
from recommender.fusion import without_each
from recommender.lstm_step import Weights
from recommender.prepared import Prepared, prepare
from recommender.progress import Progress
from recommender.protocol import Arrays, NoModelError
from recommender.registry import (
    BrokenModelError,
    Manifest,
    manifest_of,
    store,
    switch,
)
from recommender.relearning import Lesson, relearn
from recommender.report import Report
from recommender.seeds import repeat
from recommender.serving import Suggester
from recommender.training import counts_only, measure_models, refresh
from recommender.warm_start import PART, WarmStart
from services.embedding import Embedder
from services.noise import noisy_days, set_aside
from services.robots import Robots, without_robots


class NothingToLearnError(Exception):
    """The shop has no events yet; the message says what to do."""


@dataclass(frozen=True)
class Frames:
    """What shoppers did, what the shop sells, and how many were left out by which robot rule."""

    events: pl.DataFrame
    items: pl.DataFrame
    robots: Robots = field(default_factory=dict)
    aside: pl.DataFrame | None = None
    """What cleaning and the robot rules kept from being learnt, where that was asked for."""


@dataclass(frozen=True)
class Outcome:
    """What training led to; `message` says which version is in force now and why."""

    report: Report
    version: str
    message: str


def read_frames(
    settings: Settings, *, now: datetime, progress: Progress, aside: bool = False
) -> Frames:
    """The frames of the shop's database, without robots; `aside` reads what is left out too."""
    progress.begin("reading events", 1)
    engine = make_engine(settings.database_url)
    try:
        with read_session(make_session_factory(engine)) as session:
            events, robots = without_robots(session, event_frame(session), now=now)
            items = item_frame(session, now=now)
            left_out = set_aside(session, events) if aside else None
    finally:
        engine.dispose()
    progress.advance(1)
    return Frames(events, items, robots, left_out)


def evaluate_models(
    frames: Frames,
    *,
    config: TrainConfig,
    progress: Progress,
    oracles: Mapping[str, Callable[[], Oracle]],
    seeds: int = 1,
    fusion: bool = False,
    noise_at: datetime | None = None,
) -> Report:
    """Every model on the last days, without publishing anything.

    With more `seeds` than one, what learns by chance is trained by each of them. With `fusion` the
    blend is trained again without each class of events, and with `noise_at`, the time that cleaning
    goes by, from noisy events.
    """
    made = prepared(frames)
    measured = measure_models(
        made, config=config, progress=progress, oracles=oracles, ablation=True
    )
    held_out = measured.held_out
    if held_out is None or not len(held_out.test):
        return measured.report

    def relearnt(lessons: Iterable[Lesson]) -> tuple[Relearnt, ...]:
        return relearn(lessons, measured.blend, held_out, made, config=config, progress=progress)

    report = measured.report
    if seeds > 1:
        chance = repeat(
            measured.rankings, held_out, made, config=config, seeds=seeds, progress=progress
        )
        report = replace(report, chance=chance)
    if fusion:
        report = replace(report, fusion=relearnt(without_each(made, held_out)))
    if noise_at is not None:
        aside = frames.events.clear() if frames.aside is None else frames.aside
        lessons = noisy_days(made, held_out, aside, seed=config.lstm.seed, now=noise_at)
        report = replace(report, noise=relearnt(lessons))
    return report


def train_and_publish(
    settings: Settings,
    frames: Frames,
    *,
    config: TrainConfig,
    now: datetime,
    progress: Progress,
    start: Weights | None = None,
    keep: Path | None = None,
    made: Prepared | None = None,
) -> Outcome:
    """Train, store, write the model_versions row, and put in force what the gate allows.

    A model that does not pass is stored and not put in force. Where nothing fit for this catalogue
    is in force, a version that only counts (rules, neighbours, popularity) is, so that the shop
    suggests what its data can carry. `start` and `keep` are `measure_models`'.
    `made` are the frames where they are ready already.
    """
    made = made or prepared(frames)
    measured = measure_models(made, config=config, progress=progress, start=start, keep=keep)
    bundle = refresh(measured, config=config, progress=progress, keep=keep)
    report = measured.report
    version = f"{now:%Y%m%d-%H%M%S}-{new_id()[:6]}"
    warm = WarmStart.of(measured)
    parts = bundle.parts() | ({} if warm is None else {PART: warm.arrays()})
    _store(settings, bundle, parts, version, report, now, accepted=report.accepted)
    # Before the switch, so that whatever is in force has its row, whoever is killed in between.
    _record(settings, version, report, now)
    if report.accepted:
        switch(settings.models_dir, version)
        return Outcome(report, version, f"Version {version} is in force.")
    in_force = _in_force(settings, made)
    if in_force is not None and manifest_of(settings.models_dir, in_force).accepted:
        message = f"Version {version} is stored, not put in force; {in_force} goes on serving."
        return Outcome(report, version, message)
    counted = f"{version}-counts"
    only = counts_only(made, min_people=config.min_people)
    _store(settings, only, only.parts(), counted, report, now, accepted=False)
    _record(settings, counted, report, now)
    switch(settings.models_dir, counted)
    return Outcome(
        report,
        version,
        f"Version {version} is stored, not put in force. Version {counted} is: rules, neighbours "
        "and popularity counted from the events, with nothing learnt on top.",
    )


def prepared(frames: Frames) -> Prepared:
    """The frames made ready. Raises NothingToLearnError where no event names a product."""
    try:
        return prepare(frames.events, frames.items, embed=Embedder.load().vectors)
    except ValueError as error:
        raise NothingToLearnError(f"Nothing to train on: {error}.") from error


def _store(
    settings: Settings,
    bundle: Bundle,
    parts: Mapping[str, Arrays],
    version: str,
    report: Report,
    now: datetime,
    *,
    accepted: bool,
) -> None:
    manifest = Manifest(
        version=version,
        trained_at=now.isoformat(),
        catalogue=bundle.vocabulary.fingerprint,
        accepted=accepted,
        sources=tuple(source.name for source in bundle.blend.sources),
        metrics=_headline(report),
    )
    store(settings.models_dir, manifest, parts)


def _headline(report: Report) -> dict[str, float]:
    row = next((row for row in report.rows if row.name == Blend.name), None)
    return (
        {}
        if row is None or row.every.cases == 0
        else {
            "recall": row.every.recall,
            "mrr": row.every.mrr,
        }
    )


def _record(settings: Settings, version: str, report: Report, now: datetime) -> None:
    engine = make_engine(settings.database_url)
    try:
        with make_session_factory(engine).begin() as session:
            session.execute(
                insert(ModelVersion).values(
                    version=version,
                    trained_at=now,
                    events=report.events,
                    people=report.people,
                    metrics=report.to_json(),
                    accepted=report.accepted,
                )
            )
    finally:
        engine.dispose()


def model_in_force(settings: Settings, frames: Frames) -> str | None:
    """The version in force, if it can be read and knows most of this shop's products."""
    return _in_force(settings, prepared(frames))


def _in_force(settings: Settings, made: Prepared) -> str | None:
    try:
        suggester = Suggester.load(settings.models_dir)
    except (NoModelError, BrokenModelError):
        return None
    known = suggester.vocabulary.index
    shared = sum(item in known for item in made.vocabulary.items)
    return suggester.version if shared * 2 >= len(made.vocabulary) else None
