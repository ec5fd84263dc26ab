"""What web push alone promises: whom it calls, what a push service is told beside the message."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.settings import Settings
from db.models import Channel, LinkPurpose
from nudges.channels import OutcomeKind
from nudges.channels.push import PushChannel
from nudges.channels.push_encryption import ShopKey
from nudges.facts import Address
from nudges.message import Message
from tests.push_service import PushService, push_service

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
KEY = ShopKey.new()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[PushService]:
    with push_service(tmp_path, key=KEY.public_text) as service:
        yield service


def channel(*hosts: str) -> PushChannel:
    contact = "mailto:shop@example.org"
    return PushChannel(
        Settings(push_key=KEY.private_text, push_contact=contact, push_hosts=tuple(hosts))
    )


def message(service: PushService, *, number: int = 0) -> Message:
    made = service.subscribe()
    keys = {"p256dh": made.p256dh, "auth": made.auth}
    links = {purpose: f"https://shop.example/n/{purpose.value}/x" for purpose in LinkPurpose}
    return Message(
        nudge_id=f"{number:032x}",
        channel=Channel.WEB_PUSH,
        address=Address(Channel.WEB_PUSH, made.endpoint, keys),
        language="de-DE",
        subject="A title",
        text="A text\n",
        html=None,
        links=links,
        expires_at=NOW + timedelta(minutes=90),
        buttons=(("Cart", links[LinkPurpose.RECOVER]), ("Why", links[LinkPurpose.PREFERENCES])),
    )


def test_the_browser_gets_words_and_links_and_nothing_else(service: PushService) -> None:
    sender = channel(service.host)
    (outcome,) = sender.deliver([message(service)], now=NOW)
    sender.close()
    assert outcome.kind is OutcomeKind.ACCEPTED
    assert service.taken == [
        {
            "id": "0" * 32,
            "lang": "de-DE",
            "title": "A title",
            "text": "A text",
            "buttons": [
                {"title": "Cart", "url": "https://shop.example/n/recover/x"},
                {"title": "Why", "url": "https://shop.example/n/preferences/x"},
            ],
            "shown": "https://shop.example/n/shown/x",
        }
    ]


def test_a_push_service_keeps_a_message_until_it_is_of_no_use(service: PushService) -> None:
    sender = channel(service.host)
    sender.deliver([message(service)], now=NOW)
    sender.deliver([message(service)], now=NOW + timedelta(hours=2))
    sender.close()
    assert [headers["ttl"] for headers in service.headers] == ["5400", "0"]


def test_a_pause_is_kept_with_the_whole_push_service(service: PushService) -> None:
    service.reply = (429, {"Retry-After": "30"}, b"")
    sender = channel(service.host)
    outcomes = sender.deliver([message(service, number=n) for n in range(3)], now=NOW)
    sender.close()
    assert {one.kind for one in outcomes} == {OutcomeKind.TEMPORARY}
    assert {one.retry_after for one in outcomes} == {timedelta(seconds=30)}
    assert len(service.headers) == 1


def test_no_redirect_is_followed(service: PushService) -> None:
    elsewhere = service.subscribe().endpoint
    service.reply = (307, {"Location": elsewhere}, b"")
    sender = channel(service.host)
    (outcome,) = sender.deliver([message(service)], now=NOW)
    sender.close()
    assert outcome.kind is OutcomeKind.PERMANENT
    assert len(service.headers) == 1


def test_an_address_that_is_not_allowed_any_more_is_not_called(service: PushService) -> None:
    sender = channel("push.example")
    (outcome,) = sender.deliver([message(service)], now=NOW)
    assert (outcome.kind, outcome.suppress) == (OutcomeKind.PERMANENT, True)
    assert service.headers == []
