"""Where conversations are kept: Rasa's SQL tracker store, and what the chat channel needs of it."""

import json
import os
from typing import Any

import sqlalchemy as sa
from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import SQLTrackerStore
from rasa.shared.core.domain import Domain

# On PostgreSQL the conversations have a schema of their own beside the shop's tables.
SCHEMA = "chat"


class ConversationStore(SQLTrackerStore):
    """Conversations in SQLite (WAL) or PostgreSQL, by one URL."""

    def __init__(
        self,
        domain: Domain | None = None,
        host: str | None = None,
        event_broker: EventBroker | None = None,
        **kwargs: Any,
    ) -> None:
        """Open the store at the URL `host` (so Rasa hands over `url` of endpoints.yml)."""
        url = (host or "").replace("postgresql+psycopg:", "postgresql:")
        if not url:
            raise ValueError("endpoints.yml gives the conversation store no url")
        if url.startswith("postgresql"):
            _create_schema(url)
            os.environ["POSTGRESQL_SCHEMA"] = SCHEMA
        super().__init__(domain, host=url, event_broker=event_broker, **kwargs)
        if url.startswith("sqlite"):
            with self.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA journal_mode=WAL")

    def recent(self, conversation_id: str, *, limit: int) -> list[dict[str, Any]]:
        """The newest `limit` user and bot events of all sessions, oldest first."""
        event = self.SQLEvent
        with self.session_scope() as session:
            rows = (
                session.query(event.data)
                .filter(event.sender_id == conversation_id, event.type_name.in_(("user", "bot")))
                .order_by(event.id.desc())
                .limit(limit)
                .all()
            )
        return [json.loads(data) for (data,) in reversed(rows)]

    def adopt(self, *, visitor: str, person: str) -> int:
        """Make the visitor's conversation part of the person's; how many events moved.

        One statement in one transaction: it happens wholly or not at all, and again does nothing.
        """
        event = self.SQLEvent
        with self.session_scope() as session:
            moved: int = (
                session.query(event)
                .filter(event.sender_id == visitor)
                .update({event.sender_id: person}, synchronize_session=False)
            )
            session.commit()
        return moved


def _create_schema(url: str) -> None:
    engine = sa.create_engine(url)
    try:
        with engine.begin() as connection:
            connection.execute(sa.text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
    finally:
        engine.dispose()
