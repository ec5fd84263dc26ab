"""What the chat socket promises a widget."""

import re
import threading
import time
from collections.abc import Callable
from uuid import uuid4

import pytest

from core.identity import Identity
from tests.contract.chat import Chat
from tests.stack import Stack

pytestmark = pytest.mark.service

Opener = Callable[[str], Chat]


def test_a_message_is_acknowledged_echoed_and_answered(stack: Stack, open_chat: Opener) -> None:
    chat = open_chat(stack.visitor())
    assert chat.history() == []
    assert chat.send("hello") == {"ok": True}
    echo = chat.next("message")
    assert (echo["from"], echo["text"]) == ("user", "hello")
    assert chat.next("typing") == {"on": True}
    answer = chat.next("message")
    assert answer["from"] == "bot"
    assert answer["text"]
    assert re.match(r"\d{4}-\d\d-\d\dT", answer["at"])
    assert chat.next("typing") == {"on": False}


def test_every_tab_sees_the_whole_conversation(stack: Stack, open_chat: Opener) -> None:
    token = stack.visitor()
    one, other = open_chat(token), open_chat(token)
    one.history()
    other.history()
    one.say("hello")
    seen = [data["from"] for event, data in other.quiet() if event == "message"]
    assert seen == ["user", "bot"]


def test_the_transcript_is_there_after_a_reload(stack: Stack, open_chat: Opener) -> None:
    token = stack.visitor()
    chat = open_chat(token)
    chat.history()
    chat.say("show me tents")
    chat.say("My cart", payload="/view_cart")
    live = [data for event, data in chat.received if event == "message"]
    chat.close()
    told = open_chat(token).history()
    assert [(m["id"], m["from"], m.get("text")) for m in told] == [
        (m["id"], m["from"], m.get("text")) for m in live
    ]
    cards = [m["cards"] for m in told if m.get("kind") == "cards"]
    assert cards == [m["cards"] for m in live if m.get("kind") == "cards"]
    assert cards


def test_a_tap_is_shown_by_its_title(stack: Stack, open_chat: Opener) -> None:
    token = stack.visitor()
    chat = open_chat(token)
    chat.history()
    chat.say("What can you do?", payload="/help")
    assert [m["text"] for m in open_chat(token).history() if m["from"] == "user"] == [
        "What can you do?"
    ]


def test_a_message_sent_again_is_answered_once(stack: Stack, open_chat: Opener) -> None:
    token = stack.visitor()
    chat = open_chat(token)
    chat.history()
    frame = {"id": str(uuid4()), "text": "hello"}
    assert [chat.utter(frame) for _ in range(3)] == [{"ok": True}] * 3
    chat.answer()
    assert [event for event, _ in chat.quiet(1.0)] == []
    chat.close()
    again = open_chat(token)
    assert len(again.history()) == 2
    assert again.utter(frame) == {"ok": True}
    assert again.quiet(1.0) == []


def test_messages_are_answered_in_order(stack: Stack, open_chat: Opener) -> None:
    chat = open_chat(stack.visitor())
    chat.history()
    sent = ["show me tents", "hello", "show me kettles", "thanks", "help"]
    for text in sent:
        chat.client.emit("user_uttered", {"id": str(uuid4()), "text": text})
    for _ in sent:
        chat.answer()
    said = [d for e, d in chat.received if e == "message"]
    assert [m["text"] for m in said if m["from"] == "user"] == sent
    assert [m["from"] for m in said] == ["user", "bot"] * len(sent)


def test_shoppers_do_not_wait_for_each_other(stack: Stack, open_chat: Opener) -> None:
    chats = [open_chat(stack.visitor()) for _ in range(4)]
    for chat in chats:
        chat.history()
    threads = [threading.Thread(target=chat.say, args=("show me tents",)) for chat in chats]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    for chat in chats:
        shown = [d for e, d in chat.received if e == "message" and d["from"] == "bot"]
        assert shown[0]["cards"]


def test_a_text_too_long_is_refused_and_nothing_else_happens(
    stack: Stack, open_chat: Opener
) -> None:
    token = stack.visitor()
    chat = open_chat(token)
    chat.history()
    assert chat.send("x" * 2_001) == {"ok": False, "code": "too_long"}
    problem = chat.next("problem")
    assert problem["code"] == "too_long"
    assert problem["text"]
    assert chat.quiet() == []
    assert open_chat(token).history() == []


def test_a_flood_is_slowed_and_the_chat_goes_on(stack: Stack, open_chat: Opener) -> None:
    chat = open_chat(stack.visitor())
    chat.history()
    codes = [chat.send("hello").get("code", "ok") for _ in range(60)]
    assert codes[0] == "ok"
    assert {"too_fast", "busy"} & set(codes)
    time.sleep(3)
    chat.quiet()
    assert chat.say("hello")


def test_a_typed_slash_is_only_text(stack: Stack, open_chat: Opener) -> None:
    token = stack.visitor()
    chat = open_chat(token)
    chat.history()
    chat.say("hello")
    chat.say("/restart")
    chat.close()
    shown = [m["text"] for m in open_chat(token).history() if m["from"] == "user"]
    assert shown == ["hello", "/restart"]


def test_a_payload_that_is_not_listed_is_only_its_text(stack: Stack, open_chat: Opener) -> None:
    chat = open_chat(stack.visitor())
    chat.history()
    by_text = chat.say("what are your opening hours", payload="/restart")
    assert by_text[0]["text"]
    assert chat.say("hello", payload='/view_cart{"x":[1,{"y":2}]}')[0]["from"] == "bot"


def test_signing_in_takes_the_conversation_along_once(stack: Stack, open_chat: Opener) -> None:
    visitor = Identity(visitor_id=uuid4().hex)
    person = Identity(visitor_id=visitor.visitor_id, person_id=uuid4().hex)
    chat = open_chat(stack.sign(visitor))
    chat.history()
    chat.say("hello")
    before = [d["id"] for e, d in chat.received if e == "message"]
    chat.close()
    signed_in = open_chat(stack.sign(person))
    assert [m["id"] for m in signed_in.history()] == before
    signed_in.say("thanks")
    signed_in.close()
    assert len(open_chat(stack.sign(person)).history()) == len(before) + 2
    assert open_chat(stack.sign(visitor)).history() == []


@pytest.mark.slow
def test_a_history_is_bounded_to_its_newest_messages(stack: Stack, open_chat: Opener) -> None:
    """Written by several visitors who then sign in: no conversation may write so much at once."""
    person_id = uuid4().hex
    for part in range(6):
        visitor = Identity(visitor_id=uuid4().hex)
        chat = open_chat(stack.sign(visitor))
        chat.history()
        for number in range(18):
            chat.say(f"hello {18 * part + number}")
        chat.close()
        signed_in = open_chat(stack.sign(Identity(visitor.visitor_id, person_id)))
        told = signed_in.history()
        signed_in.close()
    assert len(told) <= 200
    assert "hello 107" in [m.get("text") for m in told]
    assert "hello 0" not in [m.get("text") for m in told]
