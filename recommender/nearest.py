"""The items that the network finds likeliest, found without looking at all of them.

Above INDEXED_FROM items the product of a state with every item's embedding is what a request mostly
costs. A graph over the embeddings (HNSW: Malkov & Yashunin 2018, by the library usearch) leads to
the ones with the highest logits. A logit is an inner product, for which no triangle inequality
holds, so each embedding, with its bias, gets one more coordinate that makes all of them equally
long; then the highest inner product is the smallest angle (Bachrach et al. 2014).
"""

from collections.abc import Iterable
from typing import Self

import numpy as np
from usearch.index import Index

from recommender.lstm_step import Lstm
from recommender.protocol import Arrays, Scores, Source
from recommender.sequences import Bools, Ints

INDEXED_FROM = 500_000
FOUND = 512
"""So many items have a share by the network; what is further down has none."""
CONNECTIVITY = 24
EXPANSION_ADD = 160
EXPANSION_SEARCH = 640


class NearestItems:
    """An index over a network's items. Safe to share between threads."""

    def __init__(self, index: Index, items: int) -> None:
        """`items` is how many the network knew when the index was made, indexed or not."""
        self._index = index
        self.items = items

    @classmethod
    def fit(cls, items: Scores, bias: Scores, seen: Bools) -> Self:
        """From the embeddings (n, d), the biases (n,) and which items training met.

        On one thread, so that equal weights give an equal index.
        """
        known = np.flatnonzero(seen)
        rows = np.column_stack([items[known], bias[known]]).astype(np.float32)
        squares = np.einsum("ij,ij->i", rows, rows)
        longest = squares.max(initial=np.float32(1e-30))
        rest = np.sqrt(np.maximum(longest - squares, 0))
        index = Index(
            ndim=rows.shape[1] + 1,
            metric="ip",
            dtype="f16",
            connectivity=CONNECTIVITY,
            expansion_add=EXPANSION_ADD,
            expansion_search=EXPANSION_SEARCH,
        )
        index.add(
            known.astype(np.uint64), np.column_stack([rows, rest]) / np.sqrt(longest), threads=1
        )
        return cls(index, len(items))

    def find(self, state: Scores, count: int | None = None) -> Ints:
        """At most `count` items, FOUND unless told, with the highest logits for the state (d,).

        Nearly always it is they.
        """
        count = FOUND if count is None else count
        asked = np.concatenate([state, np.array([1, 0], np.float32)])
        found = self._index.search(asked, min(count, len(self._index)), threads=1)
        items: Ints = found.keys.astype(np.int32)
        return items

    def arrays(self) -> Arrays:
        """All of it, for one npz file."""
        # Without a path to save to, the library gives the bytes.
        graph = np.frombuffer(self._index.save() or b"", np.uint8)
        return {"graph": graph, "items": np.array(self.items)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The index that `arrays` came from. Raises ValueError where it is none."""
        index = Index.restore(arrays["graph"].tobytes(), expansion_search=EXPANSION_SEARCH)
        if index is None:
            raise ValueError("the index of nearest items is damaged")
        return cls(index, int(arrays["items"]))


def indexed(sources: Iterable[Source]) -> NearestItems | None:
    """The index of the network among the sources; None where it knows too few items to need one."""
    network = next((source for source in sources if isinstance(source, Lstm)), None)
    if network is None or len(network.weights.item_bias) <= INDEXED_FROM:
        return None
    weights = network.weights
    return NearestItems.fit(weights.item[1:], weights.item_bias, weights.seen)
