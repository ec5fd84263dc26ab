"""Everything that is trained together and served together, as parts for the registry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from recommender.abandonment import Carts
from recommender.blend import Blend
from recommender.collaborative import Collaborative
from recommender.content import Content
from recommender.facts import Facts
from recommender.habits import Habits
from recommender.left_in_cart import LeftInCart
from recommender.lstm_step import Lstm
from recommender.nearest import NearestItems
from recommender.neighbours import SessionNeighbours
from recommender.newcomers import Newcomers
from recommender.popular import ItemToItem, Popular, PopularInCategory, RecentlyPopular
from recommender.protocol import Arrays, Source
from recommender.reasons import Evidence
from recommender.registry import BrokenModelError
from recommender.rule_sources import AssociationRules, SequentialRules
from recommender.sequences import Bools, Ints, Vocabulary
from recommender.spoken import Spoken
from recommender.taste import Taste, with_weights

SOURCES: dict[str, type[Source]] = {
    source.name: source
    for source in (
        Lstm,
        LeftInCart,
        AssociationRules,
        SequentialRules,
        SessionNeighbours,
        ItemToItem,
        Collaborative,
        Content,
        PopularInCategory,
        RecentlyPopular,
        Popular,
        Habits,
    )
}


@dataclass(frozen=True)
class Bundle:
    """The vocabulary with each item's category code, and the blend with its sources.

    `bought_again` marks what people buy again and again, such as gas: owning it is no reason not
    to suggest it. `spoken` are the rules that may be told to shoppers. `carts` tells the network
    which kind of cart it is asked about; a version that knows nothing of leaving has none. In a
    large shop `nearest` finds the network's likeliest items.
    """

    vocabulary: Vocabulary
    category: Ints
    blend: Blend
    bought_again: Bools
    spoken: Spoken
    carts: Carts | None = None
    nearest: NearestItems | None = None

    def source(self, name: str) -> Source | None:
        """The blend's source of that name, if it has it."""
        return next((source for source in self.blend.sources if source.name == name), None)

    def evidence(self, min_people: int) -> Evidence:
        """What reasons are drawn from; the counting sources are part of every bundle."""
        similar = self.source(ItemToItem.name)
        if not isinstance(similar, ItemToItem):
            raise BrokenModelError("the version lacks its neighbours: train again")
        together, sequences = self.spoken.indexes(min_people)
        return Evidence(
            vocabulary=self.vocabulary,
            together=together,
            sequences=sequences,
            similar=similar,
            category=self.category,
            min_people=min_people,
            known=self.blend.known,
        )

    @property
    def facts(self) -> Facts:
        """What the catalogue says of the items."""
        content = self.source(Content.name)
        if not isinstance(content, Content):
            raise BrokenModelError("the version lacks its content: train again")
        return content.facts

    def grown(self, new: Newcomers) -> "Bundle":
        """The same with newcomers after its items; this one has none yet."""
        return replace(
            self,
            vocabulary=self.vocabulary.grown(new.items),
            category=new.facts.category,
            blend=_grown(self.blend, new),
            bought_again=np.pad(self.bought_again, (0, len(new))),
            carts=None if self.carts is None else self.carts.grown(len(new)),
        )

    def parts(self) -> dict[str, Arrays]:
        """The bundle as parts for the registry."""
        taste = self.blend.taste
        return {
            "catalogue": {
                "items": np.array(self.vocabulary.items),
                "category": self.category,
                "bought_again": self.bought_again,
            },
            "blend": {"weights": self.blend.weights},
            # Its counts are those of the habits.
            **(
                {}
                if taste is None
                else {"taste": {"weights": taste.weights, "alike": np.array(taste.alike)}}
            ),
            **({} if self.carts is None else {"carts": self.carts.arrays()}),
            **({} if self.nearest is None else {"nearest": self.nearest.arrays()}),
            **self.spoken.parts(),
            **{source.name: source.arrays() for source in self.blend.sources},
        }

    @classmethod
    def from_parts(
        cls, parts: Mapping[str, Arrays], *, sources: tuple[str, ...], catalogue: str
    ) -> "Bundle":
        """The bundle that `parts` came from.

        Raises BrokenModelError where they do not fit together or were trained on another catalogue
        than the one with the fingerprint `catalogue`.
        """
        try:
            catalogue_part = parts["catalogue"]
            vocabulary = Vocabulary.of(catalogue_part["items"].tolist())
            if vocabulary.fingerprint != catalogue:
                raise BrokenModelError(
                    "the model was trained on another catalogue than its manifest says: "
                    "train again with `cartwright train`"
                )
            built = [SOURCES[name].from_arrays(parts[name]) for name in sources]
            if Habits.name in parts and parts[Habits.name]["by_network"]:
                built = _joined(built)
            taste = _taste(built, parts["taste"]) if "taste" in parts else None
            blend = Blend(built, parts["blend"]["weights"], taste)
            return cls(
                vocabulary,
                catalogue_part["category"],
                blend,
                catalogue_part["bought_again"],
                Spoken.from_parts(parts),
                Carts(**parts["carts"]) if "carts" in parts else None,
                NearestItems.from_arrays(parts["nearest"]) if "nearest" in parts else None,
            )
        except (KeyError, TypeError, ValueError, StopIteration) as error:
            raise BrokenModelError(
                f"the model's parts do not fit together ({error}): "
                "train again with `cartwright train`"
            ) from error


def _grown(blend: Blend, new: Newcomers) -> Blend:
    """The same with newcomers, and one network, whoever asks it."""
    grown = blend.grown(new)
    if not any(isinstance(one, Habits) and one.network is not None for one in blend.sources):
        return grown
    return Blend(_joined(grown.sources), grown.weights, grown.taste, known=grown.known)


def _joined(sources: Sequence[Source]) -> list[Source]:
    """The sources, their habits with their network."""
    network = next(source for source in sources if isinstance(source, Lstm))
    return [source.by(network) if isinstance(source, Habits) else source for source in sources]


def _taste(sources: Sequence[Source], part: Arrays) -> Taste:
    """What the habits counted, with the weights of the blend's last step."""
    habits = next((source for source in sources if isinstance(source, Habits)), None)
    if habits is None:
        raise ValueError("there is a taste, and no habits with its counts")
    return with_weights(habits.taste, part["weights"], np.float32(part["alike"]))
