"""Drawings of lamps, desk and paper."""

from web.pictures.pen import Drawing, Pen

STEEL = "#b4bcc4"
DARK = "#3b3f46"
GLOW = "#f9e6a0"


def desk_lamp(p: Pen) -> None:
    """A jointed lamp with its light."""
    p.shadow(half=130)
    x = p.between(246, 268)
    p.poly([(x - 26, 164), (x + 38, 148), (x + 84, 326), (x - 110, 326)], GLOW, opacity=0.55)
    p.ellipse(136, 318, 66, 13, p.deep)
    p.line([(136, 314), (112, 206), (200, 104)], p.dark, 11)
    p.line([(200, 104), (x, 120)], p.dark, 9)
    p.circle(112, 206, 11, p.accent)
    p.circle(200, 104, 10, p.accent)
    p.poly([(x - 14, 100), (x + 22, 92), (x + 50, 150), (x - 38, 172)], p.base, soft=8)


def table_lamp(p: Pen) -> None:
    """A lamp with a shade on a foot."""
    p.shadow(half=90)
    p.ellipse(200, 180, 150, 110, GLOW, opacity=0.4)
    belly = p.between(46, 66)
    p.turned([(212, 10), (240, belly * 0.7), (290, belly), (326, belly * 0.6)], p.base)
    p.line([(200, 196), (200, 216)], DARK, 8)
    top = p.between(44, 64)
    p.poly([(200 - top, 92), (200 + top, 92), (292, 200), (108, 200)], "#f6ecd2", soft=6)
    p.poly(
        [(200 + top, 92), (292, 200), (246, 200), (200 + top * 0.5, 92)], "#000000", opacity=0.06
    )


def floor_lamp(p: Pen) -> None:
    """A lamp on tall legs."""
    p.shadow(half=90)
    p.ellipse(200, 130, 140, 90, GLOW, opacity=0.4)
    spread = p.between(62, 84)
    for x in (-spread, 0, spread):
        p.line([(200, 160), (200 + x, 328)], p.base, 9)
    p.poly([(154, 74), (246, 74), (272, 160), (128, 160)], p.accent, soft=6)
    p.line([(200 - spread * 0.55, 254), (200 + spread * 0.55, 254)], p.dark, 5)


def pendant(p: Pen) -> None:
    """A lamp hanging from the ceiling."""
    p.line([(200, 20), (200, 120)], DARK, 5)
    drop = p.between(226, 248)
    p.poly([(104, drop), (296, drop), (350, 372), (50, 372)], GLOW, opacity=0.45)
    p.path(f"M90 {drop}Q100 126 200 118Q300 126 310 {drop}Z", p.base)
    p.path(f"M250 {drop}Q260 150 212 119Q300 126 310 {drop}Z", "#000000", opacity=0.12)
    p.ellipse(200, drop, 110, 15, p.pale)
    p.rect(186, 102, 28, 22, p.accent, r=5)


def lantern(p: Pen) -> None:
    """A lantern with a handle."""
    p.ellipse(200, 226, 150, 110, GLOW, opacity=0.4)
    p.shadow(half=80)
    p.path(
        f"M146 150Q150 {p.between(60, 80)} 200 70Q250 {p.between(60, 80)} 254 150",
        line=DARK,
        width=8,
    )
    p.turned([(128, 34), (152, 60), (168, 62)], p.base)
    p.rect(146, 170, 108, 106, "#fff6cf", r=10)
    p.path("M200 256Q178 230 200 196Q222 230 200 256Z", "#eeb33f")
    for x in (150, 200, 246):
        p.line([(x, 170), (x, 276)], p.dark, 4)
    p.turned([(276, 62), (318, 66), (328, 60)], p.base)


def headlamp(p: Pen) -> None:
    """A lamp on a strap."""
    p.shadow(half=110, y=316)
    p.poly([(200, 190), (60, 96), (40, 260)], GLOW, opacity=0.5)
    p.ellipse(226, 210, 112, 84, "none", line=p.base, width=25)
    p.ellipse(226, 210, 112, 84, "none", line=p.accent, width=4)
    p.rect(92, 166, 82, 90, DARK, r=20)
    p.circle(124, 210, p.between(25, 31), "#fff6cf", line=p.base, width=8)
    p.rect(152, 176, 13, 24, p.accent, r=5)


def torch(p: Pen) -> None:
    """A torch with its beam."""
    p.shadow(half=90)
    y = p.between(196, 214)
    p.poly([(216, y - 50), (384, y - 104), (384, y + 104), (216, y + 50)], GLOW, opacity=0.55)
    p.rect(52, y - 26, 120, 52, p.base, r=12)
    p.poly([(168, y - 26), (216, y - 54), (216, y + 54), (168, y + 26)], p.dark, soft=4)
    p.rect(208, y - 52, 14, 104, "#fff6cf", r=6)
    p.rect(104, y - 34, 30, 12, p.accent, r=5)
    for x in (66, 80):
        p.line([(x, y - 20), (x, y + 20)], p.dark, 4)


