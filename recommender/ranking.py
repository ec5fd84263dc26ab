"""The blend for one shopper: what `Blend.mix` gives with its filters, without scoring by everybody.

`Blend.mix` scores every item by every source, which is what evaluation needs. For one shopper most
of that is zeros, or the same for everybody. Here each source gives what it is: the network its
logits, counting sources the few items that their lists name (`Sparse.found`), popularity one vector
for everybody (`Shared.of_everybody`), made once, content a number for each shelf (`Spread`). They
are summed over all items from the network's rounded weights, and the best of them once more from
the true ones, so that rounding decides nothing: tests/unit/recommender/test_live.py holds this
equal to `Blend.mix`.
"""

from collections.abc import Callable, Sequence

import numpy as np

from recommender.bundle import Bundle
from recommender.collaborative import Collaborative
from recommender.habits import Habits
from recommender.leaning import Leanings, NetworkOwn
from recommender.lstm_step import Lstm, State
from recommender.members import Members
from recommender.output_layer import OutputLayer
from recommender.protocol import Said, Scores, Shared, Source, Sparse, Spread, Surface, Term
from recommender.ranked import Norms, Ranked, Scratch, Summed, largest, norms_of
from recommender.rule_sources import AssociationRules
from recommender.sequences import Batch, Bools, Ints
from recommender.taste import Profile, likeness
from recommender.terms import All, Few, Likeliest, Remembered, Softmax

# How much what is taken together counts on each surface, and what is left of the score of a
# product of the same category: next to a tent belongs a mat, not another tent.
TOGETHER = {Surface.PRODUCT: 0.7, Surface.CART: 0.5}
SAME_CATEGORY = {Surface.PRODUCT: 0.05, Surface.CART: 0.3}
# So many more than asked for are scored again from the true weights.
SPARE = 32
_LEAST = np.float32(1e-30)


