"""What e-mail alone promises: which of a mail server's refusals are about the shopper's address."""

from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest

from core.settings import Settings
from db.models import Channel, LinkPurpose
from nudges.channels import Outcome, OutcomeKind
from nudges.channels.email import EmailChannel
from nudges.facts import Address
from nudges.message import Message
from tests.smtp import CUT, MailSink, mail_sink

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[MailSink]:
    with mail_sink() as sink:
        yield sink


def message(address: str = "ann@example.org") -> Message:
    return Message(
        nudge_id=f"{1:032x}",
        channel=Channel.EMAIL,
        address=Address(Channel.EMAIL, address),
        language="en",
        subject="A title",
        text="A text\n",
        html="<p>A text</p>",
        links={purpose: f"https://shop.example/n/{purpose.value}/x" for purpose in LinkPurpose},
    )


def channel(server: MailSink) -> EmailChannel:
    return EmailChannel(Settings(smtp_url=f"smtp://127.0.0.1:{server.port}"))


def send(server: MailSink, *, to: str = "ann@example.org") -> Outcome:
    (outcome,) = channel(server).deliver([message(to)], now=NOW)
    return outcome


@pytest.mark.parametrize(
    "reply",
    [
        "550 5.1.1 no such user",
        "551 5.1.6 they have moved",
        "556 5.1.10 the domain takes no mail",
        "550 5.2.1 the mailbox is disabled",
    ],
)
def test_a_mailbox_that_the_server_says_is_gone_is_suppressed(server: MailSink, reply: str) -> None:
    server.replies = {"RCPT": reply}
    outcome = send(server)
    assert (outcome.kind, outcome.suppress) == (OutcomeKind.PERMANENT, True)


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("RCPT", "550 relay not permitted"),
        ("RCPT", "550 5.7.1 relaying denied"),
        ("RCPT", "553 sorry, that domain is not in my list"),
        ("RCPT", "552 5.2.2 mailbox full"),
        ("RCPT", "550 5.1.11 is no code of a mailbox"),
        ("DATA", "554 5.5.1 no valid recipients"),
        (".", "550 this looks like spam"),
        (".", "550 5.1.1 of a bounce in the content"),
    ],
)
def test_any_other_refusal_leaves_the_address_alone(
    server: MailSink, command: str, reply: str
) -> None:
    server.replies = {command: reply}
    outcome = send(server)
    assert (outcome.kind, outcome.suppress) == (OutcomeKind.PERMANENT, False)


@pytest.mark.parametrize("reply", ["550 who are you", "553 5.1.8 wrong sender", "451 4.3.0 busy"])
def test_a_refused_sender_is_the_shops_trouble_and_tried_again(
    server: MailSink, reply: str
) -> None:
    server.replies = {"MAIL": reply}
    outcome = send(server)
    assert (outcome.kind, outcome.suppress) == (OutcomeKind.TEMPORARY, False)


def test_a_server_that_is_away_is_called_once_a_group(server: MailSink) -> None:
    server.replies = {"EHLO": CUT, "HELO": CUT}
    outcomes = channel(server).deliver([message() for _ in range(10)], now=NOW)
    assert {one.kind for one in outcomes} == {OutcomeKind.TEMPORARY}
    assert [one.tried for one in outcomes] == [True] + [False] * 9
    assert server.connections == 1


def test_a_server_that_closes_is_left_alone_and_a_busy_mailbox_holds_up_no_other(
    server: MailSink,
) -> None:
    for reply, tried in (("421 4.3.2 shutting down", 1), ("450 4.2.1 mailbox busy", 3)):
        server.replies = {"RCPT": reply}
        outcomes = channel(server).deliver([message() for _ in range(3)], now=NOW)
        assert {one.kind for one in outcomes} == {OutcomeKind.TEMPORARY}
        assert sum(one.tried for one in outcomes) == tried


def test_a_mail_that_cannot_be_written_is_given_up_before_the_server_hears_of_it(
    server: MailSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    compose = EmailChannel.compose

    class Broken(EmailMessage):
        def as_bytes(self, *args: Any, **values: Any) -> bytes:  # noqa: ARG002
            raise LookupError("unknown encoding")

    def second_breaks(self: EmailChannel, message: Message, *, now: datetime) -> EmailMessage:
        whole = compose(self, message, now=now)
        return Broken() if message.address.address.startswith("bob") else whole

    monkeypatch.setattr(EmailChannel, "compose", second_breaks)
    mails = [message(f"{key}@example.org") for key in ("ann", "bob", "cat")]
    outcomes = channel(server).deliver(mails, now=NOW)
    assert [one.kind for one in outcomes] == [
        OutcomeKind.ACCEPTED,
        OutcomeKind.PERMANENT,
        OutcomeKind.ACCEPTED,
    ]
    assert not any(one.suppress for one in outcomes)


def test_an_address_that_smtp_cannot_say_is_suppressed(server: MailSink) -> None:
    outcome = send(server, to="zoë@example.org")
    assert (outcome.kind, outcome.suppress) == (OutcomeKind.PERMANENT, True)


def test_a_sender_that_smtp_cannot_say_is_noticed_at_start() -> None:
    with pytest.raises(ValueError, match="CARTWRIGHT_MAIL_FROM"):
        EmailChannel(Settings(smtp_url="smtp://localhost", mail_from="läden@example.org"))