def solar_lantern(p: Pen) -> None:
    """A glowing inflated cube."""
    p.ellipse(200, 220, 160, 120, GLOW, opacity=0.45)
    p.shadow(half=100)
    p.rect(112, 140, 176, 184, "#fdf3c9", r=34)
    p.rect(112, 140, 176, 184, p.base, r=34, opacity=0.35)
    p.rect(140, 128, 120, p.between(24, 34), DARK, r=8)
    p.path("M160 128Q200 84 240 128", line=p.accent, width=8)


def string_lights(p: Pen) -> None:
    """A chain of bulbs."""
    for y, phase in ((110, 0), (200, 1), (286, 2)):
        sag = p.between(44, 66)
        p.path(f"M20 {y}Q200 {y + sag} 380 {y}", line=DARK, width=4)
        for number in range(6):
            t = (number + 0.5) / 6
            x, drop = 20 + 360 * t, y + sag * 2 * t * (1 - t)
            p.circle(x, drop + 20, 24, GLOW, opacity=0.5)
            p.ellipse(x, drop + 20, 11, 14, p.part(number + phase) if p.many else p.base)
            p.rect(x - 5, drop, 10, 9, DARK)


def bulb(p: Pen) -> None:
    """A light bulb."""
    p.circle(200, 170, 140, GLOW, opacity=0.4)
    p.path(
        "M140 240Q96 190 120 132Q150 80 200 80Q250 80 280 132Q304 190 260 240L244 270L156 270Z",
        "#fdf3c9",
    )
    bend = p.between(150, 172)
    p.path(
        f"M174 262L170 190L186 {bend}L200 196L214 {bend}L230 190L226 262",
        line=p.base,
        width=5,
    )
    p.rect(158, 270, 84, 44, STEEL, r=6)
    for y in (282, 296):
        p.line([(160, y), (240, y + 4)], DARK, 3)
    p.rect(182, 314, 36, 13, DARK, r=5)


def candle(p: Pen) -> None:
    """Candles burning."""
    p.shadow(half=110)
    for x, top in ((130, 190), (200, 140), (270, 216)):
        y = top + p.between(-14, 14)
        p.circle(x, y - 24, 40, GLOW, opacity=0.5)
        p.rect(x - 22, y, 44, 326 - y, p.base, r=6)
        p.rect(x + 6, y, 16, 326 - y, "#000000", r=6, opacity=0.1)
        p.path(
            f"M{x} {y - 6}Q{x - 13} {y - 22} {x} {y - 44}Q{x + 13} {y - 22} {x} {y - 6}Z",
            "#eeb33f",
        )


def notebook(p: Pen) -> None:
    """A notebook with a ribbon."""
    p.shadow(half=110)
    tilt = p.between(-10, 10)
    p.poly(
        [(108 + tilt, 92), (286 + tilt, 92), (290 - tilt, 322), (112 - tilt, 322)],
        "#f4efe2",
        soft=8,
    )
    p.poly(
        [(100 + tilt, 86), (278 + tilt, 86), (282 - tilt, 316), (104 - tilt, 316)], p.base, soft=10
    )
    p.poly([(100 + tilt, 86), (126 + tilt, 86), (130 - tilt, 316), (104 - tilt, 316)], p.dark)
    if p.pick([True, False]):
        p.rect(158, 136, 86, 54, "#f4efe2", r=4)
        p.rect(170, 152, 62, 5, p.dark)
        p.rect(170, 168, 44, 5, p.dark)
    else:
        p.circle(204, 190, 38, p.light)
    p.rect(p.between(246, 260), 82, 11, 240, p.accent)


def planner(p: Pen) -> None:
    """A calendar page."""
    p.shadow(half=120)
    p.rect(92, 110, 216, 214, "#fbf8ef", r=10)
    p.rect(92, 110, 216, 48, p.base, r=10)
    for x in (130, 200, 270):
        p.rect(x - 6, 92, 12, 36, DARK, r=6)
    marked = p.pick(range(20))
    for number in range(20):
        x, y = 110 + number % 5 * 38, 176 + number // 5 * 36
        p.rect(x, y, 28, 24, p.accent if number == marked else "#e6e0d0", r=4)


def pen(p: Pen) -> None:
    """A pen and its line."""
    p.path(f"M70 300q{p.between(30, 50)} -40 60 0t60 0t60 -8", line=p.accent, width=5)
    p.line([(152, 262), (294, 96)], p.base, 27)
    p.line([(230, 172), (294, 96)], p.dark, 27)
    p.poly([(138, 252), (162, 274), (126, 292)], STEEL)
    p.line([(262, 112), (224, 158)], "#d9c58f", 6)
    p.line([(154, 250), (284, 98)], p.light, 5)


def pencils(p: Pen) -> None:
    """Pencils or pens in a row."""
    p.shadow(half=130)
    for number in range(6):
        x = 92 + number * 37
        top = 122 + p.between(0, 40)
        tone = p.part(number)
        p.rect(x, top + 34, 28, 290 - top, tone)
        p.rect(x + 18, top + 34, 10, 290 - top, "#000000", opacity=0.12)
        p.poly([(x, top + 36), (x + 28, top + 36), (x + 14, top)], "#ead2ae")
        p.poly([(x + 9, top + 12), (x + 19, top + 12), (x + 14, top)], tone)


