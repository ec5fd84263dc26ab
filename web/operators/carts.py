"""Left carts: the lists, one cart's story with what can be done about it, and its mail."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Response
from pydantic import AfterValidator

from db.engine import read_session
from db.models import Channel, NudgeState
from db.reads.carts import CartLineView, lines_of_cart, owner_of_cart
from nudges.by_hand import UnknownCartError, dismiss, send_now
from nudges.channels import OutcomeKind
from nudges.compose import Nudging
from nudges.decision import REMINDER
from nudges.explain import explain
from nudges.message import Message
from nudges.operators import OperatorWords, masked
from nudges.policy import ASKED
from nudges.preview import PreviewError, preview, send_as_test
from nudges.store.listing import Filter, StageRow, email_of_cart, not_yet_due, stages_due
from services.cards import full_title, picture_url
from services.suggest import SuggestionService
from web.fields import PublicKey, printable
from web.operators.page import OperatorPage, OperatorVisit
from web.shop.mail_frame import framed
from web.shop.visit import PageMissing

router = APIRouter(include_in_schema=False)

ROWS = 50

type Name = Annotated[str, Query(max_length=40), AfterValidator(printable)]
type Older = Annotated[str, Query(pattern="^([0-9a-f]{32})?$")]
type Typed = Annotated[str, Form(max_length=254), AfterValidator(printable)]


class Doing(StrEnum):
    """What a button of a cart's page does."""

    SEND_NOW = "send_now"
    DISMISS = "dismiss"
    TEST_SEND = "test_send"


@router.get("/operators")
def stages(
    page: OperatorVisit,
    stage: Name = "",
    state: Name = "",
    gate: Name = "",
    older_than: Older = "",
) -> Response:
    """The stages that fell due last, of those asked for."""
    words = page.words
    known = NudgeState(state) if state in set(NudgeState) else None
    wanted = Filter(stage or None, known, gate or None, older_than or None)
    with read_session(page.sessions) as session:
        found = stages_due(session, wanted, settings=page.settings, limit=ROWS + 1)
    chosen = {"stage": stage, "state": str(known or ""), "gate": gate}
    names = [*(one.name for one in page.nudging().policy.stages), ASKED]
    return page.draw(
        "stages.html",
        rows=[_stage_row(page, row) for row in found[:ROWS]],
        older=_older([row.nudge_id for row in found], chosen),
        chosen=chosen,
        filters={
            "stage": {name: name for name in dict.fromkeys([*names, stage]) if name},
            "state": words.tables["states"],
            "gate": {name: words.gate(name) for name in words.tables["gates"]},
        },
    )


@router.get("/operators/not-due")
def carts(page: OperatorVisit, older_than: Older = "") -> Response:
    """The carts that were left and that no stage has fallen due for."""
    with read_session(page.sessions) as session:
        found = not_yet_due(
            session,
            settings=page.settings,
            max_age=page.nudging().policy.max_age,
            older_than=older_than or None,
            limit=ROWS + 1,
            now=page.now,
        )
    return page.draw(
        "not_due.html",
        rows=[
            {
                "cart_id": row.cart_id,
                "left": page.words.time(row.left_at),
                "who": page.words.say("page", "guest") if row.is_guest else masked(row.email),
                "value": page.money(row.value),
            }
            for row in found[:ROWS]
        ],
        older=_older([row.cart_id for row in found], {}),
    )


@router.get("/operators/carts")
def look_up(page: OperatorVisit, cart: Annotated[str, Query(max_length=64)] = "") -> Response:
    """On to the cart of that id, as a log or a colleague names it."""
    return _cart_page(page, cart.strip())


@router.get("/operators/carts/{cart}")
def story(page: OperatorVisit, cart: PublicKey) -> Response:
    """What happened to a cart, and what comes next."""
    return _cart_page(page, cart)


@router.post("/operators/carts/{cart}")
def act(
    page: OperatorVisit,
    cart: PublicKey,
    do: Annotated[Doing, Form()],
    to: Typed = "",
    stage: Typed = "",
    treatment: Typed = REMINDER,
) -> Response:
    """Do what the button says, as the command does, and tell what became of it."""
    nudging = page.nudging()
    try:
        match do:
            case Doing.SEND_NOW:
                done = send_now(nudging, cart)
            case Doing.DISMISS:
                done = dismiss(nudging, cart)
            case Doing.TEST_SEND:
                done = _send_test(page, nudging, cart, stage=stage, treatment=treatment, to=to)
    except UnknownCartError as error:
        raise PageMissing from error
    return _cart_page(page, cart, done=done)


