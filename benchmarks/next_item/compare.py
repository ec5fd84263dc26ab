"""Every model on one split: settings chosen on its validation part, ranks from its test part."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from time import perf_counter

from benchmarks.next_item.choose import choose_neighbours, some
from benchmarks.next_item.ranks import ranks_of
from benchmarks.next_item.splits import Split
from recommender.blend import Blend
from recommender.compared import SoftTargets
from recommender.examples import next_step
from recommender.item_vectors import item_vectors
from recommender.lstm import LstmConfig, train_lstm
from recommender.lstm_step import Lstm
from recommender.neighbours import SessionNeighbours
from recommender.popular import ItemToItem, Popular, RecentlyPopular
from recommender.protocol import Recommender, Source
from recommender.reorder import Reordered
from recommender.rule_sources import SequentialRules
from recommender.sequences import Ints, Log
from recommender.weighing import learn_weights

MOST_QUESTIONS = 8_000
LEAST_TO_ORDER = 1_000
"""From fewer questions the blend's order learns less than it loses."""
MOST_PRODUCTS = 2_000_000_000
"""Up to so many steps times items, an epoch of the full softmax takes less than a minute."""
SMALL = LstmConfig(epochs=6, batch=32, peak_rate=5e-3, output_dropout=0.4, scale=8.0)
WEIGHING_EPOCHS = 3
"""Of the network that only tells what the sources weigh: more hardly move the weights."""
LARGE = LstmConfig(epochs=5, batch=128, peak_rate=6e-3, full_softmax=0, sampled=1_024, scale=8.0)


@dataclass(frozen=True)
class Ranked:
    """A model's ranks of the test's targets, for each seed, and the seconds of training for one."""

    model: str
    runs: tuple[Ints, ...]
    seconds: float


@dataclass(frozen=True)
class LeftOut:
    """A model that cannot be trained on the split."""

    model: str
    why: str


@dataclass(frozen=True)
class Counts:
    """What counts, for the blend: fitted to learn its weights, and on everything.

    The neighbours also say what else the network may expect.
    """

    to_choose: list[Source]
    to_report: list[Source]
    soft_to_choose: SoftTargets
    soft_to_report: SoftTargets
    seconds: float


def compare(
    split: Split, *, seeds: int, say: Callable[[str], None] = lambda _: None
) -> Iterator[Ranked | LeftOut]:
    """Each model as soon as it is ranked; what learns by chance after each seed, with all so far.

    The seconds are of all training, choosing included. `say` is told what is going on.
    """
    for kind in (Popular, ItemToItem):
        began = perf_counter()
        counted: Source = kind.fit(split.full, split.items)
        spent = perf_counter() - began
        yield Ranked(counted.name, (_ranks(counted, split),), spent)
    say("choosing how sessions are compared")
    began = perf_counter()
    config = choose_neighbours(split)
    near = SessionNeighbours.fit(split.full, split.items, config=config)
    spent = perf_counter() - began
    yield Ranked(near.name, (_ranks(near, split),), spent)
    began = perf_counter()
    to_report = [near, *_beside(split.full, split.items)]
    soft_to_report = SoftTargets.of_neighbours(near, split.full)
    near = SessionNeighbours.fit(split.train, split.items, config=config)
    to_choose = [near, *_beside(split.train, split.items)]
    soft_to_choose = SoftTargets.of_neighbours(near, split.train)
    spent += perf_counter() - began
    counts = Counts(to_choose, to_report, soft_to_choose, soft_to_report, spent)
    yield from _learnt(split, counts, seeds, say)


def _learnt(
    split: Split, counts: Counts, seeds: int, say: Callable[[str], None]
) -> Iterator[Ranked | LeftOut]:
    """The network and the blend; the blend of what counts alone where no network can be trained."""
    alone: list[Ints] = []
    mixed: list[Ints] = []
    learning = mixing = 0.0
    for seed in range(seeds):
        began = perf_counter()
        try:
            stage = f"LSTM, seed {seed}, on everything"
            last = _train(split.full, counts.soft_to_report, split, seed, say, stage)
            middle = perf_counter()
            stage = f"LSTM, seed {seed}, to weigh"
            first = _train(
                split.train, counts.soft_to_choose, split, seed, say, stage, WEIGHING_EPOCHS
            )
        except ValueError as error:
            yield LeftOut(Lstm.name, str(error))
            blend = blended(split, counts.to_choose, counts.to_report)
            spent = counts.seconds + perf_counter() - began
            yield Ranked(blend.name, (_ranks(blend, split),), spent)
            return
        learning += middle - began
        mixing += perf_counter() - began
        say("ranking")
        alone.append(_ranks(last, split))
        yield Ranked(last.name, tuple(alone), counts.seconds + learning / len(alone))
        say("mixing")
        began = perf_counter()
        blend = blended(split, [first, *counts.to_choose], [last, *counts.to_report])
        mixing += perf_counter() - began
        say("ranking")
        mixed.append(_ranks(blend, split))
        yield Ranked(blend.name, tuple(mixed), counts.seconds + mixing / len(mixed))


def _train(
    log: Log,
    soft: SoftTargets,
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
        # Sessions without a name have no older steps to remember.
        config=replace(config, seed=seed, epochs=epochs, memory=0),
        wanted=next_step,
        soft=soft,
        vectors=item_vectors(log, split.items, units=config.units, seed=seed),
        on_step=on_step,
    )


def _beside(log: Log, items: int) -> list[Source]:
    """What the blend counts beside the neighbours."""
    return [
        SequentialRules.fit(log, items),
        ItemToItem.fit(log, items),
        RecentlyPopular.fit(log, items),
    ]


def blended(split: Split, to_choose: list[Source], to_report: list[Source]) -> Reordered:
    """Weighed and, with enough to learn from, put in order by the one; made of the other."""
    asked = some(split.valid, MOST_QUESTIONS)
    weights = learn_weights(to_choose, asked, items=split.items)
    mixture = Blend(to_report, weights)
    if len(asked) < LEAST_TO_ORDER:
        return Reordered(mixture, None)
    return Reordered.fit(Blend(to_choose, weights), asked, items=split.items).over(mixture)


def _ranks(model: Recommender, split: Split) -> Ints:
    return ranks_of(model.score, split.test, items=split.items)
