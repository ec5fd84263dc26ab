"""A request for a page, whoever asks: the shop's parts that drawing needs, and the drawn page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from core.settings import Settings
from db.engine import SessionFactory
from web.shop.render import Pages, content_security_policy


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A request for a page, and when it came."""

    request: Request
    now: datetime

    @property
    def settings(self) -> Settings:
        """The shop's settings."""
        settings: Settings = self.request.app.state.settings
        return settings

    @property
    def sessions(self) -> SessionFactory:
        """Where sessions come from."""
        sessions: SessionFactory = self.request.app.state.sessions
        return sessions

    @property
    def pages(self) -> Pages:
        """The templates and the words."""
        pages: Pages = self.request.app.state.pages
        return pages

    def render(
        self, template: str, values: Mapping[str, Any], *, status: int = 200
    ) -> HTMLResponse:
        """The page, for this browser alone to keep."""
        response = HTMLResponse(self.pages.draw(template, values), status_code=status)
        response.headers["Content-Security-Policy"] = content_security_policy(self.settings)
        response.headers["Cache-Control"] = "private, no-store"
        return response
