"""What a shopper left in their cart or bought, and nobody else's."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from actions.context import Shop
from actions.reply import Claim, Reply
from actions.show import show_products, shown
from actions.skill import Event, Skill, Turn
from core.clock import parse_utc
from core.dates import day_text
from db.engine import read_session
from db.reads.carts import LeftLine, PurchaseLine, PurchaseView, left_in_carts, purchases
from db.reads.catalogue import product_facts
from services.cards import variant_of

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
# How many lines one answer lists, the newest first.
LINES_SHOWN = 8


class LeftInCart(Skill):
    """What is still in the cart from a time."""

    action = "action_left_in_cart"

    def answer(self, turn: Turn) -> list[Event]:
        """List the lines, with today's prices and stock."""
        since, until = period_of(turn)
        with read_session(self.shop.sessions) as session:
            left = left_in_carts(session, turn.identity, since=since, until=until)
            left = sorted(left, key=lambda item: item.line.updated_at, reverse=True)
            ids = [item.line.product_id for item in left]
            facts = product_facts(session, ids, now=turn.now)
        if not left:
            return _nothing(self.shop, turn, "utter_left_nothing")
        count = Claim(
            str(len(left)), "cart_lines", turn.identity.conversation_id, "updated_at: count"
        )
        reply = Reply(_dated(turn, "utter_left"), count=count, **_period(self.shop, turn))
        known = [
            item
            for item in left[:LINES_SHOWN]
            if item.line.product_id in facts and item.line.price_id is not None
        ]
        pairs = [
            (facts[i.line.product_id], variant_of(facts[i.line.product_id], i.line.variant_id))
            for i in known
        ]
        extras = [{"reason": self._left_on(turn, item, reply)} for item in known]
        events = show_products(self.shop, reply, pairs, extras)
        turn.say(reply)
        _hint_to_sign_in(turn)
        return events

    def _left_on(self, turn: Turn, item: LeftLine, reply: Reply) -> dict[str, str]:
        day = day_text(item.line.updated_at, self.shop.settings)
        row = str(item.line.line_id)
        quantity = str(item.line.quantity)
        text = turn.word("word_left_on", day=day, quantity=quantity)
        reply.receipts(
            [
                Claim(day, "cart_lines", row, "updated_at"),
                Claim(quantity, "cart_lines", row, "quantity"),
            ]
        )
        return {"text": text, "kind": "in_cart"}


class Purchases(Skill):
    """What was bought in a time."""

    action = "action_purchases"

    def answer(self, turn: Turn) -> list[Event]:
        """A table of the newest purchases."""
        since, until = period_of(turn)
        with read_session(self.shop.sessions) as session:
            orders = purchases(session, turn.identity, since=since, until=until)
        lines = [(order, line) for order in orders for line in order.lines]
        if not lines:
            return _nothing(self.shop, turn, "utter_bought_nothing")
        count = Claim(
            str(len(lines)), "order_lines", turn.identity.conversation_id, "placed_at: count"
        )
        reply = Reply(_dated(turn, "utter_bought"), count=count, **_period(self.shop, turn))
        events = self._table(turn, reply, lines[:LINES_SHOWN])
        turn.say(reply)
        _hint_to_sign_in(turn)
        return events

    def _table(
        self, turn: Turn, reply: Reply, lines: Sequence[tuple[PurchaseView, PurchaseLine]]
    ) -> list[Event]:
        columns = ["word_column_day", "word_column_product", "word_column_quantity"]
        rows, claims = [], []
        for order, line in lines:
            options = ", ".join(part for part in (line.colour, line.size) if part)
            title = f"{line.title} ({options})" if options else line.title
            if line.refunded:
                whole = line.refunded == line.quantity
                title += f", {turn.word('word_refunded' if whole else 'word_partly_refunded')}"
            row = [
                Claim(
                    day_text(order.placed_at, self.shop.settings),
                    "orders",
                    order.order_id,
                    "placed_at",
                ),
                Claim(title, "products", line.product_id, "title"),
                Claim(str(line.quantity), "order_lines", str(line.line_id), "quantity"),
            ]
            if line.unit is not None:
                text = line.unit.text(self.shop.settings.locale)
                row.append(Claim(text, "order_lines", str(line.line_id), "unit_amount"))
            rows.append([claim.text for claim in row])
            claims += row
        if any(line.unit is not None for _, line in lines):
            columns.append("word_column_price")
            rows = [row if len(row) == len(columns) else [*row, ""] for row in rows]
        reply.table([turn.word(name) for name in columns], rows, claims)
        return shown([(line.product_id, line.variant_id) for _, line in lines])


def period_of(turn: Turn) -> tuple[datetime, datetime]:
    """The time asked about, until exclusive; everything so far where none was named."""
    value = turn.value("period")
    if isinstance(value, dict):
        return parse_utc(value["since"]), parse_utc(value["until"])
    return BEGINNING, turn.now + timedelta(seconds=1)


def _dated(turn: Turn, response: str) -> str:
    return f"{response}_between" if turn.value("period") else response


def _period(shop: Shop, turn: Turn) -> dict[str, Claim]:
    """The first and last day asked about, as values of a response."""
    if not turn.value("period"):
        return {}
    since, until = period_of(turn)
    last = until - timedelta(microseconds=1)
    return {
        name: Claim(day_text(at, shop.settings), "messages", turn.message_id, "period")
        for name, at in (("since", since), ("until", last))
    }


def _nothing(shop: Shop, turn: Turn, response: str) -> list[Event]:
    turn.say(Reply(_dated(turn, response), **_period(shop, turn)))
    _hint_to_sign_in(turn)
    return []


def _hint_to_sign_in(turn: Turn) -> None:
    if turn.identity.person_id is None:
        turn.say(Reply("utter_sign_in_for_history"))
