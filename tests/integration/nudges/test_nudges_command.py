"""`cartwright nudges` as somebody types it."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import select
from typer.testing import CliRunner

from cli.main import app
from core.clock import SimulatedClock, SystemClock
from core.settings import get_settings
from db.engine import SessionFactory, read_session
from db.models import Cart, LinkToken
from nudges.compose import Nudging
from tests.integration.nudges.shoppers import left_carts, nudges
from tests.smtp import mail_sink

type Command = Callable[..., Result]
pytestmark = pytest.mark.usefixtures("small_shop")


@pytest.fixture
def command(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "150")
    get_settings.cache_clear()
    yield lambda *words: CliRunner().invoke(app, ["nudges", *words])
    get_settings.cache_clear()


@pytest.fixture
def clock() -> SimulatedClock:
    """The command goes by the machine's clock."""
    return SimulatedClock(SystemClock().now() - timedelta(minutes=1))


@pytest.fixture
def cart(sessions: SessionFactory, clock: SimulatedClock) -> str:
    left_carts(sessions, clock, "ann", ago=timedelta(minutes=10))
    with read_session(sessions) as session:
        return session.scalars(select(Cart.id)).one()


def test_explain_tells_the_story(
    command: Command, nudging: Nudging, cart: str, clock: SimulatedClock
) -> None:
    nudging.sweeper().run()
    result = command("explain", cart)
    assert result.exit_code == 0, result.output
    assert result.output.startswith(f"Cart {cart}\n  It is open; its last activity was ")
    assert "\nNext\n  Stage first falls due " in result.output


def test_an_unknown_cart_is_named(command: Command) -> None:
    for word in ("explain", "send-now", "dismiss", "preview"):
        result = command(word, "no-such-cart")
        assert result.exit_code == 1
        assert "There is no cart 'no-such-cart'." in result.output


def test_send_now_names_the_gate(command: Command, cart: str) -> None:
    result = command("send-now", cart)
    assert result.exit_code == 0
    assert result.output.startswith("Not sent")


def test_dismiss_says_what_it_did_and_explain_tells_it(command: Command, cart: str) -> None:
    assert command("dismiss", cart).output.startswith("Dismissed: ")
    told = command("explain", cart).output
    assert "Somebody of the shop dismissed stage first before it was taken up." in told
    assert "fell due and was taken up" not in told


def test_stats_count_what_became_of_each_stage(command: Command, cart: str) -> None:
    assert "Nothing fell due in the last 7 days." in command("stats", "--days", "7").output
    command("dismiss", cart)
    output = command("stats").output
    assert "first" in output
    assert "dismissed" in output
    assert "somebody of the shop dismissed it" in output
    assert "What it brought, against those held out\n  Not enough data yet: " in output


def test_preview_shows_the_mail_and_stores_nothing(
    command: Command, cart: str, sessions: SessionFactory, tmp_path: Path
) -> None:
    page = tmp_path / "mail.html"
    result = command("preview", cart, "--treatment", "percent_5", "--html", str(page))
    assert result.exit_code == 0, result.output
    assert result.output.startswith("Subject: You left something in your cart\n\nHello Ann,")
    assert "1 × Ridge tent" in result.output
    assert "5 % off" in result.output
    assert "PREVIEW" in page.read_text()
    assert nudges(sessions) == []
    with read_session(sessions) as session:
        assert session.query(LinkToken).count() == 0


@pytest.mark.parametrize("channel", ["chat", "telegram", "web_push"])
def test_preview_shows_what_another_channel_would_say(
    command: Command, cart: str, channel: str
) -> None:
    result = command("preview", cart, "--channel", channel)
    assert result.exit_code == 0, result.output
    assert "You left these in your cart." in result.output
    shows_buttons = channel != "chat"
    assert ("[Take me to my cart] http" in result.output) is shows_buttons


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--channel", "fax"], "no channel 'fax': there are email, chat, telegram, web_push"),
        (["--stage", "third"], "no stage 'third': it has first, second, last"),
        (["--treatment", "percent_90"], "no treatment 'percent_90': it has free_delivery,"),
    ],
)
def test_preview_names_what_the_policy_has_not(
    command: Command, cart: str, words: list[str], named: str
) -> None:
    result = command("preview", cart, *words)
    assert result.exit_code == 1
    assert named in result.output


def test_test_send_hands_a_marked_mail_to_the_mail_server(
    command: Command, cart: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mail_sink() as sink:
        monkeypatch.setenv("CARTWRIGHT_SMTP_URL", f"smtp://127.0.0.1:{sink.port}")
        result = command("test-send", cart, "--to", "me@shop.example.org")
        assert result.exit_code == 0, result.output
        assert result.output.startswith("Sent to me@shop.example.org as <")
        assert sink.taken.total() == 1


def test_test_send_says_that_a_live_shop_names_no_mail_server(
    command: Command, cart: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARTWRIGHT_DEMO", "false")
    monkeypatch.setenv("CARTWRIGHT_SECRET", "a-secret-of-this-test-with-32-characters")
    result = command("test-send", cart, "--to", "me@shop.example.org")
    assert result.exit_code == 1
    assert result.output == "The settings name no mail server. Set CARTWRIGHT_SMTP_URL.\n"


def test_test_send_says_when_no_mail_server_answers(
    command: Command, cart: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARTWRIGHT_SMTP_URL", "smtp://127.0.0.1:1")
    result = command("test-send", cart, "--to", "me@shop.example.org")
    assert result.exit_code == 1
    assert "Not sent: no connection" in result.output


def test_a_policy_that_cannot_be_used_is_named(
    command: Command, cart: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARTWRIGHT_NUDGE_POLICY", "/nowhere/policy.toml")
    result = command("explain", cart)
    assert result.exit_code == 1
    assert "/nowhere/policy.toml" in result.output
