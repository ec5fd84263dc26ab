"""Every model on one split: settings chosen on its validation part, figures from its test part."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from time import perf_counter

from benchmarks.next_item.choose import choose_neighbours, some
from benchmarks.next_item.ranks import Row, ranks_of
from benchmarks.next_item.splits import Split
from recommender.blend import Blend
from recommender.lstm import LstmConfig, next_step, train_lstm
from recommender.lstm_step import Lstm
from recommender.neighbours import SessionNeighbours
from recommender.popular import ItemToItem, Popular, RecentlyPopular
from recommender.protocol import Source
from recommender.reorder import Reordered
from recommender.rules import SequentialRules
from recommender.sequences import Ints, Log
from recommender.training import learn_weights

MOST_QUESTIONS = 8_000
MOST_PRODUCTS = 2_000_000_000
"""Up to so many steps times items, an epoch of the full softmax takes less than a minute."""
SMALL = LstmConfig(epochs=6, batch=32, peak_rate=5e-3, output_dropout=0.4, scale=8.0)
WEIGHING_EPOCHS = 3
"""Of the network that only tells what the sources weigh: more hardly move the weights."""
LARGE = LstmConfig(epochs=5, batch=128, peak_rate=6e-3, full_softmax=0, scale=8.0)


def compare(
    split: Split, *, seeds: int, say: Callable[[str], None] = lambda _: None
) -> Iterator[Row]:
    """A row for each model; its seconds are of all training for one seed, choosing included.

    `say` is told what is going on.
    """
    for kind in (Popular, ItemToItem):
        began = perf_counter()
        counted: Source = kind.fit(split.full, split.items)
        yield _row([counted], split, perf_counter() - began)
    say("choosing how sessions are compared")
    began = perf_counter()
    config = choose_neighbours(split)
    to_choose, to_report = (
        SessionNeighbours.fit(log, split.items, config=config) for log in (split.train, split.full)
    )
    counting = perf_counter() - began
    yield _row([to_report], split, counting)
    networks, blends, spent = [], [], [0.0, 0.0]
    for seed in range(seeds):
        began = perf_counter()
        first = _train(
            split.train, split, seed, say, f"LSTM, seed {seed}, to weigh", WEIGHING_EPOCHS
        )
        middle = perf_counter()
        last = _train(split.full, split, seed, say, f"LSTM, seed {seed}, on everything")
        spent[0] += perf_counter() - middle
        networks.append(last)
        chosen_on = some(split.valid, MOST_QUESTIONS)
        sources = _sources(first, to_choose, split.train, split.items)
        weights = learn_weights(sources, chosen_on)
        order = Reordered.fit(Blend(sources, weights), chosen_on)
        blends.append(
            order.over(Blend(_sources(last, to_report, split.full, split.items), weights))
        )
        spent[1] += perf_counter() - began
    say("ranking")
    yield _row(networks, split, spent[0] / seeds)
    yield _row(blends, split, spent[1] / seeds + counting)


def _train(
    log: Log,
    split: Split,
    seed: int,
    say: Callable[[str], None],
    stage: str,
    most_epochs: int | None = None,
) -> Lstm:
    config = SMALL if len(split.full) * split.items <= MOST_PRODUCTS else LARGE
    epochs = min(config.epochs, most_epochs or config.epochs)

    def on_step(done: int, total: int, loss: float) -> None:
        if done % 50 == 0:
            say(f"{stage}: {done / total:.0%}, loss {loss:.3f}")

    return train_lstm(
        log,
        split.items,
        config=replace(config, seed=seed, epochs=epochs),
        wanted=next_step,
        on_step=on_step,
    )


def _sources(network: Lstm, neighbours: SessionNeighbours, log: Log, items: int) -> list[Source]:
    return [
        network,
        neighbours,
        SequentialRules.fit(log, items),
        ItemToItem.fit(log, items),
        RecentlyPopular.fit(log, items),
    ]


def _row(models: Sequence[Source | Reordered], split: Split, seconds: float) -> Row:
    """The row of one model, trained with one seed or more."""
    runs: list[Ints] = [ranks_of(model.score, split.test) for model in models]
    return Row.of(models[0].name, runs, split.test.session, seconds=seconds)
