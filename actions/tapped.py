"""A button of a reminder was pressed: kept with the reminder that it belongs to."""

from actions.context import Shop
from actions.skill import Turn
from nudges.channels.chat import note_tap


def note_reminder(shop: Shop, turn: Turn) -> None:
    """Note the reminder that the button names, if it is this shopper's; words name none."""
    nudge_id = turn.value("nudge") if turn.is_payload else None
    if isinstance(nudge_id, str):
        with shop.sessions.begin() as session:
            note_tap(session, turn.identity, nudge_id, now=turn.now)
