"""Drawings of garden things."""

from math import cos, pi, sin

from web.pictures.pen import Drawing, Pen

STEEL = "#b4bcc4"
WOOD = "#c99b66"
DARK = "#3b3f46"


def watering_can(p: Pen) -> None:
    """A watering can."""
    p.shadow(half=130)
    tip = p.between(124, 150)
    p.line([(146, 270), (66, tip)], p.dark, 17)
    p.poly([(40, tip + 6), (84, tip - 26), (94, tip - 10), (52, tip + 24)], p.deep)
    p.path("M250 196Q356 160 336 252Q326 290 280 300", line=p.dark, width=13)
    p.turned([(188, 66), (316, 78), (328, 70)], x=214)
    p.path("M156 188Q190 104 262 186", line=p.dark, width=12)
    for number in range(4):
        p.circle(36 - number * 3 + p.between(-8, 8), tip + 40 + number * 26, 5, "#7fb8dd")


def hand_tool(p: Pen) -> None:
    """A trowel or a fork stuck in the ground."""
    p.shadow(half=90)
    p.rect(186, 76, 28, 96, WOOD, r=12)
    p.line([(200, 168), (200, 214)], STEEL, 11)
    if p.pick([True, False]):
        p.path("M164 206Q200 192 236 206Q240 280 200 326Q160 280 164 206Z", "#8e979f")
        p.path("M200 200Q240 196 236 206Q240 280 200 326Z", "#000000", opacity=0.12)
    else:
        for x in (168, 200, 232):
            p.line([(x, 220), (x, 316)], "#8e979f", 11)
        p.line([(168, 220), (232, 220)], "#8e979f", 13)
    p.circle(200, 90, 5, p.accent)


def spade(p: Pen) -> None:
    """A spade or a rake on a long handle."""
    p.shadow(half=90)
    p.line([(200, 60), (200, 250)], p.base, 14)
    p.line([(170, 60), (230, 60)], p.base, 14)
    p.path(f"M158 232L242 232Q246 300 200 {326 + p.between(-4, 4)}Q154 300 158 232Z", "#8e979f")
    p.rect(150, 226, 100, 11, DARK, r=4)


def rake(p: Pen) -> None:
    """A fan rake."""
    p.shadow(half=110)
    p.line([(200, 50), (200, 220)], WOOD, 13)
    for number in range(9):
        x = 92 + number * 27
        p.path(
            f"M200 214Q{200 + (x - 200) * 0.5} 250 {x} {310 + p.between(0, 10)}",
            line=p.base,
            width=7,
        )
    p.path("M152 256Q200 244 248 256", line=p.dark, width=7)


def planter(p: Pen) -> None:
    """A pot with a plant."""
    p.shadow(half=90)
    for _ in range(9):
        x, y = p.between(120, 280), p.between(76, 176)
        p.path(
            f"M200 232Q{(200 + x) / 2 - 14} {y + 60} {x} {y}"
            f"Q{(200 + x) / 2 + 22} {y + 70} 200 232Z",
            p.pick(["#5f8f52", "#78a766", "#4d7a47"]),
        )
    p.turned([(236, 76), (318, 58), (328, 54)])
    p.rect(114, 216, 172, 27, p.light, r=6)


def long_planter(p: Pen) -> None:
    """A box of plants."""
    p.shadow(half=150)
    for number in range(7):
        x = 84 + number * 38
        top = 156 + p.between(-26, 30)
        p.path(
            f"M{x} 248Q{x - 24} {top + 40} {x} {top}Q{x + 24} {top + 40} {x} 248Z",
            p.pick(["#5f8f52", "#78a766", "#4d7a47"]),
        )
        p.circle(x, top, 10, p.pick(["#c94a42", "#ecc74f", "#e39ab0", "#f4f3ee"]))
    p.box(54, 240, 262, 86, p.base, depth=28)
    for y in (268, 298):
        p.line([(58, y), (312, y)], p.dark, 4)


def seeds(p: Pen) -> None:
    """A seed packet with a flower."""
    p.shadow(half=90)
    p.rect(118, 84, 164, 242, "#f6efdc", r=8)
    p.rect(118, 84, 164, 46, p.base, r=8)
    p.line([(200, 300), (200, 216)], "#5f8f52", 8)
    p.path("M200 280Q160 270 152 244Q190 244 200 280Z", "#78a766")
    tone = p.part(p.pick(range(6)))
    petals = p.pick([5, 6, 8])

    for number in range(petals):
        angle = 2 * pi * number / petals
        p.circle(200 + 29 * cos(angle), 196 + 29 * sin(angle), 18, tone)
    p.circle(200, 196, 17, p.accent)


def hose(p: Pen) -> None:
    """A coiled hose."""
    p.shadow(half=120)
    for r in (110, 86, 62):
        p.circle(200, 216, r, "none", line=p.base, width=17)
        p.circle(200, 216, r - 3, "none", line=p.light, width=4)
    p.line([(304, 250), (342, p.between(296, 316))], p.base, 17)
    p.rect(326, 300, 40, 22, "#d9a441", r=6)


def bird_feeder(p: Pen) -> None:
    """A bird house or feeder with a bird."""
    p.shadow(half=80)
    p.line([(200, 30), (200, 92)], DARK, 4)
    p.rect(134, 168, 132, 150, p.base, r=6)
    p.poly([(200, 84), (296, 178), (104, 178)], p.dark, soft=6)
    p.circle(200, 222, p.between(21, 27), DARK)
    p.line([(200, 270), (200, 290)], WOOD, 9)
    p.ellipse(286, 296, 27, 20, "#5a86b8")
    p.circle(306, 278, 13, "#5a86b8")
    p.poly([(317, 276), (332, 280), (317, 284)], "#ecc74f")
    p.line([(262, 298), (240, 288)], "#3d5a80", 9)


def garden_chair(p: Pen) -> None:
    """A folding chair with a striped seat."""
    p.shadow(half=120)
    p.line([(118, 326), (256, 92)], WOOD, 11)
    p.line([(282, 326), (160, 176)], WOOD, 11)
    p.path(
        f"M250 104Q{190 + p.between(-8, 12)} 262 128 268Q110 262 118 250Q186 226 232 96Z",
        p.base,
    )
    p.path("M244 106Q190 250 124 262", line=p.pale, width=11)
    p.line([(126, 262), (300, 262)], WOOD, 9)


DRAWINGS: dict[str, Drawing] = {
    "watering can": watering_can,
    "hand tool": hand_tool,
    "spade": spade,
    "rake": rake,
    "planter": planter,
    "raised bed": long_planter,
    "seeds": seeds,
    "hose": hose,
    "bird feeder": bird_feeder,
    "nest box": bird_feeder,
    "garden chair": garden_chair,
}
