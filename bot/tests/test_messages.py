"""What the channel takes from a client, and what it shows again."""

import pytest

from channels.messages import RefusedError, bot_message, history, read_payload, read_uttered


@pytest.mark.parametrize(
    "payload",
    [
        "/view_cart",
        "/remind_me",
        '/view_cart{"nudge":"0123456789abcdef0123456789abcdef"}',
        '/apply_coupon{"coupon_code":"BCDF23456789","nudge":"0123456789abcdef0123456789abcdef"}',
        '/add_to_cart{"variant":"TNT-01-GRN"}',
        '/change_quantity{"variant":"TNT-01-GRN","quantity":2}',
        '/search_products{"category":"tents","price_max":12000}',
    ],
)
def test_a_listed_payload_is_taken(payload: str) -> None:
    assert read_payload(payload) is not None


@pytest.mark.parametrize(
    "payload",
    [
        None,
        7,
        "view_cart",
        "/restart",
        "/session_start",
        "/nlu_fallback",
        '/view_cart{"sender_id":"v_1"}',
        '/add_to_cart{"variant":["a"]}',
        '/add_to_cart{"variant":""}',
        '/add_to_cart{"variant":"a\\u0000b"}',
        '/change_quantity{"quantity":"2"}',
        '/change_quantity{"quantity":true}',
        '/change_quantity{"quantity":-1}',
        '/add_to_cart{"variant":' + "[" * 100,
        '/add_to_cart{"variant":"' + "x" * 300 + '"}',
        "/view_cart@0.9",
    ],
)
def test_any_other_payload_is_not(payload: object) -> None:
    assert read_payload(payload) is None


def test_a_typed_command_becomes_plain_text() -> None:
    uttered = read_uttered({"id": "1", "text": "  /restart"})
    assert (uttered.shown, uttered.is_payload) == ("/restart", False)
    assert not uttered.text.startswith("/")


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (None, "failed"),
        ({"text": "hi"}, "failed"),
        ({"id": "", "text": "hi"}, "failed"),
        ({"id": "1", "text": 5}, "failed"),
        ({"id": "1", "text": " \x00 "}, "failed"),
        ({"id": "1", "text": "x" * 2001}, "too_long"),
    ],
)
def test_a_bad_frame_is_refused(frame: object, code: str) -> None:
    with pytest.raises(RefusedError) as refused:
        read_uttered(frame)
    assert refused.value.code == code


def test_a_clients_metadata_is_dropped() -> None:
    frame = {
        "id": "1",
        "text": "hi",
        "metadata": {"sender_id": "v_2"},
        "page": {"path": "/x", "y": 1, "product_id": 7, "time_zone": "Asia/Tokyo"},
    }
    page = {"path": "/x", "time_zone": "Asia/Tokyo"}
    assert read_uttered(frame).metadata == {"shown": "hi", "page": page}


def test_text_buttons_and_cards_make_one_message() -> None:
    said = {
        "text": "Here",
        "buttons": [{"title": "More", "payload": "/show_more"}],
        "custom": {"kind": "cards", "cards": [{"title": "Tent"}], "room": "v_2"},
    }
    message = bot_message(said, timestamp=1.0)
    assert message == {
        "id": "b1000000",
        "from": "bot",
        "text": "Here",
        "kind": "cards",
        "cards": [{"title": "Tent"}],
        "quick_replies": [{"title": "More", "payload": "/show_more"}],
        "at": "1970-01-01T00:00:01+00:00",
    }


def test_a_tap_without_words_is_not_in_the_transcript() -> None:
    tap = {"event": "user", "text": "/view_cart", "metadata": {"shown": ""}, "timestamp": 1.0}
    assert history([tap]) == []
