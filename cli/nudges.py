"""`cartwright nudges`: what happens to left carts, and what the shop's own people do about it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.nudges_learn import compare_policies, learn_uplift
from cli.nudges_simulate import simulate_policy

if TYPE_CHECKING:
    from nudges.compose import Nudging
    from nudges.message import Message

nudges_app = typer.Typer(no_args_is_help=True, help="Left carts: why, what next, and by hand.")
nudges_app.command("learn")(learn_uplift)
nudges_app.command("compare")(compare_policies)
nudges_app.command("simulate")(simulate_policy)

CartArgument = Annotated[str, typer.Argument(metavar="CART", help="The cart's id.")]


StageOption = Annotated[str | None, typer.Option(help="Whose mail; the first one if unset.")]
TreatmentOption = Annotated[str, typer.Option(help="reminder, free_delivery or percent_N.")]


@nudges_app.command("explain")
def explain_cart(cart: CartArgument) -> None:
    """Tell what happened to a cart, which gate stopped it, and what comes next and when."""
    from db.engine import read_session
    from nudges.explain import explain

    with open_nudging() as nudging, read_session(nudging.sessions) as session:
        story = explain(session, nudging, cart, now=nudging.clock.now())
    if story is None:
        raise _unknown(cart)
    typer.echo(f"Cart {story.cart_id}")
    for line in story.about:
        typer.echo(f"  {line}")
    for episode in story.episodes:
        typer.echo(f"\n{episode.heading}")
        for sentence in episode.sentences:
            typer.echo(f"  {sentence.at}  {sentence.text}")
    typer.echo("\nNext")
    for line in story.following:
        typer.echo(f"  {line}")


@nudges_app.command("preview")
def preview_message(
    cart: CartArgument,
    stage: StageOption = None,
    treatment: TreatmentOption = "reminder",
    channel: Annotated[str, typer.Option(help="email, chat, telegram or web_push.")] = "email",
    html: Annotated[
        Path | None, typer.Option(help="Write the mail's HTML to this file, to open in a browser.")
    ] = None,
) -> None:
    """Show a cart's message as it would be written now; nothing is sent or stored."""
    with open_nudging() as nudging:
        message = _preview(
            nudging, cart, stage=stage, treatment=treatment, channel=channel, to=None
        )
    typer.echo(f"Subject: {message.subject}\n\n{message.said}")
    for title, url in message.buttons:
        typer.echo(f"[{title}] {url}")
    if html is not None:
        if message.html is None:
            typer.echo("Only a mail has HTML: leave --html or --channel out.", err=True)
            raise typer.Exit(2)
        html.write_text(message.html, encoding="utf-8")
        typer.echo(f"HTML: {html}")


@nudges_app.command("test-send")
def send_test_mail(
    cart: CartArgument,
    to: Annotated[str, typer.Option(metavar="ADDRESS", help="Who of the shop gets it.")],
    stage: StageOption = None,
    treatment: TreatmentOption = "reminder",
) -> None:
    """Send a cart's mail, marked as a test, to somebody of the shop; nothing is stored."""
    from nudges.channels import OutcomeKind
    from nudges.preview import PreviewError, send_as_test

    with open_nudging() as nudging:
        message = _preview(nudging, cart, stage=stage, treatment=treatment, channel="email", to=to)
        try:
            outcome = send_as_test(nudging, message)
        except PreviewError as error:
            typer.echo(f"{error} Set CARTWRIGHT_SMTP_URL.", err=True)
            raise typer.Exit(1) from error
    if outcome.kind is not OutcomeKind.ACCEPTED:
        typer.echo(f"Not sent: {outcome.detail}. See CARTWRIGHT_SMTP_URL.", err=True)
        raise typer.Exit(1)
    typer.echo(f"Sent to {to} as {outcome.message_id}; its links and its coupon lead nowhere.")


@nudges_app.command("send-now")
def send_cart_now(cart: CartArgument) -> None:
    """Send a cart's next stage before its time, where every other gate lets it pass."""
    from nudges.by_hand import UnknownCartError, send_now

    with open_nudging() as nudging:
        try:
            typer.echo(send_now(nudging, cart))
        except UnknownCartError as error:
            raise _unknown(cart) from error


@nudges_app.command("dismiss")
def dismiss_cart(cart: CartArgument) -> None:
    """Send nothing more about a cart until its shopper comes back and leaves again."""
    from nudges.by_hand import UnknownCartError, dismiss

    with open_nudging() as nudging:
        try:
            typer.echo(dismiss(nudging, cart))
        except UnknownCartError as error:
            raise _unknown(cart) from error


