"""Suggests in process, from the registry's version in force."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from threading import Lock

import numpy as np
import polars as pl
import structlog

from recommender.bundle import Bundle
from recommender.filters import allowed
from recommender.live import LiveBlend
from recommender.neighbours import SessionNeighbours
from recommender.newcomers import Embed, Newcomers
from recommender.occlusion import moved_most
from recommender.protocol import (
    History,
    NoModelError,
    Step,
    Suggested,
    Surface,
)
from recommender.registry import BrokenModelError, current, read
from recommender.rule_sources import AssociationRules
from recommender.sequences import Bools, Vocabulary, encode
from recommender.spoken import SPOKEN_FOR, Spoken

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Loaded:
    """One version, ready to answer."""

    version: str
    bundle: Bundle
    blend: LiveBlend
    speaks_until: datetime | None
    """When its rules expire; None where they have, or never do."""
    trained: Bundle
    """As stored: `bundle` without the products that came since."""
    newcomers: Newcomers | None = None
    placed: Mapping[str, str | None] = field(default_factory=dict)
    """The category that each of the newcomers was placed in, in their order."""
    edition: int = field(default_factory=count().__next__)
    """Another for each of the process: what was kept for another does not hold for this one."""


@dataclass(frozen=True, slots=True)
class Grounds:
    """The product that moved the network most, and what people in visits like this one did.

    `people` of the `of` people turned to the suggested product; both None where fewer than may be
    told did.
    """

    moved_by: str | None = None
    people: int | None = None
    of: int | None = None


class Suggester:
    """The model in force, ready to answer. Safe to share between threads."""

    def __init__(
        self,
        bundle: Bundle,
        *,
        version: str,
        models_dir: Path | None = None,
        min_people: int = 5,
        speaks_until: datetime | None = None,
    ) -> None:
        self._models_dir = models_dir
        self._min_people = min_people
        self._loaded = self._ready(bundle, version, speaks_until)
        self._refused: str | None = None
        self._loading = Lock()
        self._available: tuple[frozenset[str], int, Bools] | None = None

    @classmethod
    def load(
        cls, models_dir: Path, *, min_people: int = 5, now: datetime | None = None
    ) -> "Suggester":
        """The registry's version in force; at `now` its rules may be too old to be spoken.

        Raises NoModelError where there is none, BrokenModelError where it cannot be trusted.
        """
        version = current(models_dir)
        bundle, speaks_until = _load(models_dir, version)
        suggester = cls(
            bundle,
            version=version,
            models_dir=models_dir,
            min_people=min_people,
            speaks_until=speaks_until,
        )
        suggester._forget_stale(now)
        return suggester

    def _ready(
        self,
        trained: Bundle,
        version: str,
        speaks_until: datetime | None,
        newcomers: Newcomers | None = None,
        placed: Mapping[str, str | None] | None = None,
    ) -> Loaded:
        bundle = trained if newcomers is None else trained.grown(newcomers)
        evidence = bundle.evidence(self._min_people)
        complements = AssociationRules(evidence.together.rules, len(bundle.vocabulary))
        blend = LiveBlend(bundle, evidence, complements)
        _try_out(blend)
        return Loaded(version, bundle, blend, speaks_until, trained, newcomers, placed or {})

    def _forget_stale(self, now: datetime | None) -> None:
        """Speak no longer of rules that were mined too long ago; the ranking stays."""
        loaded = self._loaded
        if now is not None and loaded.speaks_until is not None and now >= loaded.speaks_until:
            silent = replace(loaded.trained, spoken=Spoken.nothing())
            self._loaded = self._ready(
                silent, loaded.version, None, loaded.newcomers, loaded.placed
            )
            structlog.get_logger().warning("rules_expired", version=loaded.version)

    @property
    def version(self) -> str:
        """The version in use."""
        return self._loaded.version

    @property
    def vocabulary(self) -> Vocabulary:
        """The items that the version knows."""
        return self._loaded.bundle.vocabulary

    def check(self, on_sale: Collection[str]) -> None:
        """Raise BrokenModelError where the version knows less than half of what is on sale."""
        _check_catalogue(self._loaded.trained, self.version, on_sale)

    def unplaced(self, on_sale: Mapping[str, str | None]) -> bool:
        """Whether a product on sale is newer than training, and not placed in its category yet.

        `on_sale` has each product's category.
        """
        placed, known = self._loaded.placed, self._loaded.trained.vocabulary.index
        return any(
            product not in known and (product not in placed or placed[product] != category)
            for product, category in on_sale.items()
        )

    def place(
        self, on_sale: Mapping[str, str | None], catalogue: pl.DataFrame, embed: Embed
    ) -> None:
        """Know the products on sale that are newer than training, as `Newcomers.placed` says.

        The version stays the same, and so does the index of every item known so far.
        """
        with self._loading:
            loaded = self._loaded
            known = loaded.trained.vocabulary.index
            new = {item: on_sale[item] for item in sorted(on_sale) if item not in known}
            placed = {**loaded.placed, **new}
            newcomers = Newcomers.placed(
                list(placed), catalogue, loaded.trained.vocabulary, loaded.trained.facts, embed
            )
            self._loaded = self._ready(
                loaded.trained, loaded.version, loaded.speaks_until, newcomers, placed
            )

    def refresh(self, *, on_sale: Collection[str] = (), now: datetime | None = None) -> bool:
        """Take up another version if the registry's pointer moved; True if it did.

        Rules that have expired by `now` are spoken of no longer.

        A version that cannot be trusted, or that knows less than half of what is `on_sale`, is
        refused once, and the old one goes on serving; so it does for other threads meanwhile.
        """
        if self._models_dir is None or not self._loading.acquire(blocking=False):
            return False
        try:
            moved = self._refresh(self._models_dir, on_sale)
            self._forget_stale(now)
            return moved
        finally:
            self._loading.release()

    def _refresh(self, models_dir: Path, on_sale: Collection[str]) -> bool:
        version: str | None = None
        try:
            version = current(models_dir)
            if version in (self._loaded.version, self._refused):
                return False
            bundle, speaks_until = _load(models_dir, version)
            _check_catalogue(bundle, version, on_sale)
            self._loaded = self._ready(bundle, version, speaks_until)
        except (BrokenModelError, NoModelError) as error:
            self._refused = version
            structlog.get_logger().warning(
                "model_refused", refused=version, serving=self.version, error=str(error)
            )
            return False
        return True

    def suggest(
        self,
        history: History,
        *,
        k: int,
        surface: Surface,
        exclude: Collection[str] = (),
        available: Collection[str] | None = None,
        anchor: str | None = None,
    ) -> list[Suggested]:
        """At most k products, best first; fewer where no more may be shown or are known.

        `anchor` is the product that the page or the question is about. Never the anchor, what lies
        in the cart, is owned (unless people buy it again and again), excluded, unavailable, or was
        already turned to in this session.
        """
        loaded = self._loaded
        live = loaded.blend.follow(history, exclude)
        mask = self.mask(available, loaded)
        return loaded.blend.suggest(live, k=k, surface=surface, available=mask, anchor=anchor)

    def leaving(self, history: History, *, now: datetime) -> float | None:
        """How likely the open cart will not be bought in this visit; None where that is unknown."""
        blend = self._loaded.blend
        return blend.leaving(blend.follow(history), now=now)

    def grounds(self, history: History, product: str) -> Grounds:
        """What a suggestion of the product rests on, for who asks to know more."""
        bundle = self._loaded.bundle
        item, blend = bundle.vocabulary.get(product), bundle.blend
        steps = [(step.product_id, step.action, step.at) for step in history.steps]
        batch = encode(steps, bundle.vocabulary)
        if item < 0 or not len(batch.item[0]):
            return Grounds()
        moved = moved_most(blend, batch, item)
        moved_by = None if moved is None else bundle.vocabulary.items[moved]
        near = bundle.source(SessionNeighbours.name)
        session = np.array(batch.session_items(0), np.int32)
        if not isinstance(near, SessionNeighbours) or not len(session):
            return Grounds(moved_by)
        people, of = near.people(session, item)
        return Grounds(moved_by, people, of) if people >= self._min_people else Grounds(moved_by)

    @property
    def in_force(self) -> Loaded:
        """The version to answer with; it stays whole when another is taken up meanwhile."""
        return self._loaded

    def mask(self, available: Collection[str] | None, loaded: Loaded) -> Bools:
        """Which of the version's items are `available`; made once for a frozenset."""
        vocabulary = loaded.bundle.vocabulary
        if not isinstance(available, frozenset):
            return allowed(vocabulary, available=available)
        # The same frozenset comes with request after request, and may hold a whole catalogue.
        known = self._available
        if known is None or known[0] is not available or known[1] != loaded.edition:
            known = (available, loaded.edition, allowed(vocabulary, available=available))
            self._available = known
        return known[2]