def sharpener(p: Pen) -> None:
    """A metal sharpener with shavings."""
    p.shadow(half=110)
    p.box(116, 220, 150, 100, p.base, depth=40)
    p.circle(164, 270, 21, DARK)
    p.circle(218, 270, 15, DARK)
    p.poly([(140, 206), (270, 196), (288, 212), (160, 222)], STEEL)
    p.path(f"M290 318q{p.between(20, 34)} -34 40 0", line="#ead2ae", width=9)


def organiser(p: Pen) -> None:
    """A tray or pot with pens in it."""
    p.shadow(half=120)
    for x, tone in ((158, "#c94a42"), (184, "#ecc74f"), (214, "#3f6fae")):
        top = 116 + p.between(-18, 24)
        p.line([(x, 250), (x + p.between(-14, 14), top)], tone, 12)
    p.box(110, 226, 154, 98, p.base, depth=40)
    p.rect(128, 252, 118, 8, p.dark, r=4)


def desk_mat(p: Pen) -> None:
    """A flat mat with a corner turned up."""
    p.shadow(half=150, y=310)
    p.poly([(104, 160), (340, 160), (366, 300), (44, 300)], p.base, soft=9)
    p.poly([(340, 160), (366, 300), (p.between(304, 322), 300), (300, 160)], p.dark, soft=6)
    p.poly([(110, 168), (292, 168), (296, 186), (104, 186)], p.light, opacity=0.6)


def laptop_stand(p: Pen) -> None:
    """A stand with a laptop on it."""
    p.shadow(half=140)
    p.poly([(128, 324), (160, 324), (252, 200), (230, 196)], p.base, soft=4)
    p.poly([(206, 324), (238, 324), (300, 220), (282, 208)], p.dark, soft=4)
    p.poly([(96, 216), (262, 176), (300, 214), (130, 260)], "#c3cad0", soft=5)
    y = p.between(84, 100)
    p.poly([(84, y), (252, y - 18), (262, 176), (96, 214)], "#59626b", soft=6)
    p.poly([(96, y + 12), (242, y - 4), (250, 166), (106, 200)], p.accent)


def paper(p: Pen) -> None:
    """Sheets, an envelope or sticky notes."""
    p.shadow(half=120)
    for number in range(3):
        x, y = 100 + number * 16, 110 + number * 20 + p.between(0, 8)
        p.rect(x, y, 170, 170, p.part(number), r=4)
        p.rect(x, y + 140, 170, 30, "#000000", r=4, opacity=0.06)
    for number in range(4):
        p.rect(152, 186 + number * 24, (116, 96, 110, 64)[number], 7, p.deep, r=3, opacity=0.5)


def tape(p: Pen) -> None:
    """Rolls of tape."""
    p.shadow(half=120)
    for number, (x, y) in enumerate(((136, 270), (264, 272), (200, 176))):
        r = p.between(50, 58)
        p.circle(x, y, r, p.part(number))
        p.circle(x, y, r * 0.72, "#f4efe2")
        p.circle(x, y, r * 0.6, "#d8c8a8")
        p.circle(x, y, r * 0.44, "#fbf8ef")


def scissors(p: Pen) -> None:
    """Open scissors: desk scissors or secateurs."""
    p.shadow(half=100)
    spread = p.between(36, 56)
    p.path(f"M200 214L{200 - spread} 76Q{222 - spread} 130 214 206Z", STEEL)
    p.path(f"M200 214L{200 + spread} 76Q{178 + spread} 130 186 206Z", "#ccd3d9")
    p.path("M206 214L160 262M194 214L240 262", line=p.dark, width=13)
    p.ellipse(142, 288, 34, 40, "none", line=p.base, width=17)
    p.ellipse(258, 288, 34, 40, "none", line=p.base, width=17)
    p.circle(200, 210, 9, p.accent)


DRAWINGS: dict[str, Drawing] = {
    "desk lamp": desk_lamp,
    "table lamp": table_lamp,
    "floor lamp": floor_lamp,
    "pendant": pendant,
    "lantern": lantern,
    "storm lantern": lantern,
    "solar lantern": solar_lantern,
    "headlamp": headlamp,
    "torch": torch,
    "string lights": string_lights,
    "bulb": bulb,
    "candle": candle,
    "notebook": notebook,
    "planner": planner,
    "calendar": planner,
    "pen": pen,
    "pencils": pencils,
    "felt pens": pencils,
    "sharpener": sharpener,
    "desk organiser": organiser,
    "pen pot": organiser,
    "letter rack": organiser,
    "desk mat": desk_mat,
    "mouse mat": desk_mat,
    "laptop stand": laptop_stand,
    "monitor shelf": laptop_stand,
    "paper": paper,
    "sticky notes": paper,
    "tape": tape,
    "guy lines": tape,
    "scissors": scissors,
    "secateurs": scissors,
}
