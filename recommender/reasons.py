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


@dataclass(frozen=True)
class _Links:
    """What the products of a context lead to, of one kind, as parallel arrays."""

    kind: ReasonKind
    because: Ints
    item: Ints
    people: Ints
    of: Ints
    at: Ints


class Reasons:
    """The best-founded reasons for a shopper who met the items of `context`, latest first."""

    def __init__(self, context: Sequence[int], evidence: Evidence) -> None:
        self._context = [met for met in dict.fromkeys(context) if met >= 0][:CONTEXT]
        self._evidence = evidence
        self._links = (
            self._rules(ReasonKind.RULE, evidence.together),
            self._rules(ReasonKind.SEQUENCE, evidence.sequences),
            self._neighbours(evidence.similar),
        )

    def of(self, item: int) -> Reason:
        """Why to suggest `item`.

        What was taken together speaks before what followed, and that before what the same people
        looked at; then popularity. The product named is the one after which the item is likeliest.
        """
        for links in self._links:
            (places,) = (links.item == item).nonzero()
            if len(places):
                share = links.people[places] / links.of[places]
                return self._told(links, int(places[share.argmax()]))
        return self._popularity(item)

    def _rules(self, kind: ReasonKind, index: RuleIndex) -> _Links:
        found = [index.of(met) for met in self._context]
        at = np.concatenate([np.arange(0), *(np.arange(one.start, one.stop) for one in found)])
        rules = index.rules
        links = _Links(
            kind,
            rules.prefix[at, 1],
            rules.item[at],
            rules.people[at],
            rules.prefix_people[at],
            at.astype(np.int32),
        )
        likelier = rules.count[at] * np.float64(rules.groups) > (
            rules.prefix_count[at] * rules.item_count[at].astype(np.float64)
        )
        return self._founded(links, likelier)

    def _neighbours(self, similar: ItemToItem) -> _Links:
        found = [similar.neighbours(met) for met in self._context]
        at = np.concatenate([np.arange(0), *(np.arange(one.start, one.stop) for one in found)])
        because = np.repeat(
            np.array(self._context, np.int32), [one.stop - one.start for one in found]
        )
        links = _Links(
            ReasonKind.SIMILAR,
            because,
            similar.neighbour[at],
            similar.people[at],
            similar.item_people[because],
            at.astype(np.int32),
        )
        return self._founded(links, np.ones(len(at), np.bool_))

    def _founded(self, links: _Links, keep: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> _Links:
        keep = keep & (links.people >= self._evidence.min_people)
        keep &= links.people >= MIN_CONFIDENCE * links.of
        return _Links(
            links.kind,
            links.because[keep],
            links.item[keep],
            links.people[keep],
            links.of[keep],
            links.at[keep],
        )

    def _told(self, links: _Links, place: int) -> Reason:
        evidence = self._evidence
        lift = None
        if links.kind is not ReasonKind.SIMILAR:
            together = links.kind is ReasonKind.RULE
            index = evidence.together if together else evidence.sequences
            lift = round(index.rules.lift_of(int(links.at[place])), 3)
        people, of = int(links.people[place]), int(links.of[place])
        return Reason(
            kind=links.kind,
            because=(evidence.vocabulary.items[int(links.because[place])],),
            people=people,
            of=of,
            confidence=round(people / of, 4),
            lift=lift,
        )

    def _popularity(self, item: int) -> Reason:
        evidence = self._evidence
        people = int(evidence.similar.item_people[item])
        own = evidence.category[item]
        alike = [met for met in self._context if met != item and evidence.category[met] == own >= 0]
        because = tuple(evidence.vocabulary.items[met] for met in alike[:1])
        if people < evidence.min_people:
            return Reason(ReasonKind.CONTENT, because)
        kind = ReasonKind.POPULAR_IN_CATEGORY if because else ReasonKind.POPULAR
        return Reason(kind, because, people=people)