class Ranker:
    """A version's blend, ready to rank for one shopper at a time. Safe to share by threads."""

    def __init__(self, bundle: Bundle, complements: AssociationRules) -> None:
        self._blend = bundle.blend
        self._category = bundle.category
        self._complements = complements
        self._known = len(bundle.vocabulary) if bundle.blend.known is None else bundle.blend.known
        self.names = [source.name for source in self._blend.sources]
        self._rules_at = self.names.index(AssociationRules.name)
        self._members = Members(bundle.category)
        self._ask = [(source, _asking(source)) for source in self._blend.sources]
        taste = bundle.blend.taste
        self._leanings = None if taste is None else Leanings(taste)
        # A bundle's taste has the counts of its habits: one profile of the shopper does for both.
        habits = (one.taste for one in self._blend.sources if isinstance(one, Habits))
        self._counts = next(habits, taste)
        self._scratch = Scratch(len(bundle.vocabulary))
        self._lstm = next((one for one in self._blend.sources if isinstance(one, Lstm)), None)
        by_habit = (one.network for one in self._blend.sources if isinstance(one, Habits))
        self._by_habit = next(by_habit, None) if self._lstm is not None else None
        self._output: OutputLayer | None = None
        if self._lstm is not None:
            one = self._lstm.weights
            self._output = OutputLayer(one.item[1:], one.item_bias, one.seen, bundle.nearest)

    def best(
        self,
        batch: Batch,
        state: State | None,
        *,
        k: int,
        available: Bools,
        taboo: Ints,
        about: Sequence[int] = (),
        surface: Surface = Surface.HOME,
    ) -> Ranked:
        """The k best of the `available` items without the `taboo` ones, ties by index.

        `batch` has the shopper's window, `state` the network's after it (None for an empty one).
        On a surface that is `about` items, the scores lean to what is taken together with them and
        away from more of their kind. Fewer than k where no more have any score.
        """
        summed = self._sum_up(batch, state, about, surface)
        total = self._scratch.total
        total[taboo] = 0
        items = largest(total, available, min(2 * k + SPARE, len(total)))
        parts, norms = self._parts(summed, items)
        order = np.lexsort((items, -parts.sum(axis=0)))[:k]
        return Ranked(items[order], parts[:, order], norms)

    def _sum_up(
        self, batch: Batch, state: State | None, about: Sequence[int], surface: Surface
    ) -> Summed:
        """What all items are scored with, up to a factor, in the scratch's `total`."""
        scratch = self._scratch
        profile = self._counts.profile(batch, 0) if self._counts is not None else None
        network = self._scan(batch, state, by_habit=profile is not None)
        terms = [self._term(source, ask, batch, network, profile) for source, ask in self._ask]
        knows = np.array([[term is not None] for term in terms])
        weights = self._blend.weights_for(batch, knows)[:, 0]
        together = self._together(about, surface)
        lean = np.float32(TOGETHER[surface] if together is not None else 0)

        total = scratch.total
        total.fill(0)
        for term, weight, led in zip(terms, weights, self._blend.led, strict=True):
            if term is not None and led:
                term.add_to(total, weight)
        lift = self._blend.newcomers_lift(weights[:, None])
        total[self._known :] *= lift
        leaning = self._leanings.of(profile) if self._leanings and profile else None
        if leaning is not None:
            leaning.multiply(total, total)
        nearest = self._nearest(terms)
        if nearest is not None:
            total[nearest.items] *= self._more(nearest.share)
        leant = np.float32(0)
        if self._leanings is not None:
            np.copyto(scratch.leant, total)
            leant = total.sum()
        held = self._held(weights, leant)
        for term, weight, led in zip(terms, weights, self._blend.led, strict=True):
            if term is not None and not led:
                term.add_to(total, weight / held)
        if together is not None:
            together.add_to(total, lean / ((1 - lean) * held))
        alike = self._alike(about) if surface in TOGETHER else None
        if alike is not None:
            total[alike] *= np.float32(SAME_CATEGORY[surface])
        return Summed(
            terms, weights, lift, leaning, leant, together, lean,
            None if alike is None else (self._category[list(about)], SAME_CATEGORY[surface]),
        )  # fmt: skip

    def _parts(self, summed: Summed, items: Ints) -> tuple[Scores, Norms]:
        """Each source's part (sources, items) of the true scores of some items, and the norms.

        They know the true likelihood of these items, so it is only now that they can be told.
        """
        place = self._scratch.place
        place[items] = np.arange(len(items), dtype=np.int32)
        parts = np.zeros((len(summed.terms), len(items)), np.float32)
        for part, term, weight in zip(parts, summed.terms, summed.weights, strict=True):
            if term is not None:
                part += weight * (1 - summed.lean) * term.at(items, place)
        parts[:, items >= self._known] *= summed.lift
        if self._leanings is not None:
            self._lean(summed, items, place, parts)
        if summed.together is not None:
            parts[self._rules_at] += summed.lean * summed.together.at(items, place)
        if summed.held_down is not None:
            categories, factor = summed.held_down
            near = np.isin(self._category[items], categories)
            parts[:, near & (self._category[items] >= 0)] *= np.float32(factor)
        place[items] = -1
        return parts, norms_of(summed.terms, summed.leant)

    def _lean(self, summed: Summed, items: Ints, place: Ints, parts: Scores) -> None:
        """Lean the parts to what suits the shopper, as far as taste does."""
        led = parts[self._blend.led]
        if summed.leaning is not None:
            led *= summed.leaning.exact(items, place)
        nearest = self._nearest(summed.terms)
        if nearest is not None:
            led *= self._more(nearest.at(items, place))
        if summed.leant > 0:
            rounded = self._scratch.leant[items].sum()
            summed.leant = max(summed.leant + led.sum() / (1 - summed.lean) - rounded, _LEAST)
        parts[self._blend.led] = led * self._held(summed.weights, summed.leant)

    def totals(
        self, batch: Batch, state: State | None, items: Ints, norms: Norms | None
    ) -> tuple[Scores, Norms]:
        """What `best` scores the items with on the surface that is about none, and the norms.

        They are given where the window has been ranked before: then no other item is looked at.
        """
        if norms is None:
            parts, norms = self._parts(self._sum_up(batch, state, (), Surface.HOME), items)
            return parts.sum(axis=0), norms
        place = self._scratch.place
        place[items] = np.arange(len(items), dtype=np.int32)
        profile = self._counts.profile(batch, 0) if self._counts is not None else None
        outputs = self._outputs(batch, state)
        said = [
            self._remembered(source, ask, batch, outputs, profile, norms)
            for source, ask in self._ask
        ]
        shares = [one.at(items, place) if one is not None else None for one in said]
        leaning = self._leanings.of(profile) if self._leanings and profile else None
        suits = np.ones(len(items), np.float32)
        if leaning is not None:
            suits *= leaning.exact(items, place)
        nearest = None if self._blend.by_nearest is None else shares[self._blend.by_nearest]
        if nearest is not None and self._leanings is not None:
            suits *= self._more(nearest)
        place[items] = -1
        knows = np.array([[share is not None] for share in shares])
        weights = self._blend.weights_for(batch, knows)[:, 0]
        suits *= self._held(weights, norms.leant)
        total = np.zeros(len(items), np.float32)
        for share, weight, led in zip(shares, weights, self._blend.led, strict=True):
            if share is not None:
                total += weight * share * (suits if led else np.float32(1))
        total[items >= self._known] *= self._blend.newcomers_lift(weights[:, None])
        return total, norms

    def _nearest(self, terms: Sequence[Term | None]) -> Few | None:
        """What the nearest sessions turned to, where taste leans to it."""
        if self._leanings is None or self._blend.by_nearest is None:
            return None
        nearest = terms[self._blend.by_nearest]
        return nearest if isinstance(nearest, Few) else None

    def _more(self, share: Scores) -> Scores:
        """What is multiplied by for what the nearest sessions turned to."""
        taste = self._blend.taste
        assert taste is not None  # noqa: S101 who asks has one
        more: Scores = np.exp(taste.alike * likeness(share))
        return more

    def _held(self, weights: Scores, leant: np.float32) -> np.float32:
        """What the sources that taste leans are multiplied by to add up to their weights again."""
        held: np.float32 = weights[self._blend.led].sum() / leant if leant > 0 else np.float32(1)
        return held

    def carried(self, about: Sequence[int], items: Ints) -> Bools:
        """For which items (columns) which of the products (rows) speaks most of taking it along.

        Not for an item of its own category, which it holds down.
        """
        carried = np.zeros((len(about), len(items)), np.bool_)
        whole = self._spoken(about, items)
        for row, product in enumerate(about):
            rest = self._spoken([one for one in about if one != product], items)
            carried[row] = (whole > rest) & (self._category[items] != self._category[product])
        return carried

    def _spoken(self, about: Sequence[int], items: Ints) -> Scores:
        """The items' shares of what is taken together with the products."""
        together = self._together(about, Surface.CART)
        if together is None:
            return np.zeros(len(items), np.float32)
        place = self._scratch.place
        place[items] = np.arange(len(items), dtype=np.int32)
        share = together.at(items, place)
        place[items] = -1
        return share

    def _outputs(self, batch: Batch, state: State | None) -> "_Outputs":
        """What the network says of what the steps lead to, and of the shopper's own moves.

        None for what no source asks for, and for what an empty window leads to.
        """
        led = own = None
        if state is not None and self._lstm is not None:
            led, own = self._lstm.outputs(state)
        if own is None and self._by_habit is not None:
            own = self._by_habit.outputs(state or self._by_habit.begin(batch))[1]
        return led, own if self._by_habit is not None else None

    def _scan(self, batch: Batch, state: State | None, *, by_habit: bool) -> "_Network":
        """The network's terms of all items, which are read from memory once for both.

        Unless `by_habit`, what it says of the shopper's own moves is not asked for.
        """
        output, scratch = self._output, self._scratch
        led, own = self._outputs(batch, state)
        own = own if by_habit else None
        if output is None:
            return None, None
        softmax: Softmax | Likeliest | None = None
        if led is not None and output.index is not None:
            softmax = Likeliest(output, led)
        elif led is not None:
            if own is None:
                highest = output.logits(led, scratch.logits)
            else:
                highest = output.logits_of_both(led, scratch.logits, own, scratch.habitual)
            softmax = Softmax(output, led, scratch.logits, highest)
        if own is None:
            return softmax, None
        if not isinstance(softmax, Softmax):
            output.logits(own, scratch.habitual)
        return softmax, NetworkOwn.of_all(output, own, scratch.habitual, known=self._known)

    def _term(
        self, source: Source, ask: "_Ask", batch: Batch, network: "_Network",
        profile: Profile | None,
    ) -> Term | None:  # fmt: skip
        """What a source says of all items."""
        scratch = self._scratch
        softmax, own = network
        if isinstance(source, Lstm):
            return softmax
        if isinstance(source, Habits):
            return None if profile is None else source.term(profile, scratch.habitual, own)
        if isinstance(source, Collaborative):
            return source.term(batch, scratch.near)
        return ask(batch)

    def _remembered(
        self, source: Source, ask: "_Ask", batch: Batch, outputs: "_Outputs",
        profile: Profile | None, norms: Norms,
    ) -> Said | None:  # fmt: skip
        """What a source said of single items, without summing up all of them again."""
        scratch, output = self._scratch, self._output
        led, own = outputs
        if isinstance(source, Lstm):
            if led is None or output is None:
                return None
            return Remembered(output, led, norms.highest, norms.mass)
        if isinstance(source, Habits):
            if profile is None or norms.habitual <= 0:
                return None
            network = None
            if own is not None and output is not None:
                network = NetworkOwn(output, own, norms.own)
            return source.term(profile, scratch.habitual, network, mass=norms.habitual)
        if isinstance(source, Collaborative):
            return source.term(batch, scratch.near, mass=norms.near)
        return ask(batch)

    def _alike(self, about: Sequence[int]) -> Ints | None:
        """All items of the categories of these; None where they have none."""
        codes = {int(self._category[item]) for item in about} - {-1}
        return self._members.of(codes) if codes else None

    def _together(self, about: Sequence[int], surface: Surface) -> Few | None:
        if not about or surface not in TOGETHER:
            return None
        return Few.of(*self._complements.fired(about))


type _Ask = Callable[[Batch], Term | None]
type _Outputs = tuple[Scores | None, Scores | None]
type _Network = tuple[Softmax | Likeliest | None, NetworkOwn | None]


def _asking(source: Source) -> _Ask:
    """How to ask a source what it says of a window; who sums up all items wants more than that."""
    if isinstance(source, Sparse):
        sparse = source
        return lambda batch: Few.of(*sparse.found(batch))
    if isinstance(source, Shared):
        shared = All.of(source.of_everybody())
        return lambda _: shared
    if isinstance(source, Spread):
        return source.spread
    return lambda batch: All.of(source.score(batch)[0])
