"""`cartwright up`: prepare what is missing, run every process, and end them all together."""

import asyncio
import os
import subprocess
import sys
from dataclasses import dataclass

import httpx
import psutil
import typer
from rich.console import Console

from cli.prepare import ROOT
from cli.processes import Supervisor, end_with_parent, read_procfile
from cli.waiting import waiting
from core.settings import Settings, get_settings

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
        Server("bot", settings.bot_port, "CARTWRIGHT_BOT_PORT", "/cartwright/health"),
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
    # In a process of its own, so that what training needs is not held while serving.
    prepared = subprocess.run([sys.executable, "-m", "cli.main", "prepare"], cwd=ROOT, check=False)
    if prepared.returncode:
        raise typer.Exit(prepared.returncode)
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


async def _serve(console: Console, settings: Settings) -> int:
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    supervisor = Supervisor(cwd=ROOT, env=environment, console=console)
    for command in read_procfile(ROOT / "Procfile"):
        await supervisor.start(command)

    async def announce() -> None:
        with waiting(console, "Starting"):
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
