"""Says why a product is suggested, from counts of people and nothing else.

A reason names a product that the shopper met and how many of the people who met it took, went on
to or looked at the suggested one too. Only a product is named without which the suggestion would
stand lower, as far as `LiveBlend` can tell. Counts of fewer than `min_people` are never given, so
that no reason can point at single shoppers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.mining.compiled import compiled
from recommender.popular import ItemToItem
from recommender.protocol import Reason, ReasonKind
from recommender.rules import RuleIndex
from recommender.sequences import Bools, Ints, Vocabulary

MIN_CONFIDENCE = 0.02
CONTEXT = 15


@dataclass(frozen=True)
class Evidence:
    """The counts that reasons are drawn from."""

    vocabulary: Vocabulary
    together: RuleIndex
    sequences: RuleIndex
    similar: ItemToItem
    category: Ints
    min_people: int
    known: int | None = None
    """How many items training knew, where there are others after them."""


@dataclass(frozen=True, slots=True)
class _Link:
    """What one product of the context says for an item: its rule's or neighbour's position."""

    kind: ReasonKind
    at: int
    because: int


_KINDS = (ReasonKind.RULE, ReasonKind.SEQUENCE, ReasonKind.SIMILAR)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Sorted items that links are looked up for, kind by kind: the first kind that has one counts.

    `found` (3, items) has each link's place in _KINDS, its position there, and whose it is; -1 for
    none.
    """

    items: Ints
    moved: Bools
    named: Ints
    min_people: int
    found: NDArray[np.int64]

    def look_up(
        self, kind: int, places: list[slice], leads_to: Ints, people: Ints, of: Ints,
        lift: tuple[Ints, Ints, Ints, int] | None,
    ) -> None:  # fmt: skip
        """Find the likeliest founded link of one kind for each item that has none yet.

        `of` is by position for rules (those with `lift`), by product for neighbours.
        """
        if places:
            edges = np.array([(place.start, place.stop) for place in places], np.int64)
            _likeliest(
                self.items, self.moved, edges, self.named, leads_to, people, of,
                lift is not None, *(lift or (_NONE, _NONE, _NONE, 0)), self.min_people,
                kind, self.found,
            )  # fmt: skip


_NONE = np.zeros(0, np.int32)


class Reasons:
    """The best-founded reasons for a shopper who met the items of `context`, latest first."""

    def __init__(
        self, context: Sequence[int], evidence: Evidence, *, named: Sequence[int] | None = None
    ) -> None:
        """`named` are those of the context that a reason may name; all unless told otherwise."""
        self._context = [met for met in dict.fromkeys(context) if met >= 0][:CONTEXT]
        self._named = self._context if named is None else list(named)
        self._evidence = evidence

    def of(self, item: int) -> Reason:
        """Why to suggest `item`."""
        return self.of_all(np.array([item], np.int32))[0]

    def of_all(self, items: Ints, moved: Bools | None = None) -> list[Reason]:
        """Why to suggest each of these distinct items.

        `moved` (named, items) says which of the products that may be named did something for which
        item; everything for all unless told.

        What was taken together speaks before what followed, and that before what the same people
        looked at; then popularity. The product named is the one after which the item is likeliest.
        """
        evidence, size = self._evidence, len(items)
        order = np.argsort(items)
        if moved is None:
            moved = np.ones((len(self._named), size), np.bool_)
        asked = _Asked(
            items[order], np.take(moved, order, axis=1), np.array(self._named, np.int32),
            evidence.min_people, np.full((3, size), -1, np.int64),
        )  # fmt: skip
        for kind, index in enumerate((evidence.together, evidence.sequences)):
            rules = index.rules
            places = [index.of(met) for met in self._named]
            asked.look_up(
                kind, places, rules.item, rules.people, rules.prefix_people,
                (rules.count, rules.prefix_count, rules.item_count, rules.groups),
            )  # fmt: skip
        similar = evidence.similar
        places = [similar.neighbours(met) for met in self._named]
        asked.look_up(2, places, similar.neighbour, similar.people, similar.item_people, None)
        links = {
            place: _Link(_KINDS[kind], at, because)
            for place, kind, at, because in zip(order.tolist(), *asked.found.tolist(), strict=True)
            if at >= 0
        }
        return [
            self._told(links[place]) if place in links else self._popularity(item)
            for place, item in enumerate(items.tolist())
        ]

    def _told(self, link: _Link) -> Reason:
        evidence = self._evidence
        lift = None
        if link.kind is ReasonKind.SIMILAR:
            people = int(evidence.similar.people[link.at])
            of = int(evidence.similar.item_people[link.because])
        else:
            together = link.kind is ReasonKind.RULE
            rules = (evidence.together if together else evidence.sequences).rules
            people, of = int(rules.people[link.at]), int(rules.prefix_people[link.at])
            lift = round(rules.lift_of(link.at), 3)
        return Reason(
            kind=link.kind,
            because=(evidence.vocabulary.items[link.because],),
            people=people,
            of=of,
            confidence=round(people / of, 4),
            lift=lift,
        )

    def _popularity(self, item: int) -> Reason:
        evidence = self._evidence
        if evidence.known is not None and item >= evidence.known:
            return Reason(ReasonKind.NEW)
        people = int(evidence.similar.item_people[item])
        own = evidence.category[item]
        alike = [met for met in self._context if met != item and evidence.category[met] == own >= 0]
        because = tuple(evidence.vocabulary.items[met] for met in alike[:1])
        if people < evidence.min_people:
            return Reason(ReasonKind.CONTENT, because)
        kind = ReasonKind.POPULAR_IN_CATEGORY if because else ReasonKind.POPULAR
        return Reason(kind, because, people=people)


@compiled
def _likeliest(
    items: Ints, moved: Bools, edges: Any, context: Ints, leads_to: Ints, people: Ints, of: Ints,
    by_rule: bool, count: Ints, prefix_count: Ints, item_count: Ints, groups: int, min_people: int,
    kind: int, found: Any,
) -> None:  # fmt: skip
    """Write to `found` what `_Asked` says of one kind."""
    most = np.zeros(len(items))
    for met in range(len(context)):
        for at in range(edges[met, 0], edges[met, 1]):
            where = np.searchsorted(items, leads_to[at])
            if where == len(items) or items[where] != leads_to[at] or not moved[met, where]:
                continue
            if found[0, where] >= 0 and found[0, where] != kind:
                continue
            whole = of[at] if by_rule else of[context[met]]
            if people[at] < min_people or people[at] < MIN_CONFIDENCE * whole:
                continue
            if by_rule and (count[at] * float(groups) <= prefix_count[at] * float(item_count[at])):
                continue
            share = people[at] / whole
            if share > most[where]:
                most[where] = share
                found[0, where] = kind
                found[1, where] = at
                found[2, where] = context[met]
