"""Every model on one split: settings chosen on its validation part, figures from its test part."""

from collections.abc import Iterator
from time import perf_counter

from benchmarks.next_item.choose import choose_neighbours
from benchmarks.next_item.ranks import Row, ranks_of
from benchmarks.next_item.splits import Split
from recommender.neighbours import SessionNeighbours
from recommender.popular import ItemToItem, Popular
from recommender.protocol import Source


def compare(split: Split) -> Iterator[Row]:
    """A row for each model; its seconds are of all training, with what chose its settings."""
    for kind in (Popular, ItemToItem):
        began = perf_counter()
        counted = kind.fit(split.full, split.items)
        yield _row(counted, split, perf_counter() - began)
    began = perf_counter()
    config = choose_neighbours(split)
    neighbours = SessionNeighbours.fit(split.full, split.items, config=config)
    yield _row(neighbours, split, perf_counter() - began)


def _row(model: Source, split: Split, seconds: float) -> Row:
    ranks = ranks_of(model.score, split.test)
    return Row.of(model.name, [ranks], split.test.session, seconds=seconds)
