"""No token or coupon code works but the right one: in its time, for its purpose, and who has it.

All five kinds of token and coupons' codes are forged, changed in a bit, swapped, used again and
used too late. CARTWRIGHT_TEST_WHOLE_TOKENS=1 tries 100,000 of either, as against the few thousand
of every day.
"""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from itertools import batched
from random import Random

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.clock import SimulatedClock
from core.identity import Identity
from db.engine import SessionFactory
from db.models import Channel, Coupon, CouponBudget, CouponState, LinkPurpose
from db.reads.promotions import promotion_terms
from db.writes.addresses import connect_address
from db.writes.carts import PromotionRefused, apply_promotion
from db.writes.coupons import redeem
from db.writes.orders import place
from nudges.links import open_link
from nudges.telegram import Heard, Said, hear, new_telegram_link
from tests.integration.nudges.coupons import coupons, send_coupons
from tests.integration.nudges.shoppers import Sink, agree, left_carts, policy, sweeper

WHOLE = os.environ.get("CARTWRIGHT_TEST_WHOLE_TOKENS") == "1"
TRIES = 100_000 if WHOLE else 3_000
IN_A_TRANSACTION = 500
HOUR = timedelta(hours=1)
SHOPPERS = 9
TELEGRAM = "telegram"
KINDS = (*(purpose.value for purpose in LinkPurpose), TELEGRAM)
IN_TOKENS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
IN_CODES = "23456789BCDFGHJKMNPQRSTVWXZ"
NO_ORDER = "0" * 32

type Tokens = dict[str, list[str]]

pytestmark = [pytest.mark.usefixtures("small_shop"), pytest.mark.timeout(3600 if WHOLE else 600)]


def given_out(sessions: SessionFactory, clock: SimulatedClock, who: str) -> Tokens:
    """Tokens that work, by kind: of notifications, and of links to connect Telegram."""
    keys = [f"{who}{number}" for number in range(SHOPPERS)]
    left_carts(sessions, clock, *keys, ago=HOUR)
    with sessions.begin() as session:
        for key in keys:
            agree(session, key, Channel.WEB_PUSH, now=clock.now() - HOUR)
            mine = Identity(f"v-{key}", key)
            url = f"https://push.example/{key}"
            connect_address(session, mine, Channel.WEB_PUSH, url, now=clock.now(), details={})
    sink = Sink(name=Channel.WEB_PUSH)
    stages = [{"name": "first", "after_minutes": 60, "channels": ["web_push"]}]
    sweeper(sessions, clock, channels=[sink], rules=policy(stages=stages)).run()
    assert len(sink.taken) == SHOPPERS
    tokens: Tokens = {
        purpose.value: [one.links[purpose].rsplit("/", 1)[1] for one in sink.taken]
        for purpose in LinkPurpose
    }
    with sessions.begin() as session:
        tokens[TELEGRAM] = [
            new_telegram_link(session, Identity(f"v-{key}", key), bot="bot", now=clock.now())
            .partition("=")[2]
            for key in keys
        ]  # fmt: skip
    return tokens


def opens(session: Session, kind: str, token: str, clock: SimulatedClock) -> bool:
    """Whether the token does what tokens of its kind are for."""
    if kind == TELEGRAM:
        said = Said("no chat of theirs", f"/start {token}")
        return hear(session, said, now=clock.now()) is Heard.CONNECTED
    return open_link(session, token, LinkPurpose(kind), now=clock.now()) is not None


def bit_flipped(token: str, chance: Random) -> str:
    """One of its 256 bits is another."""
    changed = bytearray(urlsafe_b64decode(token + "="))
    changed[chance.randrange(32)] ^= 1 << chance.randrange(8)
    return urlsafe_b64encode(changed).decode().rstrip("=")


def read_alike(token: str, chance: Random) -> str:
    """Another text for the same 256 bits: of the last letter two bits say nothing."""
    last = IN_TOKENS.index(token[-1])
    return token[:-1] + IN_TOKENS[last ^ chance.randint(1, 3)]


