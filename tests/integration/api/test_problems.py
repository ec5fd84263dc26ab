"""Every error is a problem document, and none tells how we are built inside."""

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError
from structlog.testing import CapturingLogger

from core.settings import Settings
from web import problems


def problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body.keys() == {"type", "title", "status", "detail", "errors"}
    assert body["status"] == status
    return body


def test_an_unknown_address_is_a_problem(client: TestClient) -> None:
    problem(client.get("/no-such-thing", headers={"Accept": "application/json"}), 404)


def test_a_wrong_method_is_a_problem_that_names_the_right_one(client: TestClient) -> None:
    answer = client.put("/events")
    problem(answer, 405)
    assert answer.headers["allow"] == "POST"


def test_an_unexpected_error_tells_nothing_of_its_cause(app: FastAPI, client: TestClient) -> None:
    def broken() -> None:
        raise RuntimeError("the secret cause")

    app.router.add_api_route("/broken", broken)
    app.router.routes.insert(0, app.router.routes.pop())
    answer = client.get("/broken")
    problem(answer, 500)
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


def test_a_database_that_does_not_answer_is_a_503_that_says_to_try_again(
    app: FastAPI, client: TestClient
) -> None:
    def unreachable() -> None:
        raise OperationalError("SELECT secret", {}, Exception("connection refused"))

    app.router.add_api_route("/unreachable", unreachable)
    app.router.routes.insert(0, app.router.routes.pop())
    answer = client.get("/unreachable")
    problem(answer, 503)
    assert answer.headers["retry-after"] == "5"
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    "error", [RuntimeError("a cause"), OperationalError("SELECT 1", {}, Exception("refused"))]
)
def test_the_log_names_the_route_and_not_the_token_in_its_address(
    app: FastAPI, client: TestClient, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    logger = CapturingLogger()
    monkeypatch.setattr(problems, "log", logger)

    def broken(token: str) -> None:
        raise error

    app.router.add_api_route("/broken/{token}", broken)
    app.router.routes.insert(0, app.router.routes.pop())
    assert client.get("/broken/a-secret-token").status_code in (500, 503)
    ((_, _, logged),) = logger.calls
    assert logged["route"] == "/broken/{token}"
    assert "a-secret-token" not in str(logged)


def test_every_answer_carries_the_security_headers(client: TestClient) -> None:
    for path in ("/health", "/no-such-thing", "/static/track.js"):
        headers = client.get(path, headers={"Accept": "application/json"}).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "content-security-policy" in headers


def test_an_answer_of_the_api_may_show_and_run_nothing(client: TestClient) -> None:
    policy = client.get("/health").headers["content-security-policy"]
    assert policy == "default-src 'none'; frame-ancestors 'none'"


def test_an_allowed_origin_may_call_the_api_with_a_token(
    client: TestClient, settings: Settings
) -> None:
    answer = client.options(
        "/events",
        headers={
            "Origin": settings.allowed_origins[0],
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        },
    )
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == settings.allowed_origins[0]


def test_another_origin_may_not(client: TestClient) -> None:
    answer = client.get("/health", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py"]
)
def test_static_files_end_at_their_folder(client: TestClient, path: str) -> None:
    assert client.get(path, headers={"Accept": "application/json"}).status_code == 404


def test_openapi_tells_the_problems_of_each_operation(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    responses = paths["/events"]["post"]["responses"]
    for status in ("400", "401", "413", "422"):
        assert "application/problem+json" in responses[status]["content"]


def test_health_tells_each_parts_state(client: TestClient) -> None:
    body = client.get("/health").json()
    assert {"database", "recommender", "widget"} <= body["parts"].keys()
    assert body["parts"]["database"]["state"] == "ok"
    assert body["state"] in {"ok", "degraded"}
