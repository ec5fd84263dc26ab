"""The whole assistant as a shopper meets it: every process on a free port, filled and trained.

The shop's database, the recommender's model and the bot's model are made once and kept in
var/test-cache under the hash of what they are made from; each test session works on copies. Made
anew every day, because the demo shop's past ends at the day it is filled.
"""

import fcntl
import hashlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from cli.processes import end_with_parent, read_procfile
from core.identity import Identity, issue_token
from core.settings import Settings
from db.engine import make_engine, make_session_factory, read_session
from db.reads.shoppers import demo_shoppers

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / "var/test-cache"
BOT_PYTHON = ROOT / "bot/.venv/bin/python"
# Enough shoppers for reasons that name people, few enough to train in a minute.
SHOPPERS = 1_000
SHOP_SOURCES = ("core", "db", "demo", "data/shop", "cli/demo.py")
MODEL_SOURCES = (*SHOP_SOURCES, "recommender", "services/training.py", "cli/train.py")
KEPT = 4
START_SECONDS = 180.0

FILL = "from cli.demo import fill_shop; fill_shop(shoppers={}, days=90, seed=1, again=False)"
TRAIN = (
    "from rich.console import Console; from cli.train import train_if_missing; "
    "train_if_missing(Console())"
)


@dataclass(frozen=True)
class Stack:
    """The running processes: where they answer, and the settings that they share."""

    web_url: str
    chat_url: str
    actions_url: str
    settings: Settings
    logs: Path

    def visitor(self) -> str:
        """The token of a new visitor."""
        return self._token("/visitors", {})

    def person(self, name: str) -> str:
        """The token of the demo shopper of that name, signed in on a new browser."""
        engine = make_engine(self.settings.database_url)
        try:
            with read_session(make_session_factory(engine)) as session:
                people = demo_shoppers(session, limit=100)
                ids = {person.name: person.person_id for person in people}
        finally:
            engine.dispose()
        return self._token("/sign-in", {"person_id": ids[name]})

    def sign(self, identity: Identity, *, lifetime: timedelta = timedelta(hours=1)) -> str:
        """A token that the shop would sign for any identity at all."""
        now = datetime.now(UTC)
        return issue_token(identity, secret=self.settings.secret, now=now, lifetime=lifetime)

    def _token(self, path: str, body: Mapping[str, str]) -> str:
        answer = httpx.post(f"{self.web_url}{path}", json=body)
        return str(answer.raise_for_status().json()["token"])


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The assistant, started for this test session; skipped where the bot is not installed."""
    if not BOT_PYTHON.exists():
        pytest.skip("the bot's environment is missing: run `make install`")
    folder = tmp_path_factory.mktemp("stack")
    with running_stack(folder) as running:
        yield running


@contextmanager
def running_stack(folder: Path) -> Iterator[Stack]:
    """Start the processes with their state in `folder`; end them all on leaving."""
    database, models, bot_models = prepare(folder)
    web, bot, actions, mail = (free_port() for _ in range(4))
    web_url, chat_url = f"http://127.0.0.1:{web}", f"http://127.0.0.1:{bot}"
    variables = {
        "DATABASE_URL": f"sqlite:///{database}",
        "CARTWRIGHT_MODELS_DIR": str(models),
        "CARTWRIGHT_BOT_MODELS": str(bot_models),
        "CARTWRIGHT_BOT_VAR": str(folder),
        "CARTWRIGHT_WEB_PORT": str(web),
        "CARTWRIGHT_BOT_PORT": str(bot),
        "CARTWRIGHT_ACTIONS_PORT": str(actions),
        "CARTWRIGHT_MAIL_PORT": str(mail),
        "CARTWRIGHT_MAILS_DIR": str(folder / "mails"),
        "CARTWRIGHT_WEB_URL": web_url,
        "CARTWRIGHT_CHAT_URL": chat_url,
        "CARTWRIGHT_ALLOWED_ORIGINS": json.dumps([web_url]),
    }
    environment = clean_environment() | variables
    settings = Settings.model_validate(
        {
            "DATABASE_URL": variables["DATABASE_URL"],
            "models_dir": models,
            "web_url": web_url,
            "chat_url": chat_url,
            "bot_port": bot,
            "mail_port": mail,
            "mails_dir": folder / "mails",
        }
    )
    actions_url = f"http://127.0.0.1:{actions}"
    healthy = {
        "web": f"{web_url}/health",
        "actions": f"{actions_url}/health",
        "bot": f"{chat_url}/cartwright/health",
    }
    children: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for command in read_procfile(ROOT / "Procfile"):
            with (folder / f"{command.name}.log").open("wb") as log:
                children[command.name] = subprocess.Popen(
                    command.argv,
                    cwd=ROOT,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    process_group=0,
                    preexec_fn=end_with_parent,
                )
        wait_until_healthy(healthy, children, folder)
        yield Stack(web_url, chat_url, actions_url, settings, folder)
    finally:
        end(children.values())


def prepare(folder: Path) -> tuple[Path, Path, Path]:
    """Copies of the filled database and the recommender's models, and the bot's models' folder."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        today = datetime.now(UTC).date().isoformat()
        shop = CACHE / f"shop-{today}-{fingerprint(SHOP_SOURCES)}.db"
        models = CACHE / f"models-{today}-{fingerprint(MODEL_SOURCES)}"
        if not shop.exists():
            make(shop, FILL.format(SHOPPERS), {"DATABASE_URL": "sqlite:///{}"})
        if not models.exists():
            variables = {
                "DATABASE_URL": f"sqlite:///{shop}",
                "CARTWRIGHT_MODELS_DIR": "{}",
            }
            make(models, TRAIN, variables)
        bot_models = CACHE / "bot-models"
        run([str(BOT_PYTHON), "bot/launch.py", "train"], {"CARTWRIGHT_BOT_MODELS": str(bot_models)})
        forget_old("shop-*.db")
        forget_old("models-*")
        database = folder / "cartwright.db"
        with closing(sqlite3.connect(shop)) as source, closing(sqlite3.connect(database)) as target:
            source.backup(target)
        shutil.copytree(models, folder / "models")
        # A copy too: another test session may train a newer bot into the cache meanwhile.
        shutil.copytree(bot_models, folder / "bot-models")
    return database, folder / "models", folder / "bot-models"