def mangled(token: str, chance: Random) -> str:
    at = chance.randrange(1, len(token))
    return chance.choice(
        [token[:-1], token + "A", token[::-1], token.swapcase(), token[at:] + token[:at]]
    )


@pytest.fixture
def wrong(sessions: SessionFactory, clock: SimulatedClock) -> dict[str, Tokens]:
    """Tokens that were given out, by what is wrong with them now; "none" with those that work."""
    late = given_out(sessions, clock, "late")
    clock.advance(timedelta(days=60))
    used = given_out(sessions, clock, "used")
    good = given_out(sessions, clock, "good")
    with sessions.begin() as session:
        for number, token in enumerate(used[TELEGRAM]):
            said = Said(f"chat {number}", f"/start {token}")
            assert hear(session, said, now=clock.now()) is Heard.CONNECTED
    return {"none": good, "expired": late, "used": {TELEGRAM: used[TELEGRAM]}}


def wrong_token(kind: str, given: dict[str, Tokens], chance: Random) -> str:
    """A token that is not good for this."""
    good = given["none"]
    mine = chance.choice(good[kind])
    ways: list[Callable[[], str]] = [
        lambda: urlsafe_b64encode(chance.randbytes(32)).decode().rstrip("="),
        lambda: bit_flipped(mine, chance),
        lambda: read_alike(mine, chance),
        lambda: mangled(mine, chance),
        lambda: chance.choice(good[chance.choice([one for one in KINDS if one != kind])]),
        lambda: chance.choice(given["expired"][kind]),
        lambda: chance.choice(given["used"].get(kind) or given["expired"][kind]),
    ]
    return chance.choice(ways)()


