"""`launch.py validate` holds the domain, the rules and the phrasings together."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / "bot/.venv/bin/python"

pytestmark = [pytest.mark.service, pytest.mark.slow]


def validate(root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(PYTHON), str(root / "bot/launch.py"), "validate"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of everything that the bot is made of, to plant faults in."""
    if not PYTHON.exists():
        pytest.skip("the bot's environment is missing: run `make install`")
    shutil.copytree(ROOT / "bot", tmp_path / "bot", ignore=shutil.ignore_patterns(".venv", "tests"))
    for name in ("nlu", "rules", "stories"):
        shutil.copytree(ROOT / "data" / name, tmp_path / "data" / name)
    return tmp_path


def test_the_training_data_is_valid(project: Path) -> None:
    done = validate(project)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_intent_that_nobody_phrased_and_a_phrasing_with_two_intents_fail(
    project: Path,
) -> None:
    rules, phrasings = project / "data/rules/cart.yml", project / "data/nlu/cart.yml"
    rules.write_text(rules.read_text().replace("intent: view_cart", "intent: veiw_cart", 1))
    phrasings.write_text(
        phrasings.read_text() + "\n  - intent: greet\n    examples: |\n      - empty my cart\n"
    )
    done = validate(project)
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "veiw_cart" in said
    assert "empty my cart" in said
