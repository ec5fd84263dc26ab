"""A picture for what we cannot draw: the product's initials on a patterned ground.

Ground, pattern and badge follow from the product's id, so that a shelf of such products is a varied
one, and a product always looks the same.
"""

from math import cos, pi, sin
from xml.sax.saxutils import escape

from web.pictures.pen import Pen, Point, shift

# Ground and ink, dark enough on the pale badge to be read.
_SCHEMES = (
    ("#dfe8df", "#37624a"),
    ("#f0e4d2", "#8a5a2b"),
    ("#dde7ef", "#35597a"),
    ("#f3ddd5", "#9a4a38"),
    ("#e6e0ee", "#5d4a80"),
    ("#efe9cf", "#6f6524"),
    ("#d8eae8", "#22645f"),
    ("#f1dde4", "#8c3f5c"),
    ("#e2e2da", "#4b5048"),
)
_SIZE = 400
_MIDDLE = 200


def emblem(p: Pen, initials: str, *, coloured: bool) -> None:
    """Draw it; in the pen's colour where the product has one that is `coloured`."""
    ground, ink = p.pick(_SCHEMES)
    if coloured:
        ground, ink = shift(p.base, 0.72), shift(p.base, -0.45)
    p.rect(0, 0, _SIZE, _SIZE, ground)
    p.pick((_dots, _stripes, _scallops, _triangles, _waves, _rings, _checks, _leaves))(
        p, shift(ground, -0.1)
    )
    p.pick((_disc, _arch, _rosette, _tag, _diamond))(p, "#fdfbf6", ink)
    p.parts.append(
        f'<text x="200" y="228" font-family="Georgia, \'Times New Roman\', serif" '
        f'font-size="{_letter_size(initials)}" text-anchor="middle" letter-spacing="2" '
        f'fill="{ink}">{escape(initials)}</text>'
    )


def _letter_size(initials: str) -> int:
    """Wide letters are drawn smaller, so that two of them fit into every badge."""
    return 92 if len(initials) < 2 else 62 if set(initials) & set("MW") else 74


def initials_of(title: str) -> str:
    """The first letters of the first two words that have one."""
    letters = [word[0] for word in title.split() if word[0].isalpha()]
    return "".join(letters[:2]).upper()


def _dots(p: Pen, ink: str) -> None:
    step, radius = p.pick((40, 50)), p.between(6, 11)
    for row in range(_SIZE // step + 2):
        for column in range(_SIZE // step + 2):
            p.circle(column * step + (row % 2) * step / 2, row * step, radius, ink)


def _stripes(p: Pen, ink: str) -> None:
    step, width, lean = p.pick((40, 50)), p.between(8, 18), p.pick((-400, 0, 400))
    for x in range(-_SIZE, 2 * _SIZE, step):
        p.line([(x, 0), (x + lean, _SIZE)], ink, width)


def _scallops(p: Pen, ink: str) -> None:
    radius = p.pick((40, 50))
    for row in range(_SIZE // radius + 2):
        for column in range(_SIZE // (2 * radius) + 2):
            x = column * 2 * radius + (row % 2) * radius
            for part in (1.0, 0.66, 0.33):
                p.circle(x, row * radius, radius * part, "none", line=ink, width=4)


def _triangles(p: Pen, ink: str) -> None:
    step = p.pick((50, 80))
    for row in range(_SIZE // step + 1):
        for column in range(-1, _SIZE // step + 1):
            x, y = column * step + (row % 2) * step / 2, row * step
            p.poly([(x, y + step), (x + step / 2, y + step * 0.25), (x + step, y + step)], ink)


def _waves(p: Pen, ink: str) -> None:
    step, height = p.pick((34, 46)), p.between(10, 18)
    for y in range(0, _SIZE + step, step):
        waves = "".join(f"t100 {height * (-1) ** n}" for n in range(5))
        p.path(f"M-100 {y}q50 {-2 * height} 100 0{waves}", line=ink, width=7)


def _rings(p: Pen, ink: str) -> None:
    x, y = p.pick(((0, 0), (_SIZE, 0), (0, _SIZE), (_SIZE, _SIZE)))
    for radius in range(40, 600, 44):
        p.circle(x, y, radius, "none", line=ink, width=14)


def _checks(p: Pen, ink: str) -> None:
    step = p.pick((40, 50))
    for at in range(0, _SIZE, 2 * step):
        p.rect(at, 0, step, _SIZE, ink, opacity=0.55)
        p.rect(0, at, _SIZE, step, ink, opacity=0.55)


def _leaves(p: Pen, ink: str) -> None:
    step = p.pick((66, 80))
    for row in range(_SIZE // step + 2):
        for column in range(_SIZE // step + 2):
            x, y = column * step + (row % 2) * step / 2, row * step
            half = step * 0.38
            p.path(
                f"M{x - half} {y + half}Q{x - half} {y - half} {x + half} {y - half}"
                f"Q{x + half} {y + half} {x - half} {y + half}Z",
                ink,
            )


def _disc(p: Pen, fill: str, ink: str) -> None:
    p.circle(_MIDDLE, _MIDDLE, 108, fill)
    p.circle(_MIDDLE, _MIDDLE, 96, "none", line=ink, width=3)


def _arch(p: Pen, fill: str, ink: str) -> None:
    for inset, paint, line in ((0, fill, None), (12, "none", ink)):
        left, right, floor = 100 + inset, 300 - inset, 306 - inset
        p.path(
            f"M{left} {floor}V180A{100 - inset} {100 - inset} 0 0 1 {right} 180V{floor}Z",
            paint,
            line=line,
            width=3,
        )


def _rosette(p: Pen, fill: str, ink: str) -> None:
    petals = p.pick((10, 12, 16))
    for n in range(petals):
        angle = 2 * pi * n / petals
        p.circle(_MIDDLE + 88 * cos(angle), _MIDDLE + 88 * sin(angle), 30, fill)
    p.circle(_MIDDLE, _MIDDLE, 94, fill)
    p.circle(_MIDDLE, _MIDDLE, 88, "none", line=ink, width=3)


def _tag(p: Pen, fill: str, ink: str) -> None:
    outline: list[Point] = [(90, 160), (160, 96), (240, 96), (310, 160), (310, 304), (90, 304)]
    p.poly(outline, fill, soft=10)
    p.circle(_MIDDLE, 124, 12, "none", line=ink, width=5)


def _diamond(p: Pen, fill: str, ink: str) -> None:
    p.poly([(200, 60), (340, 200), (200, 340), (60, 200)], fill, soft=16)
    inner = "M200 82L318 200L200 318L82 200Z"
    p.path(inner, line=ink, width=3)
