"""Messages for push services: encryption, the shop's proof, what fits, whom the shop may call."""

import json
from datetime import UTC, datetime, timedelta

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from typer.testing import CliRunner

from cli.nudges import nudges_app
from core.settings import PUSH_SERVICES, Settings
from db.models import Channel, LinkPurpose
from nudges.channels import OutcomeKind
from nudges.channels.push import (
    is_push_service,
    origin_of,
    outcome_of,
    payload_of,
)
from nudges.channels.push_encryption import (
    LARGEST_BODY,
    LARGEST_TEXT,
    BrowserKeys,
    ShopKey,
    encrypt,
)
from nudges.facts import Address
from nudges.message import Message
from tests.push_service import CURVE, Browser, b64, point_of, unb64

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def private_key(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(unb64(text)), CURVE)


def keys_of(browser: Browser) -> BrowserKeys:
    return BrowserKeys(point_of(browser.private), browser.auth)


def test_a_message_is_encrypted_as_in_the_example_of_rfc_8291() -> None:
    browser = Browser(
        private_key("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"), unb64("BTBZMqHH6r4Tts7J_aSIgg")
    )
    body = encrypt(
        b"When I grow up, I want to be a watermelon",
        keys_of(browser),
        sender=private_key("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"),
        salt=unb64("DGv6ra1nlYgDCS1FRnbzlw"),
    )
    assert b64(body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
        "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
        "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


@given(st.binary(max_size=LARGEST_TEXT))
def test_the_browser_reads_what_was_written_and_nobody_else_does(plain: bytes) -> None:
    browser = Browser()
    body = encrypt(plain, keys_of(browser))
    assert len(body) <= LARGEST_BODY
    assert browser.read(body) == plain
    assert plain not in body or len(plain) < 3


def test_a_message_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 3993 bytes"):
        encrypt(b"x" * (LARGEST_TEXT + 1), keys_of(Browser()))


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [
        ("", ""),
        (b64(b"\x04" + b"\x01" * 64), b64(b"x" * 16)),
        (b64(point_of(Browser().private)), b64(b"x" * 15)),
        ("ü" * 87, b64(b"x" * 16)),
    ],
    ids=["nothing", "not on the curve", "a short secret", "no base64url"],
)
def test_keys_that_are_none_are_refused(p256dh: str, auth: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 whose words they are does not matter
        BrowserKeys.read(p256dh, auth)


def test_the_shop_proves_who_it_is_for_one_push_service_and_half_a_day() -> None:
    key = ShopKey.read(ShopKey.new().private_text)
    header = key.authorization("https://push.example", contact="mailto:a@b.example", now=NOW)
    token = header.removeprefix("vapid t=").partition(",")[0]
    assert header.endswith(f", k={key.public_text}")
    public = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, unb64(key.public_text))
    claims = jwt.decode(
        token, public, ["ES256"], options={"verify_exp": False, "verify_aud": False}
    )
    assert claims == {
        "aud": "https://push.example",
        "sub": "mailto:a@b.example",
        "exp": int((NOW + timedelta(hours=12)).timestamp()),
    }


def test_the_command_prints_settings_that_are_good_as_they_are() -> None:
    result = CliRunner().invoke(nudges_app, ["new-push-key"])
    values = dict(line.split("=", 1) for line in result.output.splitlines())
    settings = Settings(
        push_key=values["CARTWRIGHT_PUSH_KEY"], push_contact=values["CARTWRIGHT_PUSH_CONTACT"]
    )
    assert ShopKey.read(settings.push_key or "").private_text == settings.push_key


