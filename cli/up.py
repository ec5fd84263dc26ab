"""`cartwright up`: prepare what is missing, start every process, and end them all together."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from cli.processes import Supervisor, end_with_parent, read_procfile
from core.settings import Settings, get_settings

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Server:
    """A process with a port, and where it answers when it is healthy."""

    name: str
    port: int
    variable: str
    health_path: str


def servers(settings: Settings) -> tuple[Server, ...]:
    """The servers that the Procfile starts."""
    return (
        Server("web", settings.web_port, "CARTWRIGHT_WEB_PORT", "/health"),
        Server("actions", settings.actions_port, "CARTWRIGHT_ACTIONS_PORT", "/health"),
        Server("bot", settings.bot_port, "CARTWRIGHT_BOT_PORT", "/"),
    )


def up() -> None:
    """Prepare the shop and run it until Ctrl-C."""
    end_with_parent()
    console = Console()
    settings = get_settings()
    busy = [problem for server in servers(settings) if (problem := port_problem(server))]
    if busy:
        for problem in busy:
            console.print(f"[bold red]{problem}")
        raise typer.Exit(1)
    with _bot_training(console):
        _prepare_shop(console, settings)
    raise typer.Exit(asyncio.run(_serve(console, settings)))


def port_problem(server: Server) -> str | None:
    """What to do about the server's port where something listens on it already, else None."""
    holder = _listener(server.port)
    if holder is None:
        return None
    return (
        f"Port {server.port}, which {server.name} needs, is in use by {holder}. "
        f"Stop that, or set {server.variable} to a free port."
    )


def _listener(port: int) -> str | None:
    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        connections = []
    for connection in connections:
        if connection.status != psutil.CONN_LISTEN or not connection.laddr:
            continue
        if connection.laddr.port == port:
            if connection.pid is None:
                return "another user's process"
            return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    return None


def _prepare_shop(console: Console, settings: Settings) -> None:
    from cli.demo import fill_if_empty
    from cli.train import train_if_missing
    from db.migrate import upgrade

    console.print("Database …", end=" ")
    upgrade(settings.database_url)
    console.print("ready.")
    if settings.demo:
        fill_if_empty(console)
    train_if_missing(console)


@contextmanager
def _bot_training(console: Console) -> Iterator[None]:
    """Train the bot in a process beside what is done inside, and wait for its end."""
    log = ROOT / "var" / "bot-training.log"
    log.parent.mkdir(exist_ok=True)
    command = [str(ROOT / "bot/.venv/bin/python"), str(ROOT / "bot/launch.py"), "train"]
    with log.open("wb") as output:
        training = subprocess.Popen(  # noqa: S603
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=end_with_parent,
        )
    try:
        yield
        with _waiting(console, "Training the bot"):
            status = training.wait()
    finally:
        if training.poll() is None:
            training.terminate()
            training.wait()
    if status:
        console.print(f"[bold red]The bot could not be trained; see {log.relative_to(ROOT)}.")
        raise typer.Exit(1)


@contextmanager
def _waiting(console: Console, what: str) -> Iterator[Progress]:
    with Progress(
        SpinnerColumn(),
        TextColumn(what),
        BarColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as progress:
        progress.add_task(what, total=None)
        yield progress


async def _serve(console: Console, settings: Settings) -> int:
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    supervisor = Supervisor(cwd=ROOT, env=environment, console=console)
    for command in read_procfile(ROOT / "Procfile"):
        await supervisor.start(command)

    async def announce() -> None:
        with _waiting(console, "Starting"):
            await _wait_until_healthy(settings)
        console.print(
            f"\n[bold green]{settings.shop_name} is open:[/] {settings.web_url}"
            "   (Ctrl-C closes it)\n"
        )

    return await supervisor.run(announce)


async def _wait_until_healthy(settings: Settings) -> None:
    """Return when every server answers.

    Raises TimeoutError naming the ones that do not within START_SECONDS.
    """
    missing = {server.name: server for server in servers(settings)}
    async with httpx.AsyncClient(timeout=2) as client:
        for _ in range(START_SECONDS * 4):
            for server in list(missing.values()):
                try:
                    answer = await client.get(f"http://127.0.0.1:{server.port}{server.health_path}")
                except httpx.TransportError:
                    continue
                if answer.is_success:
                    del missing[server.name]
            if not missing:
                return
            await asyncio.sleep(0.25)
    raise TimeoutError(f"not healthy after {START_SECONDS} s: {', '.join(missing)}")
