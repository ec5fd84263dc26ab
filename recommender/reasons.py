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
        evidence = self._evidence
        links: dict[int, _Link] = {}
        if moved is None:
            moved = np.ones((len(self._named), len(items)), np.bool_)
        for kind, index in (
            (ReasonKind.RULE, evidence.together),
            (ReasonKind.SEQUENCE, evidence.sequences),
        ):
            places = [index.of(met) for met in self._named]
            rules = index.rules
            counts = rules.people, rules.prefix_people
            lift = rules.count, rules.prefix_count, rules.item_count, rules.groups
            self._link(links, kind, items, moved, places, rules.item, *counts, lift)
        similar = evidence.similar
        places = [similar.neighbours(met) for met in self._named]
        self._link(
            links, ReasonKind.SIMILAR, items, moved, places, similar.neighbour, similar.people,
            similar.item_people, None,
        )  # fmt: skip
        return [
            self._told(links[item]) if item in links else self._popularity(item)
            for item in items.tolist()
        ]

    def _link(
        self,
        links: dict[int, _Link],
        kind: ReasonKind,
        items: Ints,
        moved: Bools,
        places: list[slice],
        leads_to: Ints,
        people: Ints,
        of: Ints,
        lift: tuple[Ints, Ints, Ints, int] | None,
    ) -> None:
        """Add the likeliest founded link of one kind to each item that has none yet.

        `of` is by position for rules (those with `lift`), by product for neighbours.
        """
        columns = [at for at, item in enumerate(items.tolist()) if item not in links]
        missing = items[columns]
        if not len(missing) or not places:
            return
        edges = np.array([(place.start, place.stop) for place in places], np.int64)
        context = np.array(self._named, np.int32)
        order = np.argsort(missing)
        nothing = np.zeros(0, np.int32)
        found = _likeliest(
            missing[order], moved[:, columns][:, order], edges, context, leads_to, people, of,
            lift is not None, *(lift or (nothing, nothing, nothing, 0)), self._evidence.min_people,
        )  # fmt: skip
        for item, at, because in zip(missing[order].tolist(), *found.tolist(), strict=True):
            if at >= 0:
                links[item] = _Link(kind, at, because)

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
) -> Any:  # fmt: skip
    """For each of the sorted items, the position of its likeliest founded link and whose it is."""
    found = np.full((2, len(items)), -1, np.int64)
    most = np.zeros(len(items))
    for met in range(len(context)):
        for at in range(edges[met, 0], edges[met, 1]):
            where = np.searchsorted(items, leads_to[at])
            if where == len(items) or items[where] != leads_to[at] or not moved[met, where]:
                continue
            whole = of[at] if by_rule else of[context[met]]
            if people[at] < min_people or people[at] < MIN_CONFIDENCE * whole:
                continue
            if by_rule and (count[at] * float(groups) <= prefix_count[at] * float(item_count[at])):
                continue
            share = people[at] / whole
            if share > most[where]:
                most[where] = share
                found[0, where] = at
                found[1, where] = context[met]
    return found
