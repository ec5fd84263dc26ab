"""`cartwright bench`: how fast the running shop answers."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.bench_abandonment import bench_abandonment
from cli.bench_decisions import bench_decisions
from cli.bench_mine import bench_mine
from cli.bench_next_item import bench_next_item
from cli.bench_nudges import bench_nudges
from cli.bench_reasons import bench_reasons
from cli.bench_serve import bench_serve

if TYPE_CHECKING:
    from benchmarks.serving.latency import Latency

bench_app = typer.Typer(
    no_args_is_help=True,
    help="Measure the miners, or the running shop; start it with `cartwright up` first.",
)
bench_app.command("mine")(bench_mine)
bench_app.command("serve")(bench_serve)
bench_app.command("abandonment")(bench_abandonment)
bench_app.command("next-item")(bench_next_item)
bench_app.command("decisions")(bench_decisions)
bench_app.command("nudges")(bench_nudges)
bench_app.command("reasons")(bench_reasons)

RECOMMENDATIONS_TARGET_MS = 10.0
CHAT_TARGET_MS = 250.0

Url = Annotated[str | None, typer.Option(help="The shop's address; CARTWRIGHT_WEB_URL if not set.")]


@bench_app.command("recommendations")
def bench_recommendations(
    url: Url = None,
    requests: Annotated[int, typer.Option(min=20, help="How many to measure.")] = 1000,
) -> None:
    """Time GET /recommendations, one request after the other."""
    import httpx

    from benchmarks.serving.recommendations import measure_recommendations

    try:
        _report("GET /recommendations", measure_recommendations(_address(url), requests=requests),
                target=RECOMMENDATIONS_TARGET_MS)  # fmt: skip
    except httpx.HTTPError as error:
        raise _not_up(url, error) from error


@bench_app.command("chat")
def bench_chat(
    url: Url = None,
    turns: Annotated[int, typer.Option(min=20, help="How many to measure.")] = 100,
) -> None:
    """Time a chat turn that suggests, from the question to the product cards."""
    import httpx
    import socketio  # type: ignore[import-untyped]

    from benchmarks.serving.chat import NoAnswerError, measure_chat

    try:
        _report("A chat turn that suggests", measure_chat(_address(url), turns=turns),
                target=CHAT_TARGET_MS)  # fmt: skip
    except (httpx.HTTPError, socketio.exceptions.ConnectionError) as error:
        raise _not_up(url, error) from error
    except NoAnswerError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


def _address(url: str | None) -> str:
    from core.settings import get_settings

    return url or get_settings().web_url


def _report(what: str, latency: "Latency", *, target: float) -> None:
    met = "within" if latency.p95 <= target else "over"
    typer.echo(
        f"{what}: {latency.requests} measured, median {latency.median:.1f} ms, "
        f"p95 {latency.p95:.1f} ms ({met} the target of {target:.0f} ms), "
        f"p99 {latency.p99:.1f} ms, longest {latency.longest:.1f} ms"
    )


def _not_up(url: str | None, error: Exception) -> typer.Exit:
    typer.echo(
        f"The shop at {_address(url)} does not answer ({error}). Start it with `cartwright up`.",
        err=True,
    )
    return typer.Exit(1)
