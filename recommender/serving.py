"""Suggests in process: models loaded once, one LSTM pass and one matrix product a request."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import structlog
from numpy.typing import NDArray

from recommender.blend import shares
from recommender.bundle import Bundle
from recommender.filters import allowed
from recommender.protocol import (
    History,
    NoModelError,
    Scores,
    Suggested,
    Surface,
)
from recommender.reasons import Evidence, Reasons
from recommender.registry import BrokenModelError, current, read
from recommender.rules import AssociationRules, founded
from recommender.sequences import Batch, Bools, Vocabulary, encode

# How much what is taken together counts on each surface, and what is left of the score of a
# product of the same category: next to a tent belongs a mat, not another tent.
TOGETHER = {Surface.PRODUCT: 0.7, Surface.CART: 0.5}
SAME_CATEGORY = {Surface.PRODUCT: 0.05, Surface.CART: 0.3}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class _Loaded:
    version: str
    bundle: Bundle
    evidence: Evidence
    complements: AssociationRules


class Suggester:
    """The model in force, ready to answer. Safe to share between threads."""

    def __init__(
        self, bundle: Bundle, *, version: str, models_dir: Path | None = None, min_people: int = 5
    ) -> None:
        self._models_dir = models_dir
        self._min_people = min_people
        self._loaded = self._ready(bundle, version)
        self._refused: str | None = None
        self._available: tuple[frozenset[str], str, Bools] | None = None

    @classmethod
    def load(cls, models_dir: Path, *, min_people: int = 5) -> "Suggester":
        """The registry's version in force.

        Raises NoModelError where there is none, BrokenModelError where it cannot be trusted.
        """
        version = current(models_dir)
        bundle = _load(models_dir, version)
        return cls(bundle, version=version, models_dir=models_dir, min_people=min_people)

    def _ready(self, bundle: Bundle, version: str) -> _Loaded:
        rules = bundle.source(AssociationRules.name)
        evidence = bundle.evidence(self._min_people)
        if not isinstance(rules, AssociationRules):
            raise BrokenModelError("the version lacks its rules: train again")
        complements = AssociationRules(founded(rules.index.rules, self._min_people), rules.items)
        return _Loaded(version, bundle, evidence, complements)

    @property
    def version(self) -> str:
        """The version in use."""
        return self._loaded.version

    @property
    def vocabulary(self) -> Vocabulary:
        """The items that the version knows."""
        return self._loaded.bundle.vocabulary

    def refresh(self) -> bool:
        """Take up another version if the registry's pointer moved; True if it did.

        A version that cannot be trusted is refused once, and the old one goes on serving.
        """
        if self._models_dir is None:
            return False
        version: str | None = None
        try:
            version = current(self._models_dir)
            if version in (self._loaded.version, self._refused):
                return False
            self._loaded = self._ready(_load(self._models_dir, version), version)
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
        if k <= 0:
            return []
        loaded = self._loaded
        vocabulary = loaded.bundle.vocabulary
        if anchor is not None and surface is Surface.CHAT:
            surface = Surface.PRODUCT
        batch = encode(_steps(history, anchor, surface), vocabulary)
        mixed = loaded.bundle.blend.mix(batch)
        parts = mixed.parts[:, 0]
        about = _about(history, anchor, surface, vocabulary)
        names = [source.name for source in loaded.bundle.blend.sources]
        if about and surface in TOGETHER:
            parts = _complement(parts, about, loaded, surface, names.index(AssociationRules.name))
        mask = self._mask(history, exclude, available, anchor, loaded)
        mask[batch.session_items(0)] = False
        total = np.where(mask, parts.sum(axis=0), 0.0)
        context = about if anchor is not None else [*batch.session_items(0), *_met(batch)]
        if surface is Surface.CART:
            context = [*about, *context]
        reasons = Reasons(context, loaded.evidence)
        best = _best(total, k)
        own = (parts[:, best] / total[best]).T
        return [
            Suggested(
                product_id=vocabulary.items[item],
                score=float(total[item]),
                rank=rank,
                source=names[loudest],
                reason=reasons.of(item),
                shares={
                    name: round(share, 4)
                    for name, share in zip(names, gave, strict=True)
                    if share > 0
                },
            )
            for rank, (item, loudest, gave) in enumerate(
                zip(best, own.argmax(axis=1).tolist(), own.tolist(), strict=True), start=1
            )
        ]

    def _mask(
        self,
        history: History,
        exclude: Collection[str],
        available: Collection[str] | None,
        anchor: str | None,
        loaded: _Loaded,
    ) -> Bools:
        vocabulary = loaded.bundle.vocabulary
        unwanted = {*exclude, anchor} if anchor is not None else exclude
        owned = _owned_once(history.owned, loaded.bundle)
        mask = allowed(vocabulary, cart=history.cart, owned=owned, exclude=unwanted)
        if available is None:
            return mask
        if not isinstance(available, frozenset):
            return mask & allowed(vocabulary, available=available)
        # The same frozenset comes with request after request, and may hold a whole catalogue.
        known = self._available
        if known is None or known[0] is not available or known[1] != loaded.version:
            known = (available, loaded.version, allowed(vocabulary, available=available))
            self._available = known
        return mask & known[2]


def _load(models_dir: Path, version: str) -> Bundle:
    manifest, parts = read(models_dir, version)
    return Bundle.from_parts(parts, sources=manifest.sources, catalogue=manifest.catalogue)


def _owned_once(owned: Collection[str], bundle: Bundle) -> list[str]:
    """What is owned and not of the kind that is bought again."""
    index, again = bundle.vocabulary.index, bundle.bought_again
    return [item for item in owned if item in index and not again[index[item]]]


def _steps(
    history: History, anchor: str | None, surface: Surface
) -> list[tuple[str, str, datetime]]:
    """The shopper's steps, with the anchor as the last and what lies in the cart among them."""
    steps = [(step.product_id, step.action, step.at) for step in history.steps]
    last = steps[-1][2] if steps else _EPOCH
    if surface is Surface.CART:
        known = {step[0] for step in steps}
        steps = [*((item, "add", last) for item in history.cart if item not in known), *steps]
        steps.sort(key=lambda step: step[2])
    if anchor is not None and (not steps or steps[-1][0] != anchor):
        steps.append((anchor, "view", last))
    return steps


