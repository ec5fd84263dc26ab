"""Runs the processes of a Procfile together: one ends, all end, and none outlives this one.

A child is its own process group, so Ctrl-C reaches only the supervisor, which ends the children
in order. On Linux the kernel ends them too when the supervisor is killed outright.
"""

import asyncio
import ctypes
import os
import shlex
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

GRACE_SECONDS = 10
COLOURS = ("cyan", "magenta", "green", "yellow")
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Command:
    """One line of a Procfile."""

    name: str
    argv: tuple[str, ...]


def read_procfile(path: Path) -> list[Command]:
    """The commands of a Procfile, in its order.

    Raises ValueError naming a line that is not `name: command`.
    """
    commands = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        name, colon, command = line.partition(":")
        if not colon or not command.strip():
            raise ValueError(f"{path}, line {number}: expected 'name: command', found {line!r}")
        commands.append(Command(name.strip(), tuple(shlex.split(command))))
    return commands


def end_with_parent() -> None:
    """Ask the kernel to end this process when its parent dies (Linux; elsewhere nothing)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Supervisor:
    """Starts commands, prefixes what they print, and ends them together."""

    def __init__(self, *, cwd: Path, env: Mapping[str, str], console: Console) -> None:
        self._cwd = cwd
        self._env = dict(env)
        self._console = console
        self._children: dict[str, asyncio.subprocess.Process] = {}
        self._printers: set[asyncio.Task[None]] = set()
        self._stop = asyncio.Event()

    async def start(self, command: Command) -> None:
        """Start one command; what it prints appears behind its name."""
        colour = COLOURS[len(self._children) % len(COLOURS)]
        child = await asyncio.create_subprocess_exec(
            *command.argv,
            cwd=self._cwd,
            env=self._env,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            process_group=0,
            limit=2**20,
            preexec_fn=end_with_parent,
        )
        self._children[command.name] = child
        printer = asyncio.create_task(self._print_lines(command.name, colour, child))
        self._printers.add(printer)

    async def run(self, when_started: Callable[[], Coroutine[None, None, None]]) -> int:
        """Await `when_started`, then wait for a signal or for a child to end; end all.

        Returns 0 after a signal, else 1: a server that ends by itself has failed.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._stop.set)
        endings = [
            asyncio.create_task(child.wait(), name=name) for name, child in self._children.items()
        ]
        stopped = asyncio.create_task(self._stop.wait())
        started = asyncio.create_task(when_started())
        waiting: set[asyncio.Task[Any]] = {*endings, stopped, started}
        try:
            while True:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                if stopped in done:
                    return 0
                for ending in endings:
                    if ending in done:
                        self._console.print(
                            f"[bold red]{ending.get_name()} ended by itself "
                            f"(exit status {ending.result()}): stopping everything."
                        )
                        return 1
                if started in done:
                    started.result()
        finally:
            for task in waiting:
                task.cancel()
            await self._end_all()

    async def _print_lines(self, name: str, colour: str, child: asyncio.subprocess.Process) -> None:
        if child.stdout is None:
            return
        while True:
            try:
                line = await child.stdout.readline()
            except ValueError:
                line = b"(a line longer than 1 MiB was left out)"
            if not line:
                return
            prefix = Text(f"{name:<8}", style=colour)
            self._console.print(prefix, Text.from_ansi(line.decode(errors="replace").rstrip()))

    async def _end_all(self) -> None:
        running = [child for child in self._children.values() if child.returncode is None]
        for child in running:
            _signal_group(child.pid, signal.SIGTERM)
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE_SECONDS):
                await asyncio.gather(*(child.wait() for child in running))
        for child in self._children.values():
            _signal_group(child.pid, signal.SIGKILL)
        await asyncio.gather(*(child.wait() for child in running), *self._printers)


def _signal_group(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, number)
