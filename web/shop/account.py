"""The account: orders, what was left in carts, consents; signing in and out of the demo shop."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Response
from fastapi.responses import HTMLResponse
from pydantic import AfterValidator

from core.dates import day_text
from db.engine import read_session
from db.models import Channel
from db.reads.carts import left_in_carts, purchases
from db.reads.consents import consents_in_force
from db.reads.people import person_exists
from db.reads.shoppers import DemoShopper, demo_shoppers
from db.writes.consents import record_consent
from db.writes.visitors import sign_in, sign_out
from nudges.channels import offered_channels
from nudges.push import is_reminded_here
from nudges.telegram import new_telegram_link
from services.cards import money_json, picture_url, product_url
from web.fields import printable
from web.shop.checkout import order_values
from web.shop.visit import PageForm, PageMissing, PageVisit, Visit

router = APIRouter(include_in_schema=False)

LEFT_DAYS = timedelta(days=30)
SHOPPERS = 12
CONSENT_WORDING = "account-1"
EVER = datetime(2000, 1, 1, tzinfo=UTC)


@router.get("/account")
def account(visit: PageVisit) -> HTMLResponse:
    """What the shop knows of this shopper."""
    words = visit.words.account
    after_now = visit.now + timedelta(minutes=1)
    with read_session(visit.sessions) as session:
        orders = purchases(session, visit.identity, since=EVER, until=after_now)
        left = left_in_carts(session, visit.identity, since=visit.now - LEFT_DAYS, until=after_now)
        person_id = visit.identity.person_id
        agreed = consents_in_force(session, person_id) if person_id else {}
        return visit.draw(
            session,
            "account.html",
            orders=[order_values(visit, one) for one in orders],
            left=[
                {
                    "title": one.line.title,
                    "url": product_url(one.line.product_id),
                    "picture": picture_url(one.line.product_id, one.line.picture),
                    "when": words.left_on.format(
                        date=day_text(one.line.updated_at, visit.settings, length="medium")
                    ),
                    "price": money_json(one.line.unit, settings=visit.settings)
                    if one.line.unit
                    else None,
                }
                for one in left
            ],
            channels=[
                {
                    "value": channel.value,
                    "title": getattr(words.channels, channel.value),
                    "granted": channel in agreed and agreed[channel].granted,
                }
                for channel in offered_channels(visit.settings)
            ],
            telegram=Channel.TELEGRAM in offered_channels(visit.settings),
            reminded_here=is_reminded_here(session, visit.identity),
        )


@router.post("/account/consent")
def consent_form(visit: PageForm, channel: Annotated[list[Channel], Form()] = []) -> Response:  # noqa: B006 FastAPI copies it
    """Add to the ledger what changed: a tick is a yes, no tick a no."""
    person_id = visit.identity.person_id
    if person_id is None:
        return visit.go("/sign-in")
    with visit.sessions.begin() as session:
        agreed = consents_in_force(session, person_id)
        for one in offered_channels(visit.settings):
            was = one in agreed and agreed[one].granted
            if was != (one in channel):
                record_consent(
                    session, person_id, one, granted=one in channel,
                    wording_version=CONSENT_WORDING, source="account", now=visit.now,
                )  # fmt: skip
    return visit.go("/account", note="consent_saved")


@router.post("/account/telegram")
def telegram_form(visit: PageForm) -> Response:
    """Go to the shop's Telegram bot with a link that connects the chat to this shopper."""
    bot = visit.settings.telegram_bot
    if bot is None:
        raise PageMissing
    if visit.identity.person_id is None:
        return visit.go("/sign-in")
    with visit.sessions.begin() as session:
        return visit.go(new_telegram_link(session, visit.identity, bot=bot, now=visit.now))


@router.get("/sign-in")
def sign_in_page(visit: PageVisit) -> HTMLResponse:
    """The demo shoppers to choose from; a shop of one's own signs people in itself."""
    if not visit.settings.demo:
        raise PageMissing
    with read_session(visit.sessions) as session:
        return visit.draw(
            session,
            "sign_in.html",
            shoppers=[_about(visit, one) for one in demo_shoppers(session, limit=SHOPPERS)],
        )


@router.post("/account/sign-in")
def sign_in_form(
    visit: PageForm, person_id: Annotated[str, Form(max_length=32), AfterValidator(printable)] = ""
) -> Response:
    """Become a demo shopper; the visitor's cart comes along."""
    if not visit.settings.demo:
        raise PageMissing
    with visit.sessions.begin() as session:
        if not person_exists(session, person_id):
            raise PageMissing
        identity = sign_in(session, visit.identity, person_id, now=visit.now)
    return visit.become(identity, "/", note="signed_in")


@router.post("/account/sign-out")
def sign_out_form(visit: PageForm) -> Response:
    """Forget this person here: the browser goes on as a new visitor."""
    with visit.sessions.begin() as session:
        identity = sign_out(session, visit.identity)
    return visit.become(identity, "/", note="signed_out")


def _about(visit: Visit, shopper: DemoShopper) -> dict[str, str]:
    words = visit.words.sign_in
    parts = [visit.plural(words.orders, shopper.orders)] if shopper.orders else []
    if shopper.in_cart:
        parts.append(visit.plural(words.in_cart, shopper.in_cart))
    return {"id": shopper.person_id, "name": shopper.name, "about": ", ".join(parts)}
