"""Conversations on both databases."""

import asyncio
import os
import secrets

import psycopg2
import pytest
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, BotUttered, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from store import ConversationStore

POSTGRES = os.environ.get("CARTWRIGHT_TEST_POSTGRES", "postgresql://postgres@127.0.0.1/postgres")


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path, monkeypatch) -> ConversationStore:
    """An empty store."""
    if request.param == "sqlite":
        yield ConversationStore(Domain.empty(), host=f"sqlite:///{tmp_path}/chat.db")
        return
    try:
        server = psycopg2.connect(POSTGRES)
    except psycopg2.OperationalError as error:
        if os.environ.get("CARTWRIGHT_REQUIRE_SERVICES") == "1":
            raise
        pytest.skip(f"no PostgreSQL: {error}")
    server.autocommit = True
    name = f"cartwright_chat_{secrets.token_hex(4)}"
    server.cursor().execute(f"CREATE DATABASE {name}")
    monkeypatch.setenv("POSTGRESQL_SCHEMA", "chat")
    made = ConversationStore(Domain.empty(), host=f"{POSTGRES.rpartition('/')[0]}/{name}")
    yield made
    made.engine.dispose()
    server.cursor().execute(f"DROP DATABASE {name} WITH (FORCE)")
    server.close()


def talk(store: ConversationStore, conversation: str, *texts: str) -> None:
    """Save a conversation in which the bot answers each text."""

    async def saved() -> None:
        tracker = await store.get_or_create_tracker(conversation, append_action_listen=False)
        for text in texts:
            tracker.update(ActionExecuted("action_listen"))
            tracker.update(UserUttered(text, metadata={"shown": text}))
            tracker.update(BotUttered(f"answer to {text}"))
        await store.save(tracker)

    asyncio.run(saved())


def texts(store: ConversationStore, conversation: str, *, limit: int = 100) -> list[str]:
    return [event["text"] for event in store.recent(conversation, limit=limit)]


def test_the_newest_messages_come_oldest_first(store: ConversationStore) -> None:
    talk(store, "v_1", "one", "two", "three")
    assert texts(store, "v_1", limit=3) == ["answer to two", "three", "answer to three"]


def test_a_conversation_is_read_back_by_rasa(store: ConversationStore) -> None:
    talk(store, "v_1", "one")
    tracker = asyncio.run(store.retrieve("v_1"))
    assert isinstance(tracker, DialogueStateTracker)
    assert tracker.latest_message.text == "one"


def test_adopting_appends_once_and_again_changes_nothing(store: ConversationStore) -> None:
    talk(store, "p_1", "as a person")
    talk(store, "v_1", "as a visitor")
    assert store.adopt(visitor="v_1", person="p_1") == 3
    assert store.adopt(visitor="v_1", person="p_1") == 0
    assert texts(store, "v_1") == []
    assert texts(store, "p_1") == [
        "as a person",
        "answer to as a person",
        "as a visitor",
        "answer to as a visitor",
    ]
    talk(store, "p_1", "later")
    assert texts(store, "p_1", limit=1) == ["answer to later"]


def test_another_conversation_is_not_touched(store: ConversationStore) -> None:
    talk(store, "v_1", "mine")
    talk(store, "v_2", "theirs")
    store.adopt(visitor="v_1", person="p_1")
    assert texts(store, "v_2") == ["theirs", "answer to theirs"]


def test_a_store_without_an_address_says_so() -> None:
    with pytest.raises(ValueError, match="url"):
        ConversationStore(Domain.empty(), host=None)
