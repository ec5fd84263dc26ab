"""Whatever a message says and names, every skill has an answer and keeps its numbers backed."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from actions.skills import ACTIONS
from tests.unit.actions.conftest import Chat, entity

NAMES = [
    "category",
    "brand",
    "colour",
    "size",
    "material",
    "feature",
    "product",
    "variant",
    "price_min",
    "price_max",
    "sort",
    "ordinal",
    "quantity",
    "coupon_code",
]
VALUES = st.one_of(
    st.sampled_from(
        ["jackets", "black", "M", "leather", "waterproof", "jkt-rain", "jkt-rain-navy-m", "BREW20"]
    ),
    st.text(max_size=30),
    st.integers(-5, 1_000_000_000),
)
ENTITIES = st.lists(
    st.builds(
        lambda name, value, role: entity(name, value, **({"role": role} if role else {})),
        st.sampled_from(NAMES),
        VALUES,
        st.sampled_from([None, "exclude"]),
    ),
    max_size=4,
)
TEXTS = st.one_of(
    st.text(max_size=80),
    st.sampled_from(
        [
            "is it waterproof, how much is it and how many are left?",
            "cheaper, or in blue, but not leather; one more of this",
            "{price} {0} %s <b>&amp;</b> '; DROP TABLE carts; --",
            "😀" * 200,
        ]
    ),
)
TALKING = [one.action for one in ACTIONS if hasattr(one, "action")]


@pytest.mark.parametrize("action", TALKING)
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example(text="what\x00", entities=[entity("product", "tent\x00")], page="tnt-two\x00")
@given(text=TEXTS, entities=ENTITIES, page=st.sampled_from([None, "tnt-two", "no-such-product"]))
def test_no_message_is_an_error(
    chat: Chat, action: str, text: str, entities: list[dict[str, object]], page: str | None
) -> None:
    answer = chat.say(action, text, *entities, page=page)
    assert answer.messages or answer.events
