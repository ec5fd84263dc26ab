"""Several sweepers at once, killed at any moment: nothing is sent twice, nothing is lost unseen.

What counts as sent is what a mail server took. CARTWRIGHT_TEST_WHOLE_SWEEP=1 takes 10,000 carts and
1,000 kills, as against the few hundred and the few dozen of every day.
"""

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from sqlalchemy import select

from benchmarks.nudges.carts import Mix, fill
from db.engine import SessionFactory
from db.models import Nudge, NudgeState
from tests.integration.nudges.sweeping_process import Sweepers
from tests.smtp import MailSink, mail_sink

WHOLE = os.environ.get("CARTWRIGHT_TEST_WHOLE_SWEEP") == "1"
SWEEPERS = 4
PAGE = 50
# A standing clock and a lease of a minute: what a dead sweeper held is free in the next round.
NOW = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)
ROUND = timedelta(seconds=61)
OVER = (NudgeState.SENT, NudgeState.UNKNOWN)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]


@pytest.fixture
def mails() -> Iterator[MailSink]:
    with mail_sink() as sink:
        yield sink


@pytest.fixture
def sweepers(database_url: str, mails: MailSink) -> Iterator[Sweepers]:
    sweepers = Sweepers(database_url, mails.port, page=PAGE)
    yield sweepers
    sweepers.close()


def message_ids(sessions: SessionFactory, *states: NudgeState) -> set[str]:
    with sessions() as session:
        keys = session.scalars(select(Nudge.id).where(Nudge.state.in_(states)))
        return {f"<{key}@shop.localhost>" for key in keys}


def states(sessions: SessionFactory) -> Counter[NudgeState]:
    with sessions() as session:
        return Counter(session.scalars(select(Nudge.state)))


def await_mails(mails: MailSink, more: float) -> None:
    """Wait until so many more were taken: however fast the machine is, sweepers die while sending.

    Two seconds at most, for those who have nothing (left) to send.
    """
    wanted, until = mails.taken.total() + more, time.monotonic() + 2
    while mails.taken.total() < wanted and time.monotonic() < until:
        time.sleep(0.001)


def test_four_sweepers_send_each_due_stage_once(
    sessions: SessionFactory, sweepers: Sweepers, mails: MailSink
) -> None:
    carts = 10_000 if WHOLE else 300
    fill(sessions, Mix(carts=carts, due=carts), now=NOW)
    processes = [sweepers.start(NOW) for _ in range(SWEEPERS)]
    assert [sweepers.end_of(process) for process in processes] == [0] * SWEEPERS
    assert states(sessions) == {NudgeState.SENT: carts}
    assert mails.taken.keys() == message_ids(sessions, NudgeState.SENT)
    assert set(mails.taken.values()) == {1}


def test_killed_at_random_moments_nothing_is_sent_twice_or_lost_unseen(
    sessions: SessionFactory, sweepers: Sweepers, mails: MailSink
) -> None:
    kills, carts = (1000, 10_000) if WHOLE else (24, 1500)
    fill(sessions, Mix(carts=carts, due=carts), now=NOW)
    chance = Random(7)  # noqa: S311 moments to die at, no secret
    now, at_work = NOW, 0
    for _ in range(kills // SWEEPERS):
        processes = [sweepers.start(now) for _ in range(SWEEPERS)]
        for process in processes:
            await_mails(mails, chance.uniform(0, 1.8 * carts / kills))
            time.sleep(chance.uniform(0.0, 0.02))
            os.kill(process, signal.SIGKILL)
        at_work += sum(sweepers.end_of(process) == -signal.SIGKILL for process in processes)
        now += ROUND
    before = mails.taken.total()
    while states(sessions).keys() - {*OVER} or sum(states(sessions).values()) < carts:
        assert sweepers.end_of(sweepers.start(now)) == 0
        now += ROUND
    unknown, sent = (message_ids(sessions, state) for state in reversed(OVER))
    # Seen with `pytest -rP`: how much of it was really about dying in the middle of something.
    sys.stdout.write(
        f"{at_work} of {kills} kills while at work, {before} mails taken by then; "
        f"{len(sent)} sent, {len(unknown)} unknown, {len(unknown & mails.taken.keys())} of which "
        "had arrived\n"
    )
    assert at_work > kills / 2
    assert before > PAGE
    assert set(mails.taken.values()) == {1}
    assert sent <= mails.taken.keys() <= sent | unknown
    assert len(sent) + len(unknown) == carts
