"""Product pictures as SVG, drawn by our own code from the product's kind, colour and id.

A kind has a drawing of its own (tent, mug, lamp …); background and small details follow from the
seed, so products of one kind still look different, and a product always looks the same. A product
of another catalogue has no kind: its name may tell one, else it gets its initials on a pattern.
"""

from typing import Annotated
from zlib import crc32

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from db.engine import read_session
from db.reads.catalogue import ProductFacts, product_facts
from web.pictures import bags, camping, clothing, cycling, garden, kitchen, play, study
from web.pictures.emblem import emblem, initials_of
from web.pictures.pen import COLOURS, Drawing, Pen
from web.pictures.recognise import colour_of, kind_of
from web.problems import Problem

__all__ = ["DRAWINGS", "picture", "product_picture", "router"]

DRAWINGS: dict[str, Drawing] = {
    **bags.DRAWINGS,
    **camping.DRAWINGS,
    **clothing.DRAWINGS,
    **cycling.DRAWINGS,
    **garden.DRAWINGS,
    **kitchen.DRAWINGS,
    **play.DRAWINGS,
    **study.DRAWINGS,
}
BACKGROUNDS = (
    ("#e8efe9", "#d3e0d6"),
    ("#f3ebdd", "#e8d9c0"),
    ("#e6edf3", "#d0deea"),
    ("#f5e6e0", "#ebd2c7"),
    ("#ece8f2", "#dbd4e7"),
    ("#f4f0e3", "#e6dfc5"),
    ("#e3eeee", "#cbe0df"),
)
PLEASANT = ("teal", "rust", "navy", "moss", "mustard", "burgundy", "sky blue", "cream", "lilac")
MAX_AGE = 86_400

router = APIRouter(tags=["pictures"])


def picture(kind: str, colour: str, *, seed: str, initials: str = "") -> str:
    """An SVG of 400 × 400; an unknown kind gives an emblem with the initials."""
    drawing = DRAWINGS.get(kind)
    pen = Pen(colour, seed)
    if drawing is not None:
        _background(pen)
        drawing(pen)
    else:
        emblem(pen, initials, coloured=colour.lower() in COLOURS)
    body = "".join(pen.parts)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400">{body}</svg>'


def product_picture(facts: ProductFacts, *, colour: str | None = None) -> str:
    """The picture of a product in one of its colours, the first unless told otherwise."""
    colours = [variant.colour for variant in facts.variants if variant.colour]
    shown = colour if colour in colours else (colours[0] if colours else colour_of(facts.title))
    kind = facts.facts.get("kind")
    if kind is None:
        names = (facts.title, facts.category_title or "")
        kind = kind_of(names, kinds=DRAWINGS) or ""
        shown = shown or (_some_colour(facts.product_id) if kind else "")
    return picture(str(kind), shown or "", seed=facts.product_id, initials=initials_of(facts.title))


@router.get("/pictures/{product_id:path}.svg", response_class=Response)
def get_picture(
    request: Request,
    product_id: Annotated[str, Path(max_length=64)],
    colour: Annotated[str | None, Query(max_length=60)] = None,
) -> Response:
    """The drawing of a product, in the colour asked for where the product comes in it."""
    state = request.app.state
    with read_session(state.sessions) as session:
        found = product_facts(session, [product_id], now=state.clock.now())
    if product_id not in found:
        raise Problem(404, "There is no product with this id, so there is no picture of it.")
    return Response(
        product_picture(found[product_id], colour=colour),
        media_type="image/svg+xml",
        headers={
            "Cache-Control": f"public, max-age={MAX_AGE}",
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
            "Cross-Origin-Resource-Policy": "cross-origin",
        },
    )


def _background(p: Pen) -> None:
    """A quiet wall with one big shape behind the product."""
    wall, shape = p.pick(BACKGROUNDS)
    p.rect(0, 0, 400, 400, wall)
    x, y, size = p.between(150, 250), p.between(150, 220), p.between(120, 165)
    way = p.pick(("sun", "arch", "hills", "blob", "sill"))
    if way == "sun":
        p.circle(x, y, size, shape)
    elif way == "arch":
        p.path(
            f"M{x - size} 340L{x - size} {y}Q{x} {y - size * 1.3} {x + size} {y}L{x + size} 340Z",
            shape,
        )
    elif way == "hills":
        p.path(
            f"M0 {y + 90}Q{x - 60} {y} {x + 40} {y + 80}T400 {y + 50}V340H0Z",
            shape,
        )
    elif way == "blob":
        p.path(
            f"M{x - size} {y}Q{x - size * 0.8} {y - size} {x} {y - size * 0.8}"
            f"T{x + size} {y}T{x} {y + size * 0.8}T{x - size} {y}Z",
            shape,
        )
    else:
        p.rect(0, 250 + p.between(-12, 12), 400, 84, shape)
    p.rect(0, 334, 400, 66, shape, opacity=0.75)


def _some_colour(seed: str) -> str:
    """A colour for what comes in none, so that a shelf of mugs is not all grey."""
    return PLEASANT[crc32(seed.encode()) % len(PLEASANT)]