def _try_out(blend: LiveBlend) -> None:
    """Follow somebody and ask for something on each surface: that compiles what serving needs.

    So no shopper waits for it; on a machine that has never served, it takes some twenty seconds.
    """
    items = blend.vocabulary.items[:2]
    steps = tuple(
        Step(item, "view", _EPOCH + timedelta(minutes=at)) for at, item in enumerate(items)
    )
    before = blend.follow(History(steps[:-1]))
    live = blend.follow(History(steps, cart=items), before=before)
    everything = allowed(blend.vocabulary)
    for surface in Surface:
        for anchor in (None, *items[:1]):
            blend.suggest(live, k=2, surface=surface, available=everything, anchor=anchor)


def _load(models_dir: Path, version: str) -> tuple[Bundle, datetime]:
    """A version, and when its rules expire."""
    manifest, parts = read(models_dir, version)
    bundle = Bundle.from_parts(parts, sources=manifest.sources, catalogue=manifest.catalogue)
    try:
        trained_at = datetime.fromisoformat(manifest.trained_at)
    except ValueError as error:
        raise BrokenModelError(f"version {version} does not say when it was trained") from error
    return bundle, trained_at + SPOKEN_FOR


def _check_catalogue(bundle: Bundle, version: str, on_sale: Collection[str]) -> None:
    known = sum(product in bundle.vocabulary.index for product in on_sale)
    if known * 2 < len(on_sale):
        raise BrokenModelError(
            f"version {version} knows {known} of the {len(on_sale)} products on sale: it was "
            "trained on another catalogue; train again with `cartwright train`"
        )
