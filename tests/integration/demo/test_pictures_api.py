"""GET /pictures/{product}.svg."""

import pytest
from fastapi.testclient import TestClient

pytestmark = pytest.mark.usefixtures("small_shop")


def test_a_product_has_a_picture_that_browsers_may_keep(client: TestClient) -> None:
    answer = client.get("/pictures/tent.svg")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/svg+xml"
    assert "max-age=86400" in answer.headers["cache-control"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.text.startswith("<svg ")


def test_the_picture_comes_in_the_colours_of_the_product(client: TestClient) -> None:
    plain = client.get("/pictures/tent.svg").text
    assert client.get("/pictures/tent.svg?colour=blue").text != plain
    assert client.get("/pictures/tent.svg?colour=green").text == plain


@pytest.mark.parametrize("colour", ["purple", '"><script>alert(1)</script>'])
def test_a_colour_the_product_does_not_come_in_changes_nothing(
    client: TestClient, colour: str
) -> None:
    plain = client.get("/pictures/tent.svg").text
    assert client.get("/pictures/tent.svg", params={"colour": colour}).text == plain


def test_an_unknown_product_has_no_picture(client: TestClient) -> None:
    answer = client.get("/pictures/no-such-thing.svg")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