@router.get("/operators/carts/{cart}/preview")
def show_preview(
    page: OperatorVisit,
    cart: PublicKey,
    stage: Name = "",
    treatment: Name = REMINDER,
    channel: Name = Channel.EMAIL.value,
) -> Response:
    """The message as it would be written now."""
    try:
        message = _preview(
            page, page.nudging(), cart, stage=stage, treatment=treatment, channel=channel
        )
    except PreviewError as error:
        return _cart_page(page, cart, done=str(error))
    return page.draw(
        "preview.html",
        cart_id=cart,
        message=message,
        choice={"stage": stage, "treatment": treatment, "channel": channel},
        channels={one.value: page.words.channel(one) for one in Channel},
        frame=f"/operators/carts/{cart}/preview/html?"
        + urlencode({"stage": stage, "treatment": treatment}),
        **_choices(page.nudging()),
    )


@router.get("/operators/carts/{cart}/preview/html")
def preview_html(
    page: OperatorVisit, cart: PublicKey, stage: Name = "", treatment: Name = REMINDER
) -> Response:
    """A mail's HTML part, for the frame."""
    try:
        message = _preview(page, page.nudging(), cart, stage=stage, treatment=treatment)
    except PreviewError as error:
        raise PageMissing from error
    return framed(message.html or "")


def _cart_page(page: OperatorPage, cart: str, *, done: str = "") -> Response:
    nudging = page.nudging()
    with read_session(page.sessions) as session:
        told = explain(session, nudging, cart, now=page.now)
        lines = lines_of_cart(session, cart)
        email = email_of_cart(session, cart)
        owner = owner_of_cart(session, cart)
        suggestions: SuggestionService = page.request.app.state.suggestions
        leaving = suggestions.leaving(session, owner, now=page.now) if owner else None
    if told is None:
        raise PageMissing(page.words.say("page", "no_cart"))
    return page.draw(
        "cart.html",
        story=told,
        done=done,
        leaving="" if leaving is None else page.words.say("page", "leaving", percent=leaving * 100),
        who=masked(email),
        lines=_lines(page, lines),
        **_choices(nudging),
    )


def _choices(nudging: Nudging) -> dict[str, Any]:
    """The stages and treatments that there are mails of."""
    policy = nudging.policy
    offered = {treatment for stage in policy.stages for treatment in stage.treatments}
    return {
        "stages": [stage.name for stage in policy.stages],
        "treatments": [REMINDER, *sorted(offered - {REMINDER, "none"})],
    }


def _preview(
    page: OperatorPage,
    nudging: Nudging,
    cart: str,
    *,
    stage: str,
    treatment: str,
    channel: str = Channel.EMAIL,
    to: str | None = None,
) -> Message:
    with read_session(page.sessions) as session:
        return preview(
            session,
            nudging,
            cart,
            stage=stage or None,
            treatment=treatment,
            channel=channel,
            to=to,
            now=page.now,
        )


def _send_test(
    page: OperatorPage, nudging: Nudging, cart: str, *, stage: str, treatment: str, to: str
) -> str:
    words = page.words
    if "@" not in to.strip("@ "):
        return words.say("done", "no_address")
    try:
        message = _preview(page, nudging, cart, stage=stage, treatment=treatment, to=to.strip())
        outcome = send_as_test(nudging, message)
    except PreviewError as error:
        return str(error)
    if outcome.kind is not OutcomeKind.ACCEPTED:
        return words.say("done", "test_refused", detail=outcome.detail)
    return words.say("done", "test_sent", to=to.strip(), message_id=outcome.message_id)


def _stage_row(page: OperatorPage, row: StageRow) -> dict[str, Any]:
    words = page.words
    return {
        "cart_id": row.cart_id,
        "left": words.time(row.left_at),
        "stage": row.stage,
        "state": row.state.value,
        "state_name": words.tables["states"][row.state.value],
        "why": _why(row, words),
        "who": masked(row.email) or words.say("page", "guest"),
        "value": page.money(row.value),
    }


def _why(row: StageRow, words: OperatorWords) -> str:
    """The gate that holds, or else what was offered, and by which channel."""
    if row.gate:
        why = words.gate(row.gate, row.gate_detail)
        if row.state is NudgeState.WAITING and row.next_at is not None:
            return words.say("page", "again", at=words.time(row.next_at), why=why)
        return why
    if row.channel is None or row.treatment is None:
        return ""
    treatment, channel = words.treatment(row.treatment), words.channel(row.channel)
    return words.say("page", "offered", treatment=treatment, channel=channel)


def _lines(page: OperatorPage, lines: Iterable[CartLineView]) -> list[dict[str, str]]:
    """What is in the cart, at today's prices."""
    return [
        {
            "text": page.words.say("page", "piece", quantity=line.quantity, title=full_title(line)),
            "picture": picture_url(line.product_id, line.picture, colour=line.colour),
            "price": line.line_total.text(page.settings.locale) if line.line_total else "",
        }
        for line in lines
    ]


def _older(found: list[str], chosen: dict[str, str]) -> str:
    """The query of the list's next page; empty where there is none. `found` has one row more."""
    if len(found) <= ROWS:
        return ""
    kept = {name: value for name, value in chosen.items() if value}
    return urlencode(kept | {"older_than": found[ROWS - 1]})
