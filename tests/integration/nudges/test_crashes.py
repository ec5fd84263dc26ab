"""Several sweepers at once, killed at any moment: nothing is sent twice, nothing is lost unseen.

What counts as sent is what a mail server and Telegram's server took, and no cent of the coupons'
budget is lost or spent twice. CARTWRIGHT_TEST_WHOLE_SWEEP=1 takes 10,000 carts and 1,000 kills, as
against the few hundred and the few dozen of every day.
"""

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from sqlalchemy import select

from benchmarks.nudges.carts import Mix, fill
from db.engine import SessionFactory
from db.many import insert_many
from db.models import (
    Channel,
    ChannelAddress,
    Consent,
    Coupon,
    CouponBudget,
    CouponState,
    Nudge,
    NudgeState,
    Promotion,
)
from tests.bot_api import BotApi, bot_api
from tests.integration.nudges.sweeping_process import Sweepers, Work, rules
from tests.smtp import MailSink, mail_sink

WHOLE = os.environ.get("CARTWRIGHT_TEST_WHOLE_SWEEP") == "1"
SWEEPERS = 4
PAGE = 50
# A standing clock and a lease of a minute: what a dead sweeper held is free in the next round.
NOW = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)
ROUND = timedelta(seconds=61)
OVER = (NudgeState.SENT, NudgeState.UNKNOWN)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200 if WHOLE else 600)]


@pytest.fixture
def mails() -> Iterator[MailSink]:
    with mail_sink() as sink:
        yield sink


@pytest.fixture
def telegram() -> Iterator[BotApi]:
    with bot_api() as api:
        yield api


@dataclass(frozen=True, slots=True)
class Scene:
    """Due carts, spread over three stages, whose shoppers read mails, or every other one Telegram.

    `budget` pays about half of the coupons that the later stages ask for.
    """

    database_url: str
    sessions: SessionFactory
    mails: MailSink
    telegram: BotApi
    carts: int

    @property
    def budget(self) -> int:
        return 250 * self.carts

    def fill(self) -> None:
        work = self.work()
        stages = rules(work, at_most=1).stages
        fill(self.sessions, Mix(carts=self.carts, due=self.carts), now=NOW, stages=stages)
        readers = range(0, self.carts, 2)
        at = NOW - timedelta(days=60)
        consent = {"granted": True, "basis": "consent", "wording_version": "1", "source": "test"}
        with self.sessions.begin() as session:
            insert_many(
                session,
                Consent,
                [{"person_id": f"u{n}", "channel": Channel.TELEGRAM, "at": at} | consent
                 for n in readers],
            )  # fmt: skip
            insert_many(
                session,
                ChannelAddress,
                [{"person_id": f"u{n}", "visitor_id": f"v{n}", "channel": Channel.TELEGRAM,
                  "address": str(n), "details": {}, "at": at} for n in readers],
            )  # fmt: skip

    def work(self) -> Work:
        return Work(
            url=self.database_url,
            smtp_port=self.mails.port,
            telegram_url=self.telegram.url,
            budget=self.budget,
            page=PAGE,
        )

    @property
    def taken(self) -> int:
        return self.mails.taken.total() + len(self.telegram.calls)

    def arrived(self) -> Counter[str]:
        """How often each nudge of the sweepers' arrived; a Telegram message tells its reader."""
        by_reader = {nudge.person_id: nudge.id for nudge in self.nudges()}
        found = Counter(
            {key.strip("<>").partition("@")[0]: n for key, n in self.mails.taken.items()}
        )
        found.update(by_reader[f"u{asked['chat_id']}"] for _, asked in self.telegram.calls)
        return found

    def nudges(self) -> list[Nudge]:
        with self.sessions() as session:
            return list(session.scalars(select(Nudge).where(Nudge.policy_version != "bench")))

    def ids(self, state: NudgeState) -> set[str]:
        return {nudge.id for nudge in self.nudges() if nudge.state is state}

    def await_messages(self, more: float) -> None:
        """Wait until so many more were taken: on any machine, sweepers die while sending.

        Two seconds at most, for those who have nothing (left) to send.
        """
        wanted, until = self.taken + more, time.monotonic() + 2
        while self.taken < wanted and time.monotonic() < until:
            time.sleep(0.001)

    def check_coupons(self) -> None:
        """Every coupon belongs to the one nudge that gave it, and the ledger is their sum."""
        promised = {n.id for n in self.nudges() if n.treatment not in (None, "reminder")}
        instead = [n for n in self.nudges() if "instead_of" in (n.decision or {})]
        with self.sessions() as session:
            coupons = list(session.scalars(select(Coupon)))
            terms = set(session.scalars(select(Promotion.code).where(Promotion.personal)))
            ledger = session.scalars(select(CouponBudget)).one()
        assert {coupon.nudge_id for coupon in coupons} == promised
        assert {coupon.code for coupon in coupons} == terms
        assert {coupon.state for coupon in coupons} == {CouponState.ISSUED}
        reserved = sum(coupon.reserved for coupon in coupons)
        assert (ledger.reserved, ledger.spent) == (reserved, 0)
        dearest = max(coupon.reserved for coupon in coupons)
        assert self.budget - dearest < reserved <= self.budget
        assert instead