def test_wrong_tokens_of_every_kind_open_nothing(
    sessions: SessionFactory, clock: SimulatedClock, wrong: dict[str, Tokens]
) -> None:
    chance = Random(7)  # noqa: S311 a test's choices
    tried = Counter[str]()
    opened = []
    for some in batched(range(TRIES), IN_A_TRANSACTION):
        with sessions.begin() as session:
            for number in some:
                kind = KINDS[number % len(KINDS)]
                token = wrong_token(kind, wrong, chance)
                tried[kind] += token not in wrong["none"][kind]
                if opens(session, kind, token, clock):
                    opened.append((kind, token))
    assert opened == []
    assert tried == dict.fromkeys(KINDS, TRIES // len(KINDS))


def test_the_right_tokens_open_and_for_their_purpose_alone(
    sessions: SessionFactory, clock: SimulatedClock, wrong: dict[str, Tokens]
) -> None:
    with sessions.begin() as session:
        for made_for, tokens in wrong["none"].items():
            for token in tokens:
                assert [kind for kind in KINDS if opens(session, kind, token, clock)] == [made_for]


def test_a_link_that_connects_telegram_works_once(
    sessions: SessionFactory, clock: SimulatedClock, wrong: dict[str, Tokens]
) -> None:
    token = wrong["none"][TELEGRAM][0]
    with sessions.begin() as session:
        assert [opens(session, TELEGRAM, token, clock) for _ in range(2)] == [True, False]
        assert hear(session, Said("another", f"/start {token}"), now=clock.now()) is Heard.DEAD


@pytest.fixture
def codes(sessions: SessionFactory, clock: SimulatedClock) -> dict[CouponState, list[Coupon]]:
    """Coupons in every state: some expired, one third of the newer ones used, one taken back."""
    for who in ("late", "new"):
        left_carts(sessions, clock, *(f"{who}{n}" for n in range(SHOPPERS)), ago=HOUR)
        send_coupons(sessions, clock)
        clock.advance(timedelta(days=4) if who == "late" else timedelta(minutes=5))
    by_state: dict[CouponState, list[Coupon]] = {state: [] for state in CouponState}
    issued = [one for one in coupons(sessions) if one.state is CouponState.ISSUED]
    with sessions.begin() as session:
        for coupon in issued[: 2 * SHOPPERS // 3]:
            if coupon in issued[: SHOPPERS // 3]:
                apply_promotion(session, owner(coupon), coupon.code, now=clock.now())
            place(session, owner(coupon), now=clock.now())
    for coupon in coupons(sessions):
        by_state[coupon.state].append(coupon)
    assert all(by_state.values())
    return by_state


def ledgers(sessions: SessionFactory) -> list[tuple[int, int]]:
    """What every day's coupons reserve and have spent."""
    with sessions() as session:
        days = session.scalars(select(CouponBudget).order_by(CouponBudget.day))
        return [(day.reserved, day.spent) for day in days]


def owner(coupon: Coupon) -> Identity:
    return Identity(f"v-{coupon.person_id}", coupon.person_id)


def redeems(session: Session, code: str, coupon: Coupon, clock: SimulatedClock) -> bool:
    """Whether the code is taken for the cart of this coupon, in its owner's hands."""
    return redeem(
        session,
        code,
        identity=owner(coupon),
        cart_id=coupon.cart_id,
        order_id=NO_ORDER,
        cost=0,
        now=clock.now(),
    )


def wrong_code(mine: Coupon, others: list[Coupon], chance: Random) -> str:
    """A code that is not the shopper's: forged, one letter changed, or somebody else's."""
    at = chance.randrange(len(mine.code))
    letter = chance.choice(IN_CODES.replace(mine.code[at], ""))
    ways: list[Callable[[], str]] = [
        lambda: "".join(chance.choice(IN_CODES) for _ in mine.code),
        lambda: mine.code[:at] + letter + mine.code[at + 1 :],
        lambda: mine.code[::-1],
        lambda: mine.code[:at],
        lambda: chance.choice(others).code,
    ]
    return chance.choice(ways)()


def test_wrong_codes_are_nobodys_promotion_and_redeem_nothing(
    sessions: SessionFactory, clock: SimulatedClock, codes: dict[CouponState, list[Coupon]]
) -> None:
    chance = Random(8)  # noqa: S311 a test's choices
    every = [coupon for some in codes.values() for coupon in some]
    before = ledgers(sessions)
    taken = []
    for some in batched(range(TRIES), IN_A_TRANSACTION):
        with sessions.begin() as session:
            for _ in some:
                mine = chance.choice(codes[CouponState.ISSUED])
                others = [one for one in every if one.person_id != mine.person_id]
                code = wrong_code(mine, others, chance)
                known = promotion_terms(session, code, owner(mine)) is not None
                if known or redeems(session, code, mine, clock):
                    taken.append(code)
    assert taken == []
    assert ledgers(sessions) == before


@pytest.mark.parametrize(
    "state", [CouponState.REDEEMED, CouponState.REVOKED, CouponState.EXPIRED], ids=str
)
def test_a_closed_coupon_is_refused_to_its_owner_however_often(
    sessions: SessionFactory,
    clock: SimulatedClock,
    codes: dict[CouponState, list[Coupon]],
    state: CouponState,
) -> None:
    before = ledgers(sessions)
    for some in batched(range(TRIES // 30), IN_A_TRANSACTION):
        with sessions.begin() as session:
            for number in some:
                coupon = codes[state][number % len(codes[state])]
                with pytest.raises(PromotionRefused):
                    apply_promotion(session, owner(coupon), coupon.code, now=clock.now())
                assert not redeems(session, coupon.code, coupon, clock)
    assert ledgers(sessions) == before


def test_an_open_coupon_is_refused_once_its_time_is_over(
    sessions: SessionFactory, clock: SimulatedClock, codes: dict[CouponState, list[Coupon]]
) -> None:
    clock.advance(timedelta(days=3))
    with sessions.begin() as session:
        for coupon in codes[CouponState.ISSUED]:
            with pytest.raises(PromotionRefused):
                apply_promotion(session, owner(coupon), coupon.code, now=clock.now())
            assert not redeems(session, coupon.code, coupon, clock)
