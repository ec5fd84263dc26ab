"""`cartwright up`: prepare what is missing, run every process, and end them all together."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass

import httpx
import psutil
import typer
from rich.console import Console

from cli.prepare import ROOT
from cli.processes import Command, Supervisor, end_with_parent, read_procfile
from cli.waiting import waiting
from core.settings import DEMO_OPERATOR_SECRET, Settings, get_settings

# A few seconds do on an idle machine; a busy one may take many times as long.
START_SECONDS = 300.0


class NotHealthyError(Exception):
    """A server was started and does not answer; the message says which and what to do."""


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
        Server("bot", settings.bot_port, "CARTWRIGHT_BOT_PORT", "/cartwright/health"),
    )


def commands(settings: Settings) -> list[Command]:
    """The processes of the Procfile, and the one that trains each day where the shop wants that."""
    found = read_procfile(ROOT / "Procfile")
    if settings.train_at is not None:
        found.append(Command("train", (sys.executable, "-m", "cli.main", "train-daily")))
    return found


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
    # In a process of its own, so that what training needs is not held while serving.
    prepared = subprocess.run([sys.executable, "-m", "cli.main", "prepare"], cwd=ROOT, check=False)
    if prepared.returncode:
        raise typer.Exit(prepared.returncode)
    try:
        raise typer.Exit(asyncio.run(_serve(console, settings)))
    except NotHealthyError as error:
        console.print(f"[bold red]{error}")
        raise typer.Exit(1) from None


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


async def _serve(console: Console, settings: Settings) -> int:
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    supervisor = Supervisor(cwd=ROOT, env=environment, console=console)
    for command in commands(settings):
        await supervisor.start(command)

    async def announce() -> None:
        with waiting(console, "Starting"):
            await wait_until_healthy(servers(settings), seconds=START_SECONDS)
        console.print(
            f"\n[bold green]{settings.shop_name} is open:[/] {settings.web_url}"
            "   (Ctrl-C closes it)"
        )
        if settings.operator_secret is not None:
            is_demos = settings.operator_secret == DEMO_OPERATOR_SECRET
            secret = f"   (secret: {DEMO_OPERATOR_SECRET})" if is_demos else ""
            console.print(
                f"Left carts, for the shop's own people: {settings.web_url}/operators{secret}"
            )
        console.print()

    return await supervisor.run(announce)


async def wait_until_healthy(wanted: Iterable[Server], *, seconds: float) -> None:
    """Return when every server answers; NotHealthyError names the ones that do not in time."""
    missing = {server.name: server for server in wanted}
    deadline = time.monotonic() + seconds
    async with httpx.AsyncClient(timeout=2) as client:
        while time.monotonic() < deadline:
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
    names = " and ".join(missing)
    raise NotHealthyError(
        f"No answer from {names} after {seconds:g} s, so everything was stopped. The lines above "
        f"that begin with {names} say why; if there is nothing wrong in them, the machine was too "
        "busy: run `make up` again."
    )
