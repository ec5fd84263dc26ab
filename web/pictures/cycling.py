"""Drawings of bicycles' parts."""

from math import cos, radians, sin

from web.pictures.pen import Drawing, Pen

STEEL = "#b4bcc4"
WOOD = "#c99b66"
DARK = "#3b3f46"


def helmet(p: Pen) -> None:
    """A bicycle helmet."""
    p.shadow(half=120, y=318)
    p.path("M74 246Q70 110 200 100Q330 110 336 246Q200 270 74 246Z", p.base)
    count = p.pick([3, 4, 5])
    for number in range(count):
        x = 112 + number * 176 / (count - 1)
        p.path(
            f"M{x} 214Q{x + (200 - x) * 0.4} 140 {x + (200 - x) * 0.5} 130",
            line=p.deep,
            width=14,
        )
    p.path("M66 244Q200 274 344 244L346 262Q200 290 64 262Z", p.dark)
    p.path("M104 264Q140 316 198 318Q250 312 290 266", line=DARK, width=7)
    p.rect(188, 306, 26, 16, p.accent, r=4)


def bike_light(p: Pen) -> None:
    """A lamp with its beam."""
    p.shadow(half=90)
    p.poly(
        [(222, 156), (382, p.between(84, 104)), (382, p.between(276, 300)), (222, 232)],
        "#f6e7a6",
        opacity=0.6,
    )
    p.rect(96, 152, 116, 84, p.base, r=22)
    p.rect(200, 146, 30, 96, p.dark, r=12)
    p.ellipse(230, 194, 10, 40, "#fff6cf")
    p.rect(130, 236, 44, 62, DARK, r=10)
    p.rect(116, 290, 72, 34, DARK, r=14)
    p.circle(142, 176, 9, p.accent)


def bike_lock(p: Pen) -> None:
    """A shackle and a body with a keyhole."""
    p.shadow(half=90)
    w = p.between(56, 68)
    p.path(
        f"M{200 - w} 236L{200 - w} 160Q{200 - w} 84 200 84Q{200 + w} 84 {200 + w} 160"
        f"L{200 + w} 236",
        line=STEEL,
        width=21,
    )
    p.rect(200 - w - 22, 220, 2 * w + 44, 106, p.base, r=18)
    p.circle(200, 262, 13, DARK)
    p.rect(195, 262, 10, 32, DARK)
    p.rect(200 - w - 8, 300, 2 * w + 16, 9, p.accent, r=4)


def pump(p: Pen) -> None:
    """A floor pump."""
    p.shadow(half=110)
    p.line([(200, 120), (200, 90)], STEEL, 10)
    p.line([(142, 86), (258, 86)], WOOD, 19)
    p.rect(182, 116, 36, 196, p.base, r=8)
    p.rect(190, 120, 8, 186, p.light)
    p.rect(140, 310, 120, 16, DARK, r=6)
    p.circle(200, 288, 22, "#f4f3ee", line=DARK, width=5)
    p.line([(200, 288), (200 + p.between(-9, 9), 274)], "#c94a42", 4)
    p.path("M220 300Q296 290 280 190Q276 150 306 150", line=DARK, width=8)


def tool_kit(p: Pen) -> None:
    """A folding multi-tool."""
    p.shadow(half=100)
    for number, angle in enumerate((-58, -30, 0, 34)):
        reach = 96 + p.between(-10, 14)

        x, y = 200 + reach * sin(radians(angle)), 216 - reach * cos(radians(angle))
        p.line([(200, 216), (x, y)], STEEL, 15 - number * 2)
    p.rect(150, 196, 100, 130, p.base if p.base != STEEL else "#c94a42", r=18)
    p.circle(200, 222, 12, STEEL)
    p.rect(164, 262, 72, 10, p.accent, r=4)


def pannier(p: Pen) -> None:
    """A bag for the rack, rolled at the top."""
    p.shadow(half=110)
    p.poly([(108, 150), (292, 150), (276, 326), (124, 326)], p.base, soft=10)
    p.rect(100, 124, 200, 32, p.dark, r=12)
    for x in (146, 240):
        p.rect(x, 118, 13, 96, DARK, r=4)
    p.rect(158, p.between(236, 252), 84, 44, p.light, r=8)
    p.circle(200, 308, 10, p.accent)
    p.path("M128 124L128 98M272 124L272 98", line=STEEL, width=11)


def basket(p: Pen) -> None:
    """A woven basket."""
    p.shadow(half=120)
    p.path(
        f"M110 180Q120 {p.between(74, 96)} 200 84Q280 {p.between(74, 96)} 290 180",
        line=p.dark,
        width=11,
    )
    p.poly([(84, 180), (316, 180), (286, 326), (114, 326)], p.base, soft=6)
    for row in range(4):
        for column in range(6):
            x, y = 100 + column * 36 + (row % 2) * 12, 200 + row * 32
            p.rect(x, y, 22, 13, p.dark if (row + column) % 2 else p.light, r=5)
    p.rect(78, 170, 244, 18, p.dark, r=8)


def bell(p: Pen) -> None:
    """A bicycle bell."""
    p.shadow(half=90)
    p.path("M112 250Q112 136 200 132Q288 136 288 250Z", p.base)
    p.path("M250 250Q256 170 222 138Q288 150 288 250Z", "#000000", opacity=0.12)
    p.path("M136 226Q140 164 180 150", line=p.pale, width=9)
    p.rect(104, 248, 192, 18, p.dark, r=9)
    p.rect(182, 266, 36, 40, DARK)
    p.rect(130, 302, 140, 24, DARK, r=12)
    p.line([(288, 262), (322, p.between(226, 244))], DARK, 11)


def saddle(p: Pen) -> None:
    """A saddle on its post."""
    p.shadow(half=70)
    p.rect(186, 226, 28, 102, STEEL, r=5)
    p.line([(110, 222), (290, 222)], STEEL, 7)
    p.path(
        f"M70 150Q120 {128 + p.between(0, 12)} 330 176Q342 196 318 204Q170 196 128 222"
        "Q62 230 70 150Z",
        p.base,
    )
    p.path("M80 164Q130 148 300 184", line=p.light, width=5)
    for x in (96, 116):
        p.circle(x, 208, 5, p.accent)


def mudguard(p: Pen) -> None:
    """A wheel under a mudguard."""
    p.shadow(half=120)
    p.circle(200, 226, 96, "none", line=DARK, width=13)
    p.circle(200, 226, 12, STEEL)
    for x, y in ((0, -84), (60, -60), (84, 0), (60, 60), (0, 84), (-60, 60), (-84, 0), (-60, -60)):
        p.line([(200, 226), (200 + x, 226 + y)], STEEL, 2)
    p.path(f"M84 226Q84 {110 + p.between(-5, 5)} 200 110Q300 116 318 210", line=p.base, width=17)
    p.line([(318, 210), (200, 226)], STEEL, 4)


DRAWINGS: dict[str, Drawing] = {
    "helmet": helmet,
    "bike light": bike_light,
    "bike lock": bike_lock,
    "pump": pump,
    "repair kit": tool_kit,
    "pannier": pannier,
    "basket": basket,
    "bike bell": bell,
    "saddle": saddle,
    "mudguard": mudguard,
}
