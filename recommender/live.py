"""Shoppers as the model sees them, kept ready: one LSTM step an event, not one pass a question."""

from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from recommender.abandonment import probability
from recommender.bundle import Bundle
from recommender.filters import known, never_suggested
from recommender.lstm_step import Lstm, State
from recommender.protocol import History, Suggested, Surface
from recommender.ranked import Norms, Ranked
from recommender.ranking import Ranker
from recommender.reasons import CONTEXT, Evidence, Reasons
from recommender.rule_sources import AssociationRules
from recommender.sequences import (
    ACTION_CODES,
    SESSION_GAP,
    WINDOW,
    Batch,
    Bools,
    Ints,
    beginning,
    encode,
    extended,
    goes_on,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FEW = 8
"""New steps up to which it is less work to go on from a window than to make it anew."""


@dataclass(slots=True)
class Window:
    """A shopper's steps as the sources see them, and the network's state after the last."""

    batch: Batch
    state: State | None
    items: list[int]
    """Known products of the running session, the latest first."""
    newer: State | None = None
    """The state after a full window's newer half alone: one more step pushes the older one out."""
    but_last: State | None = None
    """The state before the steps with the last product, those in a row at the end."""
    norms: Norms | None = None
    """What the ranking of this window summed up to, once it was asked for."""
    norms_but_last: Norms | None = None
    """The same before the steps with the last product."""

    @property
    def met(self) -> list[int]:
        """Known products of the whole window, the latest first, as many as reasons look at."""
        steps = self.batch.item[0, : self.batch.length[0]]
        return [item for item in dict.fromkeys(steps[::-1].tolist()) if item >= 0][:CONTEXT]


@dataclass(slots=True)
class Live:
    """One shopper, ready for the next question; made by `LiveBlend.follow`."""

    history: History
    window: Window
    cart: list[int]
    """Known items in the cart, the latest first."""
    unwanted: Collection[str] = ()
    """What they never want to see."""
    with_cart: Window | None = None
    answers: dict[Hashable, tuple[Bools, list[Suggested]]] = field(default_factory=dict)
    """What was suggested since the last event, beside the mask of what could be bought then."""


class LiveBlend:
    """A version of the blend that follows shoppers and answers. Safe to share between threads."""

    def __init__(self, bundle: Bundle, evidence: Evidence, complements: AssociationRules) -> None:
        self.vocabulary = bundle.vocabulary
        self._bought_again = bundle.bought_again
        self._evidence = evidence
        self._ranker = Ranker(bundle, complements)
        self._lstm = next((one for one in bundle.blend.sources if isinstance(one, Lstm)), None)
        self._carts = bundle.carts

    def follow(
        self, history: History, exclude: Collection[str] = (), *, before: Live | None = None
    ) -> Live:
        """The shopper with that history; where `before` knew its beginning, only the rest is new.

        `exclude` is what they never want to see.
        """
        index = self.vocabulary.index
        cart = [index[item] for item in reversed(history.cart) if item in index]
        window = self._window(self._batch(history, before), before.window if before else None)
        return Live(history, window, cart, exclude)

    def _batch(self, history: History, before: Live | None) -> Batch:
        """The history's window; where `before` knew all but a few last steps, made from its own."""
        done = before.history.steps if before is not None else ()
        new = history.steps[len(done) :]
        last = next((step.at for step in reversed(done) if step.action in ACTION_CODES), None)
        if before is None or last is None or len(new) > FEW or history.steps[: len(done)] != done:
            steps = [(step.product_id, step.action, step.at) for step in history.steps]
            return encode(steps, self.vocabulary)
        batch = before.window.batch
        for step in new:
            if step.at < last or step.action not in ACTION_CODES:
                return self._batch(history, None)
            item, action = self.vocabulary.get(step.product_id), ACTION_CODES[step.action]
            batch = extended(batch, item, action, pause=step.at - last)
            last = step.at
        return batch

    def leaving(self, live: Live, *, now: datetime) -> float | None:
        """How likely it is that the cart will not be bought in the visit that runs.

        None where no cart is open, no visit runs, or the version does not know.
        """
        steps, window = live.history.steps, live.window
        if self._lstm is None or self._carts is None or window.state is None:
            return None
        if not len(self._lstm.weights.leaving) or not live.history.cart:
            return None
        if now - max(step.at for step in steps) > SESSION_GAP:
            return None
        kind = self._carts.kinds_after([live.cart], window.batch)
        said = probability(self._lstm.weights.leaving, window.state.hidden[None], kind)
        return float(said[0])

    def suggest(
        self, live: Live, *, k: int, surface: Surface, available: Bools, anchor: str | None = None
    ) -> list[Suggested]:
        """At most k of the `available` items, best first; `Suggester.suggest` says which never."""
        if k <= 0:
            return []
        if anchor is not None and surface is Surface.CHAT:
            surface = Surface.PRODUCT
        asked = surface, k, anchor
        mask, answer = live.answers.get(asked, (None, []))
        if mask is not available:
            answer = self._suggest(live, k, surface, available, anchor)
            if anchor is None:
                live.answers[asked] = available, answer
        return answer

    def _suggest(
        self, live: Live, k: int, surface: Surface, available: Bools, anchor: str | None
    ) -> list[Suggested]:
        window = self._asked(live, surface, anchor)
        looked_at = self.vocabulary.get(anchor) if anchor is not None else -1
        about = [looked_at] if looked_at >= 0 else []
        if anchor is None and surface is Surface.CART:
            about = live.cart
        ranked = self._ranker.best(
            window.batch,
            window.state,
            k=k,
            available=available,
            taboo=self._taboo(live, surface, anchor),
            about=about,
            surface=surface,
        )
        window.norms = ranked.norms
        context = about if anchor is not None else [*window.items, *window.met]
        if surface is Surface.CART:
            context = [*about, *context]
        named, moved = context, None
        if anchor is None and surface is Surface.CART and about:
            named = about[:CONTEXT]
            moved = self._ranker.carried(named, ranked.items)
        elif anchor is None:
            named = [window.batch.last_item(0)]
            moved = self._risen(window, ranked)[None]
        return self._told(ranked, Reasons(context, self._evidence, named=named), moved)

    def bought_again(self, products: Iterable[str]) -> set[str]:
        """Those of the products that people buy again and again."""
        items = ((product, self.vocabulary.get(product)) for product in products)
        return {product for product, item in items if item >= 0 and self._bought_again[item]}

    def _taboo(self, live: Live, surface: Surface, anchor: str | None) -> Ints:
        """The items that may not be suggested."""
        history = live.history
        again = self.bought_again(history.owned)
        never = never_suggested(
            history, surface=surface, unwanted=live.unwanted, again=again, about=anchor
        )
        return known(self.vocabulary, never)

    def _risen(self, window: Window, ranked: Ranked) -> Bools:
        """For which items the score is higher than it was before the last product.

        The network reads all steps, so only of the last product is it cheap to say what it did:
        the state before it is known.
        """
        before = beginning(window.batch, _last_turn(window.batch))
        then, window.norms_but_last = self._ranker.totals(
            before, window.but_last, ranked.items, window.norms_but_last
        )
        risen: Bools = ranked.total > then
        return risen

    def _told(self, ranked: Ranked, reasons: Reasons, moved: Bools | None) -> list[Suggested]:
        names, items = self._ranker.names, self.vocabulary.items
        total = ranked.total
        own = (ranked.parts / total).T.astype(np.float64).round(4)
        return [
            Suggested(
                product_id=items[item],
                score=score,
                rank=rank,
                source=names[loudest],
                reason=reason,
                shares={name: share for name, share in zip(names, gave, strict=True) if share > 0},
            )
            for rank, (item, score, loudest, gave, reason) in enumerate(
                zip(
                    ranked.items.tolist(),
                    total.tolist(),
                    ranked.parts.argmax(axis=0).tolist(),
                    own.tolist(),
                    reasons.of_all(ranked.items, moved),
                    strict=True,
                ),
                start=1,
            )
        ]

    def _asked(self, live: Live, surface: Surface, anchor: str | None) -> Window:
        """The window of a question: with the cart on its surface, and looking at the anchor."""
        window = live.window
        if surface is Surface.CART:
            live.with_cart = live.with_cart or self._with_cart(live)
            window = live.with_cart
        last = live.history.steps[-1].product_id if live.history.steps else None
        if anchor is None or anchor == last:
            return window
        return self._looking_at(window, self.vocabulary.get(anchor))

    def _with_cart(self, live: Live) -> Window:
        """What lies in the cart without a step of its own counts as added with the last step."""
        history = live.history
        met = {step.product_id for step in history.steps}
        missing = [item for item in history.cart if item not in met]
        if not missing:
            return live.window
        last = history.steps[-1].at if history.steps else _EPOCH
        steps = [(item, "add", last) for item in missing]
        steps += [(step.product_id, step.action, step.at) for step in history.steps]
        return self._window(encode(steps, self.vocabulary))

    def _looking_at(self, window: Window, item: int) -> Window:
        """The window after one more step: a look at the item, just now."""
        batch = extended(window.batch, item, ACTION_CODES["view"])
        steps = int(batch.length[0])
        state = window.state
        if window.batch.length[0] == WINDOW:
            if window.newer is None:
                window.newer = self._stepped(batch, None, 0, steps - 1)
            state = window.newer
        return Window(batch, self._stepped(batch, state, steps - 1, steps), batch.session_items(0))

    def _window(self, batch: Batch, before: Window | None = None) -> Window:
        steps = int(batch.length[0])
        begin, state, but_last, norms = 0, None, None, None
        turn = _last_turn(batch)
        if before is not None and _begins_with(batch, before.batch):
            begin, state, but_last = int(before.batch.length[0]), before.state, before.but_last
            if begin == turn and _same_session(batch, before.batch):
                norms = before.norms
        if begin <= turn:
            state = but_last = self._stepped(batch, state, begin, turn)
            begin = turn
        state = self._stepped(batch, state, begin, steps)
        items = batch.session_items(0)
        return Window(batch, state, items, but_last=but_last, norms_but_last=norms)

    def _stepped(self, batch: Batch, state: State | None, begin: int, end: int) -> State | None:
        """The network's state after the steps from `begin` to `end`; None without a network."""
        if self._lstm is None or begin == end:
            return state
        return self._lstm.advance(state or self._lstm.begin(batch), batch, begin, end)


def _last_turn(batch: Batch) -> int:
    """Where the steps with the last product begin, those in a row at the end."""
    items = batch.item[0, : batch.length[0]]
    other = np.flatnonzero(items != items[-1:])
    return int(other[-1]) + 1 if len(other) else 0


def _begins_with(batch: Batch, first: Batch) -> bool:
    """Whether the window of `first` is the beginning of the other, after the same older steps."""
    steps = int(first.length[0])
    return steps <= batch.length[0] and goes_on(
        batch.item[0], batch.action[0], batch.gap[0], batch.older_item[0], batch.older_action[0],
        first.item[0, :steps], first.action[0, :steps], first.gap[0, :steps],
        first.older_item[0], first.older_action[0],
    )  # fmt: skip


def _same_session(batch: Batch, first: Batch) -> bool:
    """Whether the steps that the windows have both are in the running session of both."""
    return np.array_equal(batch.in_session[0, : first.length[0]], first.in_session[0])
