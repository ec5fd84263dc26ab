"""The supervisor, tried with real processes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from cli.processes import read_procfile

SUPERVISE = """
import asyncio, os, sys
from pathlib import Path
from rich.console import Console
import cli.processes
from cli.processes import Supervisor, end_with_parent, read_procfile

cli.processes.GRACE_SECONDS = 1

async def main() -> int:
    supervisor = Supervisor(cwd=Path.cwd(), env=os.environ, console=Console())
    for command in read_procfile(Path(sys.argv[1])):
        await supervisor.start(command)
    async def announce() -> None:
        print("all started", flush=True)
    return await supervisor.run(announce)

sys.exit(asyncio.run(main()))
"""
SLEEPER = "sleeper: sleep 321\n"
# A server that leaves a grandchild and ignores the polite signal.
STUBBORN = "stubborn: sh -c 'trap \"\" TERM; sleep 322; sleep 322'\n"


def supervise(procfile: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", SUPERVISE, str(procfile)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "all started" in line:
            return process
    raise AssertionError("the supervisor did not start")


def descendants(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_every_child(tmp_path: Path, number: signal.Signals) -> None:
    procfile = tmp_path / "Procfile"
    procfile.write_text(SLEEPER + SLEEPER.replace("sleeper", "other"))
    process = supervise(procfile)
    children = descendants(process)

    process.send_signal(number)
    output, _ = process.communicate(timeout=20)

    assert process.returncode == 0, output
    assert len(children) == 2
    assert not any(child.is_running() for child in children)


@pytest.mark.slow
def test_a_child_that_ignores_the_polite_signal_is_ended_with_its_children(tmp_path: Path) -> None:
    procfile = tmp_path / "Procfile"
    procfile.write_text(STUBBORN)
    process = supervise(procfile)
    time.sleep(0.3)
    children = descendants(process)

    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)

    assert len(children) == 2
    _, alive = psutil.wait_procs(children, timeout=2)
    assert not alive


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux's")
def test_no_child_outlives_a_supervisor_that_is_killed_outright(tmp_path: Path) -> None:
    procfile = tmp_path / "Procfile"
    procfile.write_text(SLEEPER)
    process = supervise(procfile)
    children = descendants(process)

    process.kill()
    process.communicate()

    _, alive = psutil.wait_procs(children, timeout=5)
    assert len(children) == 1
    assert not alive


def test_a_child_that_ends_by_itself_ends_all_and_is_named(tmp_path: Path) -> None:
    procfile = tmp_path / "Procfile"
    procfile.write_text(SLEEPER + "broken: sh -c 'sleep 0.5; echo cannot go on; exit 7'\n")
    process = supervise(procfile)
    children = descendants(process)

    output, _ = process.communicate(timeout=20)

    assert process.returncode == 1
    assert "cannot go on" in output
    assert "broken ended by itself (exit status 7)" in output
    assert not any(child.is_running() for child in children)


def test_a_line_without_a_command_is_named(tmp_path: Path) -> None:
    procfile = tmp_path / "Procfile"
    procfile.write_text("web: serve\n\n# a remark\nactions serve\n")

    with pytest.raises(ValueError, match=r"line 4: expected 'name: command'"):
        read_procfile(procfile)


def test_a_quoted_argument_stays_whole(tmp_path: Path) -> None:
    procfile = tmp_path / "Procfile"
    procfile.write_text("web: run 'two words' --port 1\n")

    (command,) = read_procfile(procfile)

    assert command.argv == ("run", "two words", "--port", "1")


def test_the_shipped_procfile_can_be_read() -> None:
    commands = read_procfile(Path(__file__).parents[3] / "Procfile")

    assert [command.name for command in commands] == ["web", "actions", "bot", "nudges", "mail"]
    assert all(any(os.sep in word for word in command.argv) for command in commands)