def _about(
    history: History, anchor: str | None, surface: Surface, vocabulary: Vocabulary
) -> list[int]:
    """Known items that the surface is about: its product, else what lies in the cart."""
    if anchor is not None:
        items: Sequence[str] = (anchor,)
    elif surface is Surface.CART:
        items = history.cart[::-1]
    else:
        return []
    return [index for index in map(vocabulary.get, items) if index >= 0]


def _met(batch: Batch) -> list[int]:
    items = batch.item[0, : batch.length[0]]
    return [item for item in dict.fromkeys(items[::-1].tolist()) if item >= 0][:15]


def _complement(
    parts: Scores, about: list[int], loaded: _Loaded, surface: Surface, rules_at: int
) -> Scores:
    """The parts, leaning to what is taken together with `about` and away from more of its kind."""
    together = np.full((1, parts.shape[1]), np.nan, np.float32)
    loaded.complements.add_to(together[0], about)
    together = np.nan_to_num(shares(together))
    weight = TOGETHER[surface] if together.any() else 0.0
    parts = parts * np.float32(1 - weight)
    parts[rules_at] += np.float32(weight) * together[0]
    category = loaded.bundle.category
    alike = np.isin(category, category[about]) & (category >= 0)
    parts[:, alike] *= np.float32(SAME_CATEGORY[surface])
    return parts


def _best(total: NDArray[np.floating], k: int) -> list[int]:
    """The k best items above 0, best first, ties by index."""
    count = min(k, len(total))
    if count == 0:
        return []
    edge = np.partition(total, len(total) - count)[len(total) - count]
    candidates = np.flatnonzero((total >= edge) & (total > 0))
    order = np.argsort(-total[candidates], kind="stable")[:count]
    best: list[int] = candidates[order].tolist()
    return best
