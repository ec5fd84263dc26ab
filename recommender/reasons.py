"""Says why a product is suggested, from counts of people and nothing else.

A reason names a product that the shopper met and how many of the people who met it took, went on
to or looked at the suggested one too. Counts of fewer than `min_people` are never given, so that no
reason can point at single shoppers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recommender.popular import ItemToItem
from recommender.protocol import Reason, ReasonKind
from recommender.rules import RuleIndex
from recommender.sequences import Ints, Vocabulary

MIN_CONFIDENCE = 0.02


@dataclass(frozen=True)
class Evidence:
    """The counts that reasons are drawn from; `item_people` is how many turned to each item."""

    vocabulary: Vocabulary
    together: RuleIndex
    sequences: RuleIndex
    similar: ItemToItem
    category: Ints
    min_people: int


@dataclass(frozen=True)
class _Found:
    kind: ReasonKind
    because: int
    people: int
    of: int
    lift: float | None

    @property
    def confidence(self) -> float:
        return self.people / max(self.of, 1)


def reason_for(item: int, context: Sequence[int], evidence: Evidence) -> Reason:
    """The best-founded reason to suggest `item` to a shopper who met `context`, latest first.

    What was taken together speaks before what followed, and that before what the same people looked
    at; then popularity. The product named is the one after which the item is likeliest.
    """
    context = [met for met in dict.fromkeys(context) if met not in (item, -1)]
    for kind in (ReasonKind.RULE, ReasonKind.SEQUENCE, ReasonKind.SIMILAR):
        found = [at for met in context if (at := _evidence(kind, met, item, evidence)) is not None]
        if found:
            return _told(max(found, key=lambda at: at.confidence), evidence)
    return _popularity(item, context, evidence)


def _evidence(kind: ReasonKind, met: int, item: int, evidence: Evidence) -> _Found | None:
    if kind is ReasonKind.SIMILAR:
        found = _neighbour(met, item, evidence.similar)
    else:
        index = evidence.together if kind is ReasonKind.RULE else evidence.sequences
        found = _rule(kind, met, item, index)
    if found is None or found.people < evidence.min_people or found.confidence < MIN_CONFIDENCE:
        return None
    return found


def _rule(kind: ReasonKind, met: int, item: int, index: RuleIndex) -> _Found | None:
    rules = index.rules
    of_prefix = index.of(met)
    positions = np.flatnonzero(rules.item[of_prefix] == item)
    if len(positions) == 0:
        return None
    at = of_prefix.start + int(positions[0])
    lift = rules.lift_of(at)
    if lift <= 1.0:
        return None
    return _Found(kind, met, int(rules.people[at]), int(rules.prefix_people[at]), lift)


def _neighbour(met: int, item: int, similar: ItemToItem) -> _Found | None:
    found = similar.neighbours(met)
    positions = np.flatnonzero(similar.neighbour[found] == item)
    if len(positions) == 0:
        return None
    people = int(similar.people[found.start + int(positions[0])])
    return _Found(ReasonKind.SIMILAR, met, people, int(similar.item_people[met]), None)


def _told(found: _Found, evidence: Evidence) -> Reason:
    return Reason(
        kind=found.kind,
        because=(evidence.vocabulary.items[found.because],),
        people=found.people,
        of=found.of,
        confidence=round(found.confidence, 4),
        lift=None if found.lift is None else round(found.lift, 3),
    )


def _popularity(item: int, context: Sequence[int], evidence: Evidence) -> Reason:
    people = int(evidence.similar.item_people[item])
    shown = people if people >= evidence.min_people else None
    alike = [met for met in context if evidence.category[met] == evidence.category[item] >= 0]
    because = tuple(evidence.vocabulary.items[met] for met in alike[:1])
    if shown is None:
        return Reason(ReasonKind.CONTENT, because)
    kind = ReasonKind.POPULAR_IN_CATEGORY if because else ReasonKind.POPULAR
    return Reason(kind, because, people=shown)
