"""Colours and strokes for the product drawings, on a canvas of 400 × 400."""

import random
import re
from collections.abc import Callable, Sequence
from colorsys import hls_to_rgb, rgb_to_hls

type Drawing = Callable[["Pen"], None]
type Point = tuple[float, float]

FLOOR = 332
COLOURS = {
    "black": "#33363d",
    "white": "#f4f3ee",
    "grey": "#9aa0a6",
    "charcoal": "#4b5058",
    "navy": "#2c4770",
    "blue": "#3f6fae",
    "sky blue": "#7fb8dd",
    "teal": "#2f8f8b",
    "green": "#4f9a56",
    "forest green": "#2f6b47",
    "moss": "#7d8b4e",
    "olive": "#6b6b3c",
    "red": "#c94a42",
    "burgundy": "#7f2f40",
    "rust": "#b45a35",
    "orange": "#e08a3c",
    "amber": "#d9a441",
    "yellow": "#ecc74f",
    "mustard": "#c99a34",
    "pink": "#e39ab0",
    "purple": "#7d5a9e",
    "lilac": "#b7a1d3",
    "brown": "#7a5540",
    "tan": "#b98d62",
    "sand": "#d9c3a0",
    "cream": "#efe4cc",
    "natural": "#d3a872",
    "steel": "#b4bcc4",
    "copper": "#bf7d52",
    "clear": "#cfe3ea",
    "multicolour": "#d9795d",
    "beige": "#dccbb0",
    "gold": "#cfae5a",
    "silver": "#bfc5cb",
}
MANY = ("#d9795d", "#ecc74f", "#5fa08a", "#5a86b8", "#b7a1d3", "#e39ab0")
UNKNOWN = "#7a93a8"
_LONG = re.compile(r"-?\d+\.\d{2,}")


def shift(colour: str, lightness: float) -> str:
    """The colour made lighter (above 0) or darker (below 0) by a share of what is left."""
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    hue, light, saturation = rgb_to_hls(red, green, blue)
    light += (1 - light) * lightness if lightness > 0 else light * lightness
    rgb = hls_to_rgb(hue, light, saturation)
    return "#" + "".join(f"{round(part * 255):02x}" for part in rgb)


class Pen:
    """Collects shapes; small differences between pictures come from the seed alone."""

    def __init__(self, colour: str, seed: str) -> None:
        self._random = random.Random(seed)  # noqa: S311 a drawing, not a secret
        self.base = COLOURS.get(colour.lower(), UNKNOWN)
        self.dark = shift(self.base, -0.28)
        self.deep = shift(self.base, -0.5)
        self.light = shift(self.base, 0.35)
        self.pale = shift(self.base, 0.65)
        self.many = colour.lower() == "multicolour"
        self.accent = self.pick(
            [
                one
                for one in ("#e9c46a", "#e07a5f", "#f4f1de", "#81b29a", "#3d5a80")
                if one != self.base
            ]
        )
        self.parts: list[str] = []

    def pick[T](self, options: Sequence[T]) -> T:
        """One of the options."""
        return self._random.choice(options)

    def between(self, low: float, high: float) -> float:
        """A number between the two."""
        return self._random.uniform(low, high)

    def part(self, number: int) -> str:
        """The colour of the n-th part of a many-coloured thing; the base where it is of one."""
        return (
            MANY[number % len(MANY)]
            if self.many
            else (self.base, self.light, self.dark)[number % 3]
        )

    def path(
        self,
        d: str,
        fill: str = "none",
        *,
        line: str | None = None,
        width: float = 0,
        opacity: float = 1,
    ) -> None:
        """A path; its numbers are rounded."""
        d = _LONG.sub(lambda number: _n(float(number[0])), d)
        self.parts.append(f'<path d="{d}"{_look(fill, line, width, opacity)}/>')

    def poly(
        self, points: Sequence[Point], fill: str, *, soft: float = 0, opacity: float = 1
    ) -> None:
        """A polygon; `soft` rounds its corners."""
        d = "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in points) + "Z"
        self.path(d, fill, line=fill if soft else None, width=soft, opacity=opacity)

    def line(self, points: Sequence[Point], colour: str, width: float) -> None:
        """An open line with round ends."""
        d = "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in points)
        self.path(d, line=colour, width=width)

    def rect(
        self, x: float, y: float, w: float, h: float, fill: str, *, r: float = 0, opacity: float = 1
    ) -> None:
        """A rectangle with corners of radius r."""
        size = f'x="{_n(x)}" y="{_n(y)}" width="{_n(w)}" height="{_n(h)}"'
        round_ = f' rx="{_n(r)}"' if r else ""
        self.parts.append(f"<rect {size}{round_}{_look(fill, None, 0, opacity)}/>")

    def circle(
        self, x: float, y: float, r: float, fill: str, *, line: str | None = None, width: float = 0,
        opacity: float = 1,
    ) -> None:  # fmt: skip
        """A circle."""
        self.ellipse(x, y, r, r, fill, line=line, width=width, opacity=opacity)

    def ellipse(
        self, x: float, y: float, rx: float, ry: float, fill: str, *, line: str | None = None,
        width: float = 0, opacity: float = 1,
    ) -> None:  # fmt: skip
        """An ellipse."""
        size = f'cx="{_n(x)}" cy="{_n(y)}" rx="{_n(rx)}" ry="{_n(ry)}"'
        self.parts.append(f"<ellipse {size}{_look(fill, line, width, opacity)}/>")

    def turned(self, profile: Sequence[Point], fill: str | None = None, *, x: float = 200) -> None:
        """Something round, as (y, half width) from top to bottom, lit from the left."""
        colour = fill or self.base
        right = [(x + half, y) for y, half in profile]
        left = [(x - half, y) for y, half in reversed(profile)]
        self.poly([*right, *left], colour, soft=5)
        shade = [(x + half * 0.5, y) for y, half in reversed(profile)]
        self.poly([*right, *shade], "#000000", opacity=0.1)
        shine = [(x - half * 0.75, y) for y, half in profile]
        edge = [(x - half * 0.5, y) for y, half in reversed(profile)]
        self.poly([*shine, *edge], "#ffffff", opacity=0.22)

    def box(self, x: float, y: float, w: float, h: float, fill: str, *, depth: float = 34) -> None:
        """A box seen a little from above and the right; (x, y) is its front's upper left corner."""
        up = depth * 0.55
        self.poly(
            [(x, y), (x + depth, y - up), (x + w + depth, y - up), (x + w, y)], shift(fill, 0.3)
        )
        side = [(x + w, y), (x + w + depth, y - up), (x + w + depth, y + h - up), (x + w, y + h)]
        self.poly(side, shift(fill, -0.25))
        self.rect(x, y, w, h, fill)

    def shadow(self, x: float = 200, half: float = 110, y: float = FLOOR) -> None:
        """The shadow on the floor."""
        self.ellipse(x, y, half, half * 0.11, "#000000", opacity=0.13)


def _n(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")


def _look(fill: str, line: str | None, width: float, opacity: float) -> str:
    look = f' fill="{fill}"'
    if line:
        look += f' stroke="{line}" stroke-width="{_n(width)}" stroke-linecap="round"'
        look += ' stroke-linejoin="round"'
    return look if opacity == 1 else f'{look} opacity="{opacity:g}"'
