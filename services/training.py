"""Trains the recommender on the shop's own database, judges it and publishes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import polars as pl
from sqlalchemy import insert

from core.ids import new_id
from core.settings import Settings
from db.engine import make_engine, make_session_factory, read_session
from db.models import ModelVersion
from db.reads.training import event_frame, item_frame
from recommender.blend import Blend
from recommender.bundle import Bundle
from recommender.evaluation import Oracle
from recommender.lstm import LstmConfig
from recommender.protocol import NoModelError
from recommender.registry import (
    BrokenModelError,
    Manifest,
    manifest_of,
    store,
    switch,
)
from recommender.report import Report
from recommender.serving import Suggester
from recommender.training import (
    Prepared,
    Progress,
    TrainConfig,
    counts_only,
    measure_models,
    prepare,
    refresh,
)
from services.robots import Robots, without_robots


class NothingToLearnError(Exception):
    """The shop has no events yet; the message says what to do."""


@dataclass(frozen=True)
class Frames:
    """What shoppers did, what the shop sells, and how many were left out by which robot rule."""

    events: pl.DataFrame
    items: pl.DataFrame
    robots: Robots = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What training led to; `message` says which version is in force now and why."""

    report: Report
    version: str
    message: str


def read_frames(settings: Settings, *, now: datetime, progress: Progress) -> Frames:
    """The frames of the shop's database, without robots."""
    progress.begin("reading events", 1)
    engine = make_engine(settings.database_url)
    try:
        with read_session(make_session_factory(engine)) as session:
            events, robots = without_robots(session, event_frame(session), now=now)
            items = item_frame(session, now=now)
    finally:
        engine.dispose()
    progress.advance(1)
    return Frames(events, items, robots)


def evaluate_models(
    frames: Frames,
    *,
    seed: int,
    epochs: int | None,
    progress: Progress,
    oracles: Mapping[str, Callable[[], Oracle]],
) -> Report:
    """Every model on the last days, without publishing anything."""
    return measure_models(
        _prepared(frames),
        config=_config(seed, epochs),
        progress=progress,
        oracles=oracles,
        ablation=True,
    ).report


def train_and_publish(
    settings: Settings,
    frames: Frames,
    *,
    now: datetime,
    seed: int,
    epochs: int | None,
    progress: Progress,
) -> Outcome:
    """Train, store, and put in force what the gate allows; write the model_versions row.

    A model that does not pass is stored and not put in force. Where nothing fit for this catalogue
    is in force, a version that only counts (rules, neighbours, popularity) is, so that the shop
    suggests what its data can carry.
    """
    prepared = _prepared(frames)
    config = replace(_config(seed, epochs), min_people=settings.min_people)
    measured = measure_models(prepared, config=config, progress=progress)
    bundle = refresh(measured, config=config, progress=progress)
    report = measured.report
    version = f"{now:%Y%m%d-%H%M%S}-{new_id()[:6]}"
    _store(settings, bundle, version, report, now, accepted=report.accepted)
    if report.accepted:
        switch(settings.models_dir, version)
        _record(settings, version, report, now)
        return Outcome(report, version, f"Version {version} is in force.")
    _record(settings, version, report, now)
    in_force = _in_force(settings, prepared)
    if in_force is not None and manifest_of(settings.models_dir, in_force).accepted:
        message = f"Version {version} is stored, not put in force; {in_force} goes on serving."
        return Outcome(report, version, message)
    counted = f"{version}-counts"
    _store(
        settings,
        counts_only(prepared, min_people=settings.min_people),
        counted,
        report,
        now,
        accepted=False,
    )
    switch(settings.models_dir, counted)
    return Outcome(
        report,
        version,
        f"Version {version} is stored, not put in force. Version {counted} is: rules, neighbours "
        "and popularity counted from the events, with nothing learnt on top.",
    )


def _prepared(frames: Frames) -> Prepared:
    try:
        return prepare(frames.events, frames.items)
    except ValueError as error:
        raise NothingToLearnError(f"Nothing to train on: {error}.") from error


def _config(seed: int, epochs: int | None) -> TrainConfig:
    network = LstmConfig(seed=seed)
    return TrainConfig(lstm=replace(network, epochs=epochs) if epochs else network)


def _store(
    settings: Settings,
    bundle: Bundle,
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
    store(settings.models_dir, manifest, bundle.parts())


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
    return _in_force(settings, _prepared(frames))


def _in_force(settings: Settings, prepared: Prepared) -> str | None:
    try:
        suggester = Suggester.load(settings.models_dir)
    except (NoModelError, BrokenModelError):
        return None
    known = suggester.vocabulary.index
    shared = sum(item in known for item in prepared.vocabulary.items)
    return suggester.version if shared * 2 >= len(prepared.vocabulary) else None
