"""A mail's HTML for a frame of its own, which runs no script; its links open beside it."""

from fastapi.responses import HTMLResponse

_POLICY = "; ".join(
    (
        "sandbox allow-popups allow-popups-to-escape-sandbox",
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src 'self' data:",
        "frame-ancestors 'self'",
    )
)
_OPEN_BESIDE = '<base target="_blank">'


def framed(html: str) -> HTMLResponse:
    """The answer that the frame draws."""
    return HTMLResponse(
        html.replace("<head>", f"<head>{_OPEN_BESIDE}", 1),
        headers={"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"},
    )