@pytest.fixture
def scene(
    database_url: str, sessions: SessionFactory, mails: MailSink, telegram: BotApi
) -> Callable[[int], Scene]:
    """A scene of so many carts, on the fresh database."""

    def make(carts: int) -> Scene:
        made = Scene(database_url, sessions, mails, telegram, carts)
        made.fill()
        return made

    return make


@contextmanager
def sweepers_of(scene: Scene) -> Iterator[Sweepers]:
    sweepers = Sweepers(scene.work())
    try:
        yield sweepers
    finally:
        sweepers.close()


def test_four_sweepers_send_each_due_stage_once(scene: Callable[[int], Scene]) -> None:
    shop = scene(10_000 if WHOLE else 300)
    with sweepers_of(shop) as sweepers:
        processes = [sweepers.start(NOW) for _ in range(SWEEPERS)]
        assert [sweepers.end_of(process) for process in processes] == [0] * SWEEPERS
    nudges = shop.nudges()
    assert Counter(nudge.state for nudge in nudges) == {NudgeState.SENT: shop.carts}
    assert {nudge.channel for nudge in nudges} == {Channel.EMAIL, Channel.TELEGRAM}
    assert {nudge.stage for nudge in nudges} == {"first", "second", "last"}
    assert shop.arrived() == dict.fromkeys(shop.ids(NudgeState.SENT), 1)
    shop.check_coupons()


def test_killed_at_random_moments_nothing_is_sent_twice_or_lost_unseen(
    scene: Callable[[int], Scene],
) -> None:
    kills, carts = (1000, 10_000) if WHOLE else (24, 1500)
    shop = scene(carts)
    with sweepers_of(shop) as sweepers:
        at_work, before = kill_often(shop, sweepers, kills)
    sent, unknown = (shop.ids(state) for state in OVER)
    arrived = shop.arrived()
    # Seen with `pytest -rP`: how much of it was really about dying in the middle of something.
    sys.stdout.write(
        f"{at_work} of {kills} kills while at work, {before} messages taken by then; "
        f"{len(sent)} sent, {len(unknown)} unknown, {len(unknown & arrived.keys())} of which "
        "had arrived\n"
    )
    assert at_work > kills / 2
    assert before > PAGE
    assert set(arrived.values()) == {1}
    assert sent <= arrived.keys() <= sent | unknown
    assert len(sent) + len(unknown) == carts
    shop.check_coupons()


def kill_often(shop: Scene, sweepers: Sweepers, kills: int) -> tuple[int, int]:
    """Kill so many sweepers, then let one after the other end what is left.

    How many were at work when they died, and how many messages had been taken by then.
    """
    chance = Random(7)  # noqa: S311 moments to die at, no secret
    now, at_work = NOW, 0
    for _ in range(kills // SWEEPERS):
        processes = [sweepers.start(now) for _ in range(SWEEPERS)]
        for process in processes:
            shop.await_messages(chance.uniform(0, 1.8 * shop.carts / kills))
            time.sleep(chance.uniform(0.0, 0.02))
            os.kill(process, signal.SIGKILL)
        at_work += sum(sweepers.end_of(process) == -signal.SIGKILL for process in processes)
        now += ROUND
    before = shop.taken
    while len(nudges := shop.nudges()) < shop.carts or {n.state for n in nudges} - {*OVER}:
        assert sweepers.end_of(sweepers.start(now)) == 0
        now += ROUND
    return at_work, before
