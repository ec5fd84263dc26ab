"""Thousands of generated requests, fitting the OpenAPI document and breaking it.

None may end in a 500 or tell how we are built; every refusal is a problem document. On SQLite, for
speed: what only PostgreSQL refuses is tested with POST /events.
"""

import os
from pathlib import Path
from shutil import copyfile

import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as examples
from requests import Request
from schemathesis import Case, GenerationMode

from core.clock import SimulatedClock
from core.identity import Identity
from core.settings import Settings
from web.identity import sign

EXAMPLES = int(os.environ.get("CARTWRIGHT_HOSTILE_EXAMPLES", "60"))
"""Requests for each operation, fitting and breaking; 200 make over 5,000 in all."""


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    copyfile(sqlite_template, tmp_path / "test.db")
    return f"sqlite:///{tmp_path}/test.db"


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_no_generated_request_breaks_the_api(
    small_shop: None,
    app: FastAPI,
    client: TestClient,
    identity: Identity,
    settings: Settings,
    clock: SimulatedClock,
    mode: GenerationMode,
) -> None:
    token = sign(identity, settings=settings, now=clock.now())
    document = client.get("/openapi.json").json()
    operations = [one.ok() for one in schemathesis.openapi.from_dict(document).get_all_operations()]
    assert {"POST /events", "GET /recommendations"} <= {one.label for one in operations}

    for operation in operations:
        takes_nothing = not operation.body.items and not list(operation.iter_parameters())
        if takes_nothing and mode is GenerationMode.NEGATIVE:
            continue

        @examples(
            max_examples=EXAMPLES,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def send(case: Case) -> None:
            prepared = Request(**case.as_transport_kwargs(base_url="http://testserver")).prepare()
            headers = {
                name: value
                for name, value in prepared.headers.items()
                if name.lower() in {"content-type", "accept"}
            }
            answer = client.request(
                case.method,
                prepared.url or "/",
                content=prepared.body or b"",
                headers={**headers, "Authorization": f"Bearer {token}"},
            )
            assert answer.status_code < 500, answer.text
            assert "Traceback" not in answer.text
            if answer.status_code >= 400 and "/pictures/" not in prepared.path_url:
                assert answer.headers["content-type"] == "application/problem+json"
                assert answer.json()["status"] == answer.status_code

        send()
