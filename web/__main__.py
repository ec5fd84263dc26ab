"""Run the web process: `python -m web`."""

import uvicorn

from core.log import configure_logging
from core.settings import get_settings
from web.app import create_app, warm_up


def main() -> None:
    """Serve until the process is told to stop."""
    settings = get_settings()
    configure_logging(settings.log_level)
    app = create_app(settings)
    warm_up(app)
    uvicorn.run(
        app,
        host=settings.web_host,
        port=settings.web_port,
        log_config=None,
        access_log=False,
        server_header=False,
    )


if __name__ == "__main__":
    main()
