"""Starts the action server: `python -m actions`."""

import logging

from rasa_sdk.endpoint import create_app
from rasa_sdk.executor import ActionExecutor

from actions.context import open_shop
from actions.skills import all_actions
from core.log import configure_logging
from core.settings import get_settings


def main() -> None:
    """Load everything, then serve on 127.0.0.1 at the settings' port, in this one process."""
    settings = get_settings()
    shop = open_shop(settings)
    configure_logging(settings.log_level)
    logging.getLogger("rasa_sdk.executor").setLevel(logging.WARNING)
    executor = ActionExecutor()
    for action in all_actions(shop):
        executor.register_action(action)
    app = create_app(executor, cors_origins=[])
    app.run(
        host="127.0.0.1",
        port=settings.actions_port,
        single_process=True,
        access_log=False,
        motd=False,
    )


if __name__ == "__main__":
    main()
