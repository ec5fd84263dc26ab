"""The cart as a pure function of its owner's events."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from db.fold import CartEvent, CartItem, Carts, fold
from db.models import EventName

START = datetime(2026, 3, 2, tzinfo=UTC)
ADD, REMOVE, PURCHASE = EventName.ADD_TO_CART, EventName.REMOVE_FROM_CART, EventName.PURCHASE


def event(
    name: EventName,
    minute: int,
    *items: CartItem,
    event_id: str | None = None,
    transaction: str | None = None,
    visitor: str = "v",
) -> CartEvent:
    return CartEvent(
        at=START + timedelta(minutes=minute),
        event_id=event_id or f"{name.value}-{minute}",
        visitor_id=visitor,
        name=name,
        items=items,
        transaction_id=transaction or (f"T{minute}" if name is PURCHASE else None),
    )


def tent(quantity: int = 1, amount: int | None = 9900) -> CartItem:
    return CartItem("tent", "tent-green", quantity, amount, "EUR")


def stove(quantity: int = 1) -> CartItem:
    return CartItem("stove", None, quantity, 4500, "EUR")


def quantities(carts: Carts) -> dict[str, int]:
    if carts.open is None:
        return {}
    return {key[0]: line.quantity for key, line in carts.open.lines.items()}


items = st.lists(
    st.builds(
        CartItem,
        product_id=st.sampled_from(["tent", "stove", "mat"]),
        variant_id=st.sampled_from([None, "a", "b"]),
        quantity=st.integers(1, 5),
        unit_amount=st.none() | st.integers(0, 10_000),
        currency=st.just("EUR"),
    ),
    max_size=3,
).map(tuple)

histories = st.lists(
    st.builds(
        CartEvent,
        at=st.integers(0, 20).map(lambda minute: START + timedelta(minutes=minute)),
        event_id=st.text("abcdef", min_size=1, max_size=6),
        visitor_id=st.sampled_from(["v", "w"]),
        name=st.sampled_from([ADD, ADD, ADD, REMOVE, PURCHASE]),
        items=items,
        transaction_id=st.sampled_from([None, "T1", "T2", "T3"]),
    ),
    max_size=25,
    unique_by=lambda event: (event.visitor_id, event.event_id),
)


@given(histories, st.randoms())
def test_any_order_of_arrival_and_any_repeats_give_the_same_carts(
    history: list[CartEvent], random: object
) -> None:
    arrived = history * 2
    random.shuffle(arrived)  # type: ignore[attr-defined]
    assert fold(arrived) == fold(history)


@given(histories, st.integers(0, 25))
def test_folding_the_newer_events_onto_the_fold_of_the_older_is_the_fold_of_all(
    history: list[CartEvent], cut: int
) -> None:
    ordered = sorted(history, key=lambda event: event.order_key)
    assert fold(ordered[cut:], fold(ordered[:cut])) == fold(history)


@given(histories)
def test_no_line_ever_holds_less_than_one_piece(history: list[CartEvent]) -> None:
    for episode in fold(history).episodes:
        assert all(line.quantity > 0 for line in episode.lines.values())


@given(histories)
def test_without_purchases_a_cart_never_holds_more_than_was_added(
    history: list[CartEvent],
) -> None:
    history = [event for event in history if event.name is not PURCHASE]
    added: Counter[tuple[str, str]] = Counter()
    for one in history:
        if one.name is ADD:
            for item in one.items:
                added[item.key] += item.quantity
    carts = fold(history)
    lines = carts.open.lines if carts.open else {}
    assert all(line.quantity <= added[key] for key, line in lines.items())


@given(histories)
def test_what_was_just_bought_is_in_no_open_cart(history: list[CartEvent]) -> None:
    last = event(PURCHASE, 30, CartItem("tent", "a"), CartItem("stove", "b"), transaction="last")
    carts = fold([*history, last])
    lines = carts.open.lines if carts.open else {}
    assert not {("tent", "a"), ("stove", "b")} & lines.keys()


def test_adding_the_same_variant_twice_sums_its_quantity() -> None:
    assert quantities(fold([event(ADD, 1, tent(2)), event(ADD, 2, tent(3))])) == {"tent": 5}


def test_the_newest_price_seen_counts_and_a_missing_one_keeps_the_last() -> None:
    carts = fold([event(ADD, 1, tent(amount=9900)), event(ADD, 2, tent(amount=8900))])
    assert carts.open is not None
    assert carts.open.lines["tent", "tent-green"].unit_amount == 8900
    carts = fold([event(ADD, 1, tent(amount=9900)), event(ADD, 2, tent(amount=None))])
    assert carts.open is not None
    assert carts.open.lines["tent", "tent-green"].unit_amount == 9900


def test_removing_more_than_there_is_takes_the_line_away_and_no_more() -> None:
    carts = fold([event(ADD, 1, tent(2)), event(REMOVE, 2, tent(5)), event(ADD, 3, tent(1))])
    assert quantities(carts) == {"tent": 1}


def test_removing_from_no_cart_opens_none() -> None:
    assert fold([event(REMOVE, 1, tent())]) == Carts()


def test_a_purchase_closes_the_episode_and_leftover_lines_move_on() -> None:
    carts = fold([event(ADD, 1, tent()), event(ADD, 2, stove()), event(PURCHASE, 3, tent())])
    (bought,) = carts.closed
    assert [key[0] for key in bought.lines] == ["tent"]
    assert quantities(carts) == {"stove": 1}
    assert carts.open is not None
    assert carts.open.lines["stove", "stove"].added_at == START + timedelta(minutes=2)
    assert carts.open.id != bought.id


def test_a_purchase_of_all_leaves_no_cart_open() -> None:
    assert fold([event(ADD, 1, tent(3)), event(PURCHASE, 2, tent(1))]).open is None


def test_a_purchase_that_names_no_items_buys_the_whole_cart() -> None:
    carts = fold([event(ADD, 1, tent()), event(ADD, 2, stove()), event(PURCHASE, 3)])
    assert carts.open is None
    assert len(carts.closed[0].lines) == 2


def test_a_purchase_of_other_things_leaves_the_cart_alone() -> None:
    carts = fold([event(ADD, 1, tent()), event(PURCHASE, 2, stove())])
    assert quantities(carts) == {"tent": 1}
    assert carts.closed == []


def test_a_late_add_from_before_a_purchase_does_not_resurrect_what_was_bought() -> None:
    known = [event(ADD, 2, tent()), event(PURCHASE, 5, tent())]
    late = event(ADD, 1, tent(), event_id="late")
    assert fold([*known, late]).open is None


def test_a_late_remove_from_before_a_purchase_changes_nothing_now() -> None:
    known = [event(ADD, 1, tent()), event(PURCHASE, 5, tent()), event(ADD, 6, stove())]
    assert quantities(fold([*known, event(REMOVE, 3, tent())])) == {"stove": 1}


def test_a_transaction_told_twice_closes_one_cart() -> None:
    carts = fold(
        [
            event(ADD, 1, tent()),
            event(PURCHASE, 2, tent(), transaction="T"),
            event(ADD, 3, tent()),
            event(PURCHASE, 4, tent(), transaction="T", event_id="again"),
        ]
    )
    assert quantities(carts) == {"tent": 1}
    assert len(carts.purchases) == 1


def test_carts_of_two_browsers_of_one_person_add_up() -> None:
    carts = fold([event(ADD, 1, tent(1)), event(ADD, 2, tent(2), visitor="w")])
    assert quantities(carts) == {"tent": 3}
