"""Choosing between things that are shown: side by side, or the one to take, with the reason."""

from collections.abc import Sequence
from typing import Any

from actions.context import Shop
from actions.references import shown_pairs
from actions.reply import Claim, Reply
from actions.show import price, show_products, title
from actions.skill import Event, Skill, Turn
from db.engine import read_session
from db.reads.catalogue import ProductFacts, VariantFacts, product_facts
from recommender.protocol import Surface
from services.product_facts import readable

# What fits side by side in the chat.
COMPARED = 3
FACTS_COMPARED = 6

type Pair = tuple[ProductFacts, VariantFacts]


class Compare(Skill):
    """A table of what tells things apart: price, brand, material and the catalogue's facts."""

    action = "action_compare"

    def answer(self, turn: Turn) -> list[Event]:
        """Compare the ones named by their places, else the first two shown."""
        pairs = in_view(self.shop, turn)
        places = dict.fromkeys(_at(place, len(pairs)) for place in turn.values("ordinal"))
        named = [pairs[at] for at in places if at is not None]
        chosen = (named if len(named) > 1 else pairs)[: COMPARED if len(named) > 1 else 2]
        if len(chosen) < 2:
            turn.say(Reply("utter_compare_what"))
            return []
        reply = Reply("utter_compared")
        self._table(turn, reply, chosen)
        turn.say(reply)
        return []

    def _table(self, turn: Turn, reply: Reply, chosen: Sequence[Pair]) -> None:
        heads = [title(facts) for facts, _ in chosen]
        rows = [
            (turn.word("word_compare_price"), [price(self.shop, variant) for _, variant in chosen]),
            *(
                (turn.word(f"word_compare_{name}"), [_column(facts, name) for facts, _ in chosen])
                for name in ("brand", "material")
            ),
            *_facts(chosen),
        ]
        told = [(name, cells) for name, cells in rows if any(cell.text for cell in cells)]
        reply.table(
            ["", *(head.text for head in heads)],
            [[name, *(cell.text or "–" for cell in cells)] for name, cells in told],
            [*heads, *(cell for _, cells in told for cell in cells if cell.text)],
        )


class PickOne(Skill):
    """The one to take of those shown, with the reason that the suggestion has."""

    action = "action_pick_one"

    def answer(self, turn: Turn) -> list[Event]:
        """The first of the shopper's own suggestions among them; the first in stock without any."""
        pairs = [pair for pair in in_view(self.shop, turn) if pair[1].stock > 0]
        if not pairs:
            turn.say(Reply("utter_pick_of_what"))
            return []
        by_id = {facts.product_id: (facts, variant) for facts, variant in pairs}
        with self.shop.sessions.begin() as session:
            ranked = self.shop.suggestions.suggest(
                session, turn.identity, surface=Surface.CHAT, k=1, now=turn.now, among=by_id.keys()
            )
        best = next((one for one in ranked if one.product_id in by_id), None)
        facts, variant = by_id[best.product_id] if best else pairs[0]
        cheapest = variant.price.amount == min(one.price.amount for _, one in pairs)
        response = "utter_pick_cheapest" if cheapest and len(pairs) > 1 else "utter_pick"
        extra: dict[str, Any] = {}
        reply = Reply(response, product=title(facts), price=price(self.shop, variant))
        if best is not None:
            reason = {"text": best.reason_text, "kind": best.reason.kind}
            extra = {"reason": reason, "suggestion_id": best.suggestion_id}
            reply.receipts([Claim(best.reason_text, "suggestions", best.suggestion_id, "reason")])
        events = show_products(self.shop, reply, [(facts, variant)], [extra])
        turn.say(reply)
        # What was shown before stays what "the second one" means.
        return [one for one in events if one["name"] != "shown"]


def in_view(shop: Shop, turn: Turn) -> list[Pair]:
    """What was last shown and is still sold, in order, each as its card showed it."""
    shown = shown_pairs(turn)
    with read_session(shop.sessions) as session:
        found = product_facts(session, [product for product, _ in shown], now=turn.now)
    pairs = []
    for product, variant_id in dict(shown).items():
        facts = found.get(product)
        if facts is None or not facts.variants:
            continue
        as_shown = [one for one in facts.variants if one.variant_id == variant_id]
        variant = as_shown[0] if as_shown else facts.best_variant() or facts.variants[0]
        pairs.append((facts, variant))
    return pairs


def _at(ordinal: object, count: int) -> int | None:
    """The index that a 1-based place (-1 the last) means; None where there is none."""
    if not isinstance(ordinal, int):
        return None
    at = ordinal - 1 if ordinal > 0 else count + ordinal
    return at if 0 <= at < count else None


def _column(facts: ProductFacts, name: str) -> Claim:
    return Claim(str(getattr(facts, name) or ""), "products", facts.product_id, name)


def _facts(chosen: Sequence[Pair]) -> list[tuple[str, list[Claim]]]:
    """The facts that tell them apart, those that most of them have first."""
    keys = dict.fromkeys(key for facts, _ in chosen for key in facts.facts)
    differing = [key for key in keys if len({str(facts.facts.get(key)) for facts, _ in chosen}) > 1]
    shared = sorted(differing, key=lambda key: -sum(key in facts.facts for facts, _ in chosen))
    return [
        (readable(key, True)[0], [_fact(facts, key) for facts, _ in chosen])
        for key in shared[:FACTS_COMPARED]
    ]


def _fact(facts: ProductFacts, key: str) -> Claim:
    value = facts.facts.get(key)
    if isinstance(value, bool):
        text = "yes" if value else "no"
    else:
        text = readable(key, value)[1] if value is not None else ""
    return Claim(text, "products", facts.product_id, f"facts.{key}")
