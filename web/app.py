"""The composition root of the web process: everything it needs is made here, once."""

from asyncio import to_thread
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from core.clock import Clock, SystemClock
from core.settings import Settings
from db.engine import make_engine, make_session_factory, read_session
from db.pricing import DeliveryRule
from nudges.policy import SHIPPED, load_policy
from services.suggest import SuggestionService
from services.volume import VolumeService
from web import health, pictures, problems
from web.api import (
    cart,
    catalogue,
    chat,
    events,
    feedback,
    people,
    push,
    recommendations,
    telegram,
    visitors,
)
from web.api.at_volume import AtVolume
from web.limits import BodyLimit, PlainAddress, SecurityHeaders
from web.operators.install import install as install_operators
from web.rates import RateLimit, rate_store
from web.search import ShopSearch
from web.shop.install import install as install_shop
from web.wording import load_words

STATIC = Path(__file__).parent / "static"


def create_app(settings: Settings, *, clock: Clock | None = None) -> FastAPI:
    """The ASGI app with its database, services and routes; `clock` is the machine's by default."""
    engine = make_engine(settings.database_url)
    sessions = make_session_factory(engine, delivery=DeliveryRule.of(settings))
    clock = clock or SystemClock()
    rates = rate_store(settings)
    suggestions = SuggestionService(settings)
    volume = VolumeService(suggestions, engine, sessions, clock)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        volume.start()
        yield
        await to_thread(volume.stop)
        engine.dispose()
        await rates.close()

    app = FastAPI(
        title="Cartwright",
        description="The events a shop sends, the recommendations it gets, and its cart.",
        version="0.1.0",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(
                CORSMiddleware,
                allow_origins=settings.allowed_origins,
                allow_credentials=True,
                allow_methods=["GET", "POST", "PATCH", "DELETE"],
                allow_headers=["Authorization", "Content-Type"],
                expose_headers=["Retry-After"],
                max_age=600,
            ),
            Middleware(PlainAddress),
            Middleware(RateLimit, store=rates, settings=settings, clock=clock),
            Middleware(BodyLimit),
            Middleware(AtVolume),
        ],
    )
    app.state.settings = settings
    app.state.words = load_words(settings.locale)
    app.state.sessions = sessions
    app.state.clock = clock
    app.state.nudge_policy = load_policy(settings.nudge_policy or SHIPPED)
    app.state.suggestions = suggestions
    app.state.volume = volume
    app.state.search = ShopSearch(sessions, clock, currency=settings.currency)
    problems.install(app)
    # Routes are tried one after the other, so what is asked for at volume comes first.
    app.include_router(recommendations.router)
    app.include_router(events.router)
    # Before the rest of the API: at /cart it has a page for browsers.
    install_shop(app)
    install_operators(app)
    app.include_router(health.router)
    app.include_router(visitors.router)
    app.include_router(cart.router)
    app.include_router(chat.router)
    app.include_router(telegram.router)
    app.include_router(push.router)
    app.include_router(feedback.router)
    app.include_router(people.router)
    app.include_router(catalogue.router)
    app.include_router(pictures.router)
    app.add_api_route("/widget.js", widget_script, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=STATIC, check_dir=False))
    return app


def warm_up(app: FastAPI) -> None:
    """Load the model and build the search index before the first shopper comes."""
    state = app.state
    with read_session(state.sessions) as session:
        state.suggestions.warm_up(session, now=state.clock.now())
    state.volume.warm_up()
    state.search.warm_up()


def widget_script() -> Response:
    """The chat widget, for any page that embeds it."""
    if not health.WIDGET.is_file():
        raise problems.Problem(404, "The chat widget is not built: run `make widget`.")
    return FileResponse(
        health.WIDGET,
        media_type="text/javascript",
        headers={
            "Cache-Control": "public, max-age=300",
            "Cross-Origin-Resource-Policy": "cross-origin",
        },
    )