def make(path: Path, code: str, variables: Mapping[str, str]) -> None:
    """Run our own code that makes `path`, which appears only when it is whole."""
    unfinished = path.with_name(f"unfinished-{path.name}")
    remove(unfinished)
    filled = {name: value.format(unfinished) for name, value in variables.items()}
    run([sys.executable, "-c", code], filled)
    unfinished.rename(path)


def run(command: list[str], variables: Mapping[str, str]) -> None:
    """Run a preparing command to its end; its output is shown when it fails."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**clean_environment(), **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode:
        output = done.stdout.decode(errors="replace")[-4_000:]
        raise RuntimeError(f"{command[1:3]} failed with {done.returncode}:\n{output}")


def clean_environment() -> dict[str, str]:
    """This process's environment without the settings of a shop of the developer's own."""
    ours = ("CARTWRIGHT_", "DATABASE_URL", "REDIS_URL")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {"PYTHONUNBUFFERED": "1"}


def fingerprint(sources: tuple[str, ...]) -> str:
    """Changes when a source does."""
    digest = hashlib.sha256()
    for source in sources:
        path = ROOT / source
        files = [path] if path.is_file() else sorted(path.rglob("*"))
        for file in files:
            if file.is_file() and file.suffix in {".py", ".yml", ".yaml", ".toml"}:
                digest.update(str(file.relative_to(ROOT)).encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def forget_old(pattern: str) -> None:
    """Keep the newest few of the cache."""
    newest_first = sorted(CACHE.glob(pattern), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in newest_first[KEPT:]:
        remove(path)


def remove(path: Path) -> None:
    """Delete a file with its journals, or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    for file in path.parent.glob(f"{path.name}*"):
        if file.is_file():
            file.unlink()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_healthy(
    addresses: Mapping[str, str], children: Mapping[str, subprocess.Popen[bytes]], logs: Path
) -> None:
    """Return when every process answers; raises with the log of one that does not."""
    missing = dict(addresses)
    deadline = time.monotonic() + START_SECONDS
    with httpx.Client(timeout=5) as client:
        while missing:
            for name, address in list(missing.items()):
                if children[name].poll() is not None or time.monotonic() > deadline:
                    log = (logs / f"{name}.log").read_text(errors="replace")[-4_000:]
                    raise RuntimeError(f"{name} did not start:\n{log}")
                try:
                    answer = client.get(address)
                except httpx.TransportError:
                    continue
                if answer.is_success:
                    del missing[name]
            time.sleep(0.2)


def end(children: Iterable[subprocess.Popen[bytes]]) -> None:
    """End the processes that this session started, and wait for them."""
    running = [child for child in children if child.poll() is None]
    for child in running:
        os.killpg(child.pid, signal.SIGTERM)
    for child in running:
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