@pytest.mark.parametrize(
    ("key", "contact", "named"),
    [
        ("k" * 43, None, "CARTWRIGHT_PUSH_CONTACT"),
        (None, "mailto:a@b.example", "CARTWRIGHT_PUSH_KEY"),
        ("k" * 42, "mailto:a@b.example", "new-push-key"),
        ("k" * 43, "a@b.example", "mailto:"),
    ],
)
def test_half_a_setting_is_refused(key: str | None, contact: str | None, named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        Settings(push_key=key, push_contact=contact)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/dpH5lCsTSSM:APA91bHqjZxM0VImWWqDRN7U0a3AycjUf4O-by",
        "https://updates.push.services.mozilla.com/wpush/v2/gAAAAABl-x=",
        "https://wns2-par02p.notify.windows.com/w/?token=BQYAAADXX%2fTuN",
        "https://web.push.apple.com/QGuQyavXutnMH9hV1sMqZ",
        "https://fcm.googleapis.com:443/fcm/send/x",
    ],
)
def test_the_push_services_of_browsers_may_be_called(endpoint: str) -> None:
    assert is_push_service(endpoint, PUSH_SERVICES)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost:8000/x",
        "https://fcm.googleapis.com:8443/x",
        "https://fcm.googleapis.com.evil.example/x",
        "https://evilfcm.googleapis.com/x",
        "https://notify.windows.com/x",
        "https://evil-notify.windows.com/x",
        "https://fcm.googleapis.com@evil.example/x",
        "https://evil.example\\@fcm.googleapis.com/x",
        "https://evil.example/#@fcm.googleapis.com/",
        "https://fcm.googleapis.com /x",
        "https://fcm.googleapis.com/x\r\nHost: evil.example",
        "https://fcm.googleapis.com/x\n",
        "https://FCM.googleapis.com/ü",
        "//fcm.googleapis.com/x",
        "file:///etc/passwd",
        "",
    ],
)
def test_nothing_else_may_be(endpoint: str) -> None:
    assert not is_push_service(endpoint, PUSH_SERVICES)


def test_a_port_counts_where_the_setting_names_one() -> None:
    assert is_push_service("https://push.example:8443/x", ["push.example:8443"])
    assert not is_push_service("https://push.example/x", ["push.example:8443"])
    assert origin_of("https://push.example:8443/x") == "https://push.example:8443"


def message(text: str, *, title: str = "t", token: str = "x" * 43) -> Message:
    links = {purpose: f"https://shop.example/n/{purpose}/{token}" for purpose in LinkPurpose}
    return Message(
        nudge_id="0" * 32,
        channel=Channel.WEB_PUSH,
        address=Address(Channel.WEB_PUSH, "https://push.example/x"),
        language="en",
        subject=title,
        text=text,
        html=None,
        links=links,
        expires_at=NOW + timedelta(hours=1),
        buttons=(("To my cart", links[LinkPurpose.RECOVER]),),
    )


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200), st.integers(1, 300))
def test_any_text_fits_and_a_short_one_is_whole(text: str, times: int) -> None:
    whole = (text * times).strip()
    payload = payload_of(message(whole))
    assert len(payload) <= LARGEST_TEXT
    told = json.loads(payload)["text"]
    assert told == whole or (told.endswith("…") and whole.startswith(told[:-1]))
    if len(whole) < 500:
        assert told == whole


def answer(status: int, **headers: str) -> httpx.Response:
    return httpx.Response(status, headers=headers)


@pytest.mark.parametrize(
    ("status", "kind", "suppress"),
    [
        (200, OutcomeKind.ACCEPTED, False),
        (201, OutcomeKind.ACCEPTED, False),
        (202, OutcomeKind.ACCEPTED, False),
        (307, OutcomeKind.PERMANENT, False),
        (400, OutcomeKind.PERMANENT, False),
        (403, OutcomeKind.TEMPORARY, False),
        (404, OutcomeKind.PERMANENT, True),
        (410, OutcomeKind.PERMANENT, True),
        (413, OutcomeKind.PERMANENT, False),
        (429, OutcomeKind.TEMPORARY, False),
        (500, OutcomeKind.TEMPORARY, False),
        (503, OutcomeKind.TEMPORARY, False),
    ],
)
def test_a_status_says_what_became_of_the_message(
    status: int, kind: OutcomeKind, suppress: bool
) -> None:
    outcome = outcome_of(answer(status), "n", now=NOW)
    assert (outcome.kind, outcome.suppress) == (kind, suppress)


@pytest.mark.parametrize(
    ("asked", "pause"),
    [
        ("7", timedelta(seconds=7)),
        ("Mon, 02 Mar 2026 10:05:00 GMT", timedelta(minutes=5)),
        ("Mon, 02 Mar 2026 09:00:00 GMT", timedelta(minutes=1)),
        ("soon", timedelta(minutes=1)),
        ("", timedelta(minutes=1)),
    ],
)
def test_a_pause_is_as_long_as_asked_for(asked: str, pause: timedelta) -> None:
    assert outcome_of(answer(429, **{"retry-after": asked}), "n", now=NOW).retry_after == pause
