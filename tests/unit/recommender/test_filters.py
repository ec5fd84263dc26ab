"""Nothing is suggested that the shopper has at hand, does not want, or has just turned to."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from recommender.filters import allowed, never_suggested
from recommender.protocol import History, Step, Surface
from recommender.sequences import SESSION_GAP, Vocabulary
from tests.unit.recommender.shop import BEGIN

PRODUCTS = tuple("abcdefgh")
VOCABULARY = Vocabulary.of(PRODUCTS[:6])
SOME = st.sets(st.sampled_from(PRODUCTS))
VISITS = st.lists(st.lists(st.sampled_from(PRODUCTS), min_size=1, max_size=60), max_size=3)


def steps_of(visits: list[list[str]]) -> tuple[Step, ...]:
    """Steps a minute apart, and visits by more than the longest pause of one."""
    at, steps = BEGIN, []
    for visit in visits:
        at += SESSION_GAP
        for product in visit:
            at += timedelta(minutes=1)
            steps.append(Step(product, "view", at))
    return tuple(steps)


@given(
    visits=VISITS, cart=SOME, owned=SOME, unwanted=SOME, again=SOME,
    about=st.none() | st.sampled_from(PRODUCTS), available=st.none() | SOME,
    surface=st.sampled_from(Surface),
)  # fmt: skip
def test_a_product_is_allowed_unless_one_reason_speaks_against_it(
    visits: list[list[str]],
    cart: set[str],
    owned: set[str],
    unwanted: set[str],
    again: set[str],
    about: str | None,
    available: set[str] | None,
    surface: Surface,
) -> None:
    history = History(steps_of(visits), tuple(cart), tuple(owned))
    never = never_suggested(history, surface=surface, unwanted=unwanted, again=again, about=about)
    mask = allowed(VOCABULARY, never=never, available=available)
    running = visits[-1] if visits else []
    for item, product in enumerate(VOCABULARY.items):
        speaks_against = (
            product in cart
            or (product in owned and product not in again)
            or product in unwanted
            or (product in running and surface is not Surface.CART)
            or product == about
        )
        is_available = available is None or product in available
        assert mask[item] == (is_available and not speaks_against)