@nudges_app.command("stats")
def show_stats(
    days: Annotated[int, typer.Option(min=1, help="How far to look back.")] = 30,
) -> None:
    """Count what became of the stages that fell due, what stopped them, and what they brought."""
    from rich.console import Console
    from rich.table import Table

    from db.engine import read_session
    from nudges.brought import what_it_brought
    from nudges.measure import measure
    from nudges.operators import OperatorWords

    with open_nudging() as nudging, read_session(nudging.sessions) as session:
        now = nudging.clock.now()
        since = now - timedelta(days=days)
        percent = nudging.policy.incentives.margin_percent
        measured = measure(session, since=since, until=now, margin_percent=percent)
    stages = measured.funnels["stage"]
    if not stages:
        typer.echo(f"Nothing fell due in the last {days} days.")
        return
    console = Console()
    words = OperatorWords.of(nudging.settings)
    columns = words.tables["columns"]
    table = Table("stage", *columns.values(), title=f"The last {days} days", title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    for stage, funnel in sorted(stages.items(), key=lambda pair: -pair[1].due):
        numbers = [getattr(funnel, name) for name in columns]
        table.add_row(stage, *(f"{number:,}" for number in numbers))
    console.print(table)
    if measured.gates:
        why = Table("gate", "stopped", "because")
        why.columns[1].justify = "right"
        for gate, number in sorted(measured.gates.items(), key=lambda pair: -pair[1]):
            why.add_row(gate, f"{number:,}", words.gate(gate))
        console.print(why)
    for brought in what_it_brought(measured, words, currency=nudging.settings.currency):
        typer.echo(brought.heading)
        for sentence in brought.sentences:
            typer.echo(f"  {sentence}")


@contextmanager
def open_nudging() -> "Iterator[Nudging]":
    """What works on left carts, as the settings say, on the database brought up to date."""
    from core.settings import get_settings
    from db.engine import make_engine, make_session_factory
    from db.migrate import upgrade
    from db.pricing import DeliveryRule
    from nudges.compose import compose
    from nudges.policy import PolicyError

    settings = get_settings()
    upgrade(settings.database_url)
    engine = make_engine(settings.database_url)
    try:
        sessions = make_session_factory(engine, delivery=DeliveryRule.of(settings))
        yield compose(settings, sessions=sessions)
    except PolicyError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    finally:
        engine.dispose()


def _preview(
    nudging: "Nudging",
    cart: str,
    *,
    stage: str | None,
    treatment: str,
    channel: str,
    to: str | None,
) -> "Message":
    from db.engine import read_session
    from nudges.preview import PreviewError, preview

    try:
        with read_session(nudging.sessions) as session:
            return preview(
                session,
                nudging,
                cart,
                stage=stage,
                treatment=treatment,
                channel=channel,
                to=to,
                now=nudging.clock.now(),
            )
    except PreviewError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


def _unknown(cart: str) -> typer.Exit:
    typer.echo(f"There is no cart {cart!r}.", err=True)
    return typer.Exit(1)


@nudges_app.command("connect-telegram")
def connect_telegram() -> None:
    """Tell Telegram where to hand over what shoppers write to the bot; once, and after moving."""
    from core.settings import get_settings
    from nudges.channels.telegram import set_webhook
    from nudges.telegram import webhook_secret

    settings = get_settings()
    if not settings.telegram_token:
        typer.echo("Set CARTWRIGHT_TELEGRAM_TOKEN and CARTWRIGHT_TELEGRAM_BOT first.", err=True)
        raise typer.Exit(2)
    url = f"{settings.web_url.rstrip('/')}/telegram/webhook"
    problem = set_webhook(settings, url=url, secret=webhook_secret(settings))
    if problem is not None:
        typer.echo(f"Telegram does not take {url}: {problem}", err=True)
        raise typer.Exit(1)
    typer.echo(f"Telegram hands shoppers' messages over at {url}.")


@nudges_app.command("new-push-key")
def new_push_key() -> None:
    """Print settings with a fresh key for notifications in browsers; keep the key secret."""
    from core.settings import get_settings
    from nudges.channels.push_encryption import ShopKey

    typer.echo(f"CARTWRIGHT_PUSH_KEY={ShopKey.new().private_text}")
    typer.echo(f"CARTWRIGHT_PUSH_CONTACT=mailto:{get_settings().mail_from}")
