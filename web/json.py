"""JSON answers that are written as they are, without a second look by a model."""

from typing import Any

import orjson
from fastapi import Response


def json_response(
    data: Any, *, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """The data as JSON; an answer about a shopper is not to be kept by anybody between."""
    return Response(
        orjson.dumps(data),
        status_code=status,
        media_type="application/json",
        headers={"Cache-Control": "private, no-store", **(headers or {})},
    )
