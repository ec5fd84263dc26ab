"""Trains and runs the bot: `python bot/launch.py train | run | validate`.

Rasa is started from here rather than by its own command, because its libraries reset the warning
filters at import and because its settings come from the project's environment variables.
"""

import argparse
import hashlib
import hmac
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import placeholder

BOT = Path(__file__).resolve().parent
ROOT = BOT.parent
DATA = [ROOT / "data" / name for name in ("nlu", "rules", "stories")]
# What a model is made of: when none of it changed, training is skipped.
SOURCES = [BOT / "config.yml", BOT / "domain", BOT / "nlu", BOT / "uv.lock", *DATA]
DEMO_SECRET = "demo-secret-for-a-shop-on-this-machine-only"  # noqa: S105 refused outside demo mode
MODEL = "assistant"


def main(arguments: list[str] | None = None) -> int:
    """Run one of the commands; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, prog="launch.py")
    commands = parser.add_subparsers(dest="command", required=True)
    train_command = commands.add_parser("train", help="train the model where its sources changed")
    train_command.add_argument("--force", action="store_true", help="train in any case")
    commands.add_parser("run", help="serve the chat")
    commands.add_parser("validate", help="check domain, rules and phrasings; warnings are errors")
    options = parser.parse_args(arguments)
    _prepare_environment()
    if options.command == "train":
        return train(force=options.force)
    if options.command == "run":
        return run()
    return validate()


def models_folder() -> Path:
    """Where trained models are kept."""
    return Path(os.environ.get("CARTWRIGHT_BOT_MODELS", str(ROOT / "var/bot-models")))


def fingerprint() -> str:
    """Changes when anything that a model is made of does."""
    digest = hashlib.sha256()
    for path in _source_files():
        digest.update(path.relative_to(ROOT).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def train(*, force: bool = False) -> int:
    """Train the model unless one of the same sources stands already."""
    folder = models_folder()
    mark, wanted = folder / f"{MODEL}.sources", fingerprint()
    model = folder / f"{MODEL}.tar.gz"
    if not force and model.exists() and mark.exists() and mark.read_text() == wanted:
        print("The bot's model is up to date.")  # noqa: T201 this is a command
        return 0
    folder.mkdir(parents=True, exist_ok=True)
    mark.unlink(missing_ok=True)
    code = _rasa(
        "train",
        *("--config", str(BOT / "config.yml"), "--domain", str(BOT / "domain")),
        *("--data", *map(str, DATA)),
        *("--out", str(folder), "--fixed-model-name", MODEL),
    )
    if code == 0 and model.exists():
        mark.write_text(wanted)
        return 0
    return code or 1


def validate() -> int:
    """Check the domain against rules and phrasings."""
    return _rasa(
        "data",
        "validate",
        *("--config", str(BOT / "config.yml"), "--domain", str(BOT / "domain")),
        *("--data", *map(str, DATA), "--fail-on-warnings"),
    )


def run() -> int:
    """Serve the chat socket and the guarded HTTP API until told to stop."""
    model = models_folder() / f"{MODEL}.tar.gz"
    if not model.exists():
        sys.stderr.write(f"No bot model in {model.parent}: run `python bot/launch.py train`.\n")
        return 1
    return _rasa(
        "run",
        *("--model", str(model), "--endpoints", str(endpoints_file())),
        *("--credentials", str(BOT / "credentials.yml")),
        *("--interface", os.environ.get("CARTWRIGHT_BOT_HOST", "127.0.0.1")),
        *("--port", os.environ.get("CARTWRIGHT_BOT_PORT", "5005")),
        *("--enable-api", "--auth-token", api_token(secret())),
    )


def secret() -> str:
    """The secret that identity tokens are signed with, as the root project's settings check it."""
    given = os.environ.get("CARTWRIGHT_SECRET", DEMO_SECRET)
    if len(given) < 32:
        raise SystemExit("CARTWRIGHT_SECRET must have at least 32 characters")
    demo = os.environ.get("CARTWRIGHT_DEMO", "true").strip().lower() in ("1", "true", "yes", "on")
    if given == DEMO_SECRET and not demo:
        raise SystemExit(
            "CARTWRIGHT_SECRET is the demo secret: set one of your own, "
            "or CARTWRIGHT_DEMO=true for the demo shop"
        )
    return given


def api_token(key: str) -> str:
    """The password of Rasa's HTTP API, derived from the secret so that both sides know it."""
    return hmac.new(key.encode(), b"rasa-http-api", hashlib.sha256).hexdigest()


def conversations_url() -> str:
    """Where conversations are kept: beside the shop's database, in their own schema or file."""
    url = os.environ.get("DATABASE_URL", "sqlite:///var/cartwright.db")
    if not url.startswith("sqlite"):
        return url
    path = Path(urlsplit(url).path[1:] or "var/cartwright.db")
    return f"sqlite:///{(ROOT / path).parent / 'conversations.db'}"


def endpoints_file() -> Path:
    """The endpoints, with the shared lock store added where Redis is set."""
    redis = os.environ.get("REDIS_URL")
    if not redis:
        return ROOT / "endpoints.yml"
    parts = urlsplit(redis)
    lock = [
        "",
        "lock_store:",
        "  type: redis",
        f"  url: {parts.hostname or 'localhost'}",
        f"  port: {parts.port or 6379}",
        f"  db: {parts.path.strip('/') or 0}",
        "  key_prefix: cartwright",
    ]
    if parts.password:
        lock.append("  password: ${CARTWRIGHT_REDIS_PASSWORD}")
        os.environ["CARTWRIGHT_REDIS_PASSWORD"] = parts.password
    written = models_folder() / "endpoints.yml"
    written.write_text((ROOT / "endpoints.yml").read_text() + "\n".join(lock) + "\n")
    return written


def _source_files() -> Iterator[Path]:
    for source in SOURCES:
        if source.is_file():
            yield source
        else:
            files = (path for path in source.rglob("*") if path.suffix in (".yml", ".py"))
            yield from sorted(files)


def _prepare_environment() -> None:
    os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Serving is one thread of Python; idle BLAS threads only cost memory.
    os.environ.setdefault("OMP_NUM_THREADS", "2")
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    os.environ["CARTWRIGHT_SECRET"] = secret()
    port = os.environ.get("CARTWRIGHT_ACTIONS_PORT", "5055")
    os.environ.setdefault("CARTWRIGHT_ACTIONS_URL", f"http://127.0.0.1:{port}/webhook")
    os.environ.setdefault("CARTWRIGHT_CONVERSATIONS_URL", conversations_url())
    level = os.environ.get("CARTWRIGHT_LOG_LEVEL", "INFO").upper()
    os.environ.setdefault("LOG_LEVEL", level)
    os.chdir(ROOT)
    sys.path.insert(0, str(BOT))


def _rasa(*arguments: str) -> int:
    placeholder.stand_in()
    # sanic switches all warnings on at import: import it first, then switch them off.
    import sanic.app  # noqa: F401

    warnings.filterwarnings("ignore", category=DeprecationWarning)
    warnings.filterwarnings("ignore", category=FutureWarning)
    import rasa.__main__

    warnings.filterwarnings("ignore", category=DeprecationWarning)
    # Texts with values are uttered by the action server, which no rule mentions.
    warnings.filterwarnings("ignore", message="The utterance '.*' is not used in any story or rule")
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    sys.argv = ["rasa", *arguments]
    try:
        rasa.__main__.main()
    except SystemExit as ending:
        if ending.code is None:
            return 0
        return ending.code if isinstance(ending.code, int) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
