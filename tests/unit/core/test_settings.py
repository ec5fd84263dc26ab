"""A setting that cannot work stops the process, with the variable named."""

from typing import Any

import pytest

from core.locales import locale_key, zone_key
from core.settings import Settings
from db.models import Channel
from nudges.channels import offered_channels

LIVE: dict[str, Any] = {"demo": False, "secret": "a-secret-of-this-test-with-32-characters"}
MAILS = {
    "smtp_url": "smtps://mail.shop.example",
    "mail_from": "cart@shop.example",
    "postal_address": "2 Shop Street, Shoptown",
}


@pytest.mark.parametrize("web_url", ["http://assistant.example", "assistant.example"])
def test_a_shop_that_sends_mails_has_its_links_on_https(web_url: str) -> None:
    with pytest.raises(ValueError, match=r"CARTWRIGHT_WEB_URL must begin with https://.*RFC 8058"):
        Settings(**LIVE, **MAILS, web_url=web_url)


def test_a_shop_without_a_mail_server_may_be_on_http() -> None:
    assert Settings(**LIVE, web_url="http://assistant.example").web_url.startswith("http:")


def test_a_shop_on_https_and_the_demo_send_mails() -> None:
    assert Settings(**LIVE, **MAILS, web_url="https://assistant.example").smtp_url
    assert Settings(**MAILS).web_url.startswith("http://localhost")


@pytest.mark.parametrize("name", ["mail_from", "postal_address"])
def test_a_shop_that_sends_mails_says_who_it_is(name: str) -> None:
    rest = {key: value for key, value in MAILS.items() if key != name}
    with pytest.raises(ValueError, match=f"CARTWRIGHT_{name.upper()} must be set"):
        Settings(**LIVE, **rest, web_url="https://assistant.example")


def test_outside_the_demo_there_are_no_mails_without_a_mail_server() -> None:
    live = Settings(**LIVE, web_url="https://assistant.example")
    assert Channel.EMAIL not in offered_channels(live)
    assert Channel.EMAIL in offered_channels(Settings())


def test_a_mail_server_in_the_environment_counts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in MAILS.items():
        monkeypatch.setenv(f"CARTWRIGHT_{name.upper()}", value)
    with pytest.raises(ValueError, match="CARTWRIGHT_WEB_URL"):
        Settings(**LIVE)


@pytest.mark.parametrize("name", ["locale", "time_zone"])
def test_a_locale_or_zone_that_there_is_not_is_named(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name}\n.*'Middle/Earth'"):
        Settings.model_validate({name: "Middle/Earth"})


@pytest.mark.parametrize("text", ["de-AT", "de_AT", "de_at", "de_AT.UTF-8", "de_AT@euro"])
def test_a_locale_has_one_name_however_it_is_written(text: str) -> None:
    assert locale_key(text) == "de_AT"


@pytest.mark.parametrize("text", ["", "xx", "en_XX", "no such", "de-", "../en", "e" * 300])
def test_what_is_no_locale_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="there is no locale"):
        locale_key(text)


@pytest.mark.parametrize("text", ["", "Mars/Base", "/etc/passwd", "../zone", "Europe", "\0"])
def test_what_is_no_time_zone_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="there is no time zone"):
        zone_key(text)
