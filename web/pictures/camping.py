"""Drawings of tents, beds, stoves and whatever goes camping."""

from web.pictures.pen import Drawing, Pen

STEEL = "#b4bcc4"
WOOD = "#c99b66"
DARK = "#3b3f46"


def dome_tent(p: Pen) -> None:
    """A dome with an open door."""
    p.shadow(half=150)
    top = p.between(105, 130)
    p.path(f"M50 328Q90 {top} 200 {top}Q310 {top} 350 328Z", p.base)
    p.path(f"M200 {top}Q310 {top} 350 328L268 328Q262 190 200 {top}Z", p.dark)
    lean = p.between(-14, 14)
    p.path(f"M200 {top + 16}Q140 230 132 328L{258 + lean} 328Q254 220 200 {top + 16}Z", p.deep)
    p.path(f"M200 {top + 16}Q150 230 146 328L128 328Q136 220 200 {top + 16}Z", p.pale)
    p.path(f"M50 328Q90 {top} 200 {top}Q310 {top} 350 328", line=p.pale, width=4)
    p.line([(50, 328), (26, 334)], p.accent, 3)
    p.line([(350, 328), (376, 334)], p.accent, 3)


def tunnel_tent(p: Pen) -> None:
    """A long tunnel with hoops and a window."""
    p.shadow(half=165)
    p.path("M40 328L40 250Q44 160 120 150L300 168Q362 184 366 328Z", p.base)
    p.path("M40 328L40 250Q44 160 120 150Q176 170 178 328Z", p.light)
    p.path("M70 328Q70 208 116 190Q148 214 150 328Z", p.deep)
    for x in (178, 178 + p.between(54, 70), 304):
        p.path(
            f"M{x} 328Q{x - 4} {150 + (x - 120) * 0.1} {x - 56} {150 + (x - 178) * 0.1}",
            line=p.dark,
            width=5,
        )
    p.path("M206 240L250 244L252 282L208 280Z", p.pale)
    p.line([(366, 328), (388, 334)], p.accent, 3)


def bell_tent(p: Pen) -> None:
    """A cone of canvas on low walls."""
    p.shadow(half=150)
    top = p.between(80, 98)
    p.rect(66, 272, 268, 56, p.dark)
    p.poly([(200, top), (352, 278), (48, 278)], p.base, soft=4)
    p.poly([(200, top), (352, 278), (262, 278)], "#000000", opacity=0.12)
    p.poly([(200, top + 56), (244, 328), (156, 328)], p.deep)
    p.poly([(200, top + 56), (156, 328), (136, 328)], p.pale)
    p.line([(200, top), (200, top - 24)], WOOD, 6)
    p.poly([(200, top - 26), (234, top - 16), (200, top - 6)], p.accent)


def tarp(p: Pen) -> None:
    """A wing between two poles."""
    p.shadow(half=150)
    p.line([(90, 330), (90, 150)], WOOD, 7)
    p.line([(318, 330), (318, 170)], WOOD, 7)
    sag = p.between(150, 180)
    p.path(f"M60 172Q200 {sag} 200 110Q210 {sag} 352 190L330 226Q200 {sag + 34} 84 216Z", p.base)
    p.path(f"M200 110Q210 {sag} 352 190L330 226Q250 214 200 110Z", p.dark)
    for x, y in ((60, 172), (352, 190)):
        p.line([(x, y), (x + (30 if x > 200 else -30), 330)], p.accent, 3)


def pegs(p: Pen) -> None:
    """A row of pegs."""
    p.shadow(half=120)
    for number in range(5):
        x = 112 + number * 44
        y = 110 + p.between(0, 26)
        p.line([(x, y), (x, 318)], p.base, 11)
        p.line([(x + 3, y + 8), (x + 3, 300)], p.light, 3)
        p.path(f"M{x} {y}Q{x + 26} {y - 16} {x + 20} {y + 22}", line=p.dark, width=9)


def mallet(p: Pen) -> None:
    """A mallet, leaning."""
    p.shadow()
    p.line([(128, 326), (238, 168)], WOOD, 20)
    p.line([(134, 316), (236, 170)], "#dcb684", 5)
    p.poly([(168, 128), (236, 84), (304, 190), (236, 234)], p.base, soft=14)
    p.poly([(268, 138), (304, 190), (236, 234), (214, 200)], "#000000", opacity=0.15)


def folded_cloth(p: Pen) -> None:
    """A folded blanket or towel in layers."""
    p.shadow(half=130)
    for number in range(4):
        y = 290 - number * 42
        p.rect(84, y, 232, 40, p.part(number), r=20)
        p.rect(84, y + 26, 232, 14, "#000000", r=7, opacity=0.08)
    for x in (130, 150, 150 + p.between(20, 70)):
        p.rect(x, 164, 8, 166, p.accent, opacity=0.7)


def rolled(p: Pen) -> None:
    """Something rolled up, with straps: a mat."""
    p.shadow(half=140)
    r = p.between(64, 74)
    p.rect(70, 326 - 2 * r, 220, 2 * r, p.base, r=16)
    p.rect(70, 326 - r * 0.7, 220, r * 0.7, "#000000", r=14, opacity=0.12)
    p.circle(290, 326 - r, r, p.light)
    for k in (0.72, 0.46, 0.22):
        p.circle(290, 326 - r, r * k, "none", line=p.dark, width=6)
    for x in (112, 112 + p.between(70, 110)):
        p.rect(x, 322 - 2 * r, 16, 2 * r + 6, p.accent, r=4)


def air_mat(p: Pen) -> None:
    """A flat mattress with ribs, seen from above at a slant."""
    p.shadow(half=150)
    p.poly([(120, 96), (316, 96), (352, 318), (48, 318)], p.dark, soft=20)
    ribs = p.pick([5, 6, 7])
    for number in range(ribs):
        a, b = number / ribs, (number + 0.82) / ribs
        p.poly(
            [(122 + 192 * a, 98), (122 + 192 * b, 98), (54 + 296 * b, 308), (54 + 296 * a, 308)],
            p.part(number), soft=8,
        )  # fmt: skip
    p.circle(p.between(90, 140), 326, 9, p.accent)


def sleeping_bag(p: Pen) -> None:
    """A mummy bag, standing, with its zip."""
    p.shadow(half=80)
    p.path(
        "M130 140Q132 70 200 66Q268 70 270 140Q286 200 262 322Q230 336 200 334"
        "Q168 336 138 322Q114 200 130 140Z",
        p.base,
    )
    p.ellipse(200, 134, 52, 48, p.deep)
    p.path("M156 150Q200 204 244 150Q240 178 200 182Q160 178 156 150Z", p.pale)
    gap = p.between(26, 34)
    for number in range(5):
        y = 196 + number * gap
        if y < 320:
            p.path(f"M130 {y}Q200 {y + 14} 270 {y}", line=p.dark, width=4)
    p.line([(222, 186), (216, 326)], p.accent, 4)


def pillow(p: Pen) -> None:
    """A soft pillow."""
    p.shadow(half=130)
    puff = p.between(12, 28)
    p.path(
        f"M84 190Q200 {190 - puff} 316 190Q338 250 316 318Q200 {318 + puff * 0.5} 84 318"
        "Q62 250 84 190Z",
        p.base,
    )
    p.path(
        "M84 318Q200 330 316 318Q330 280 328 250Q250 300 74 270Q74 296 84 318Z",
        "#000000",
        opacity=0.1,
    )
    p.path(f"M150 236Q200 {236 + puff} 250 236", line=p.dark, width=4)
    p.rect(300, 250, 22, 14, p.accent, r=3)


def hammock(p: Pen) -> None:
    """A hammock between two trunks."""
    p.shadow(half=120)
    p.rect(44, 60, 26, 272, "#8d6b4d", r=8)
    p.rect(330, 60, 26, 272, "#8d6b4d", r=8)
    low = p.between(260, 292)
    p.path(f"M92 168Q200 {low + 60} 308 168Q200 {low - 70} 92 168Z", p.base)
    p.path(f"M92 168Q200 {low + 60} 308 168Q200 {low + 18} 92 168Z", p.dark)
    p.line([(60, 130), (92, 168)], p.accent, 4)
    p.line([(340, 130), (308, 168)], p.accent, 4)


def cot(p: Pen) -> None:
    """A low camp bed."""
    p.shadow(half=150)
    p.poly([(70, 236), (122, 190), (352, 190), (320, 236)], p.light, soft=6)
    p.rect(64, 234, 262, 22, p.base, r=10)
    for x in (92, 170, 248, 306):
        p.line([(x, 254), (x - 22, 328)], STEEL, 7)
        p.line([(x - 22, 254), (x, 328)], STEEL, 7)
    p.rect(288, 186, 48, p.between(22, 30), p.accent, r=10)


def flame(p: Pen, x: float, y: float, size: float) -> None:
    """A small fire."""
    p.path(
        f"M{x} {y}Q{x - size} {y - size * 0.5} {x - size * 0.2} {y - size * 1.7}"
        f"Q{x} {y - size} {x + size * 0.3} {y - size * 1.2}"
        f"Q{x + size} {y - size * 0.5} {x} {y}Z",
        "#e8893a",
    )
    p.path(
        f"M{x} {y}Q{x - size * 0.5} {y - size * 0.4} {x} {y - size}"
        f"Q{x + size * 0.5} {y - size * 0.4} {x} {y}Z",
        "#f6d365",
    )


def gas_stove(p: Pen) -> None:
    """A burner on a canister."""
    p.shadow(half=90)
    p.turned([(250, 40), (262, 66), (318, 68), (328, 60)], "#d9793f" if p.base == STEEL else p.base)
    p.rect(190, 196, 20, 56, STEEL)
    p.poly([(164, 176), (236, 176), (220, 204), (180, 204)], STEEL, soft=4)
    spread = p.between(76, 92)
    for side in (-1, 1):
        p.line(
            [(200 + side * 20, 190), (200 + side * spread, 160), (200 + side * spread, 148)],
            DARK,
            8,
        )
    p.line([(216, 224), (216 + p.between(34, 50), 224)], DARK, 6)
    for x in (178, 200, 222):
        flame(p, x, 174, p.between(15, 20))


def two_burner(p: Pen) -> None:
    """A camping stove with a lid and two burners."""
    p.shadow(half=150)
    p.rect(62, 130, 276, 108, p.light, r=8)
    p.rect(76, 144, 248, 88, p.pale, r=4)
    p.rect(52, 236, 296, 84, p.base, r=10)
    for x in (130, 270):
        p.ellipse(x, 240, 54, 12, DARK)
        flame(p, x, 238, p.between(14, 20))
        p.circle(x, 284, 15, DARK)
        p.rect(x - 2, 270, 4, 14, p.accent)


def twig_stove(p: Pen) -> None:
    """A box of steel with a wood fire in it."""
    p.shadow(half=90)
    p.poly([(134, 200), (266, 200), (288, 326), (112, 326)], p.base, soft=5)
    for row in range(3):
        for column in range(4):
            p.circle(150 + column * 33, 232 + row * 28, 8, DARK)
    p.line([(150, 206), (p.between(100, 130), 140)], WOOD, 10)
    p.line([(240, 206), (p.between(262, 300), 146)], WOOD, 10)
    flame(p, 200, 206, p.between(34, 44))


def spirit_burner(p: Pen) -> None:
    """A low brass burner."""
    p.shadow(half=90)
    p.turned([(258, 62), (270, 84), (318, 84), (328, 76)])
    p.ellipse(200, 256, 62, 14, p.deep)
    for x in (160, 180, 200, 220, 240):
        flame(p, x, 256, p.between(16, 26))


def canister(p: Pen) -> None:
    """A gas canister or a fuel bottle."""
    p.shadow(half=80)
    neck = p.between(16, 22)
    p.turned([(116, neck), (132, neck), (150, 56), (172, 70), (310, 70), (328, 60)])
    p.rect(130, 208, 140, 60, p.pale)
    p.poly([(200, 216), (222, 260), (178, 260)], p.accent)
    p.rect(186, 100, 28, 20, DARK, r=4)


def cookset(p: Pen) -> None:
    """Nested pots with folding handles."""
    p.shadow(half=120)
    p.turned([(204, 92), (316, 90), (328, 80)], p.base)
    p.turned([(150, 68), (204, 70)], p.light)
    p.turned([(136, 30), (152, 74)], p.dark)
    p.circle(200, 128, 10, p.accent)
    p.path(f"M292 226Q{350 + p.between(-8, 12)} 236 292 288", line=DARK, width=9)
    p.rect(108, 204, 184, 9, p.dark, r=4)


def cutlery(p: Pen) -> None:
    """A fork, a knife and a spoon."""
    p.shadow(half=110)
    tilt = p.between(-8, 8)
    p.line([(130 - tilt, 190), (130, 318)], p.part(0), 15)
    for x in (116, 130, 144):
        p.line([(x - tilt, 104), (x - tilt, 160)], p.part(0), 6)
    p.path(f"M{112 - tilt} 156Q{130 - tilt} 206 {148 - tilt} 156Z", p.part(0))
    p.path("M190 318L190 100Q222 120 216 214L206 214L206 318Z", p.part(1))
    p.line([(270 + tilt, 180), (270, 318)], p.part(2), 15)
    p.ellipse(270 + tilt, 138, 28, 42, p.part(2))
    p.ellipse(270 + tilt, 134, 16, 28, p.deep, opacity=0.25)


def cool_box(p: Pen) -> None:
    """A box with a lid and a handle."""
    p.shadow(half=140)
    p.box(80, 196, 210, 130, p.base)
    p.box(74, 158, 222, 42, "#f1efe7", depth=38)
    lift = p.between(70, 96)
    p.path(f"M104 176Q200 {176 - lift} 288 176", line=p.dark, width=13)
    p.rect(166, 220, 46, 14, p.pale, r=6)


def fire_pit(p: Pen) -> None:
    """A fire bowl with a fire."""
    p.shadow(half=140)
    for x in (118, 282):
        p.line([(x, 270), (x + (14 if x > 200 else -14), 328)], DARK, 12)
    p.line([(140, 214), (p.between(210, 250), 188)], "#7a5540", 20)
    p.line([(262, 214), (p.between(170, 200), 186)], "#8d6b4d", 20)
    flame(p, 178, 214, p.between(42, 56))
    flame(p, 228, 214, p.between(34, 50))
    p.path("M66 210L334 210Q310 300 200 302Q90 300 66 210Z", p.base)
    p.path("M200 302Q310 300 334 210L280 210Q262 290 200 302Z", "#000000", opacity=0.14)


def grill(p: Pen) -> None:
    """A folding grill."""
    p.shadow(half=130)
    p.line([(110, 230), (80, 328)], DARK, 9)
    p.line([(290, 230), (320, 328)], DARK, 9)
    p.poly([(80, 190), (320, 190), (290, 250), (110, 250)], p.base, soft=5)
    for x in range(96, 312, 18):
        p.line([(x, 172), (x, 190)], DARK, 4)
    p.rect(80, 168, 240, 7, DARK, r=3)
    for number in range(3):
        p.line([(120 + number * 56, 158), (150 + number * 56, p.between(152, 162))], "#a5563c", 17)


def striker(p: Pen) -> None:
    """A fire steel throwing sparks."""
    p.shadow(half=100)
    p.line([(96, 300), (196, 200)], p.base, 26)
    p.line([(190, 206), (256, 140)], DARK, 14)
    p.line([(178, 100), (300, 200)], STEEL, 16)
    for _ in range(9):
        x, y = p.between(220, 330), p.between(70, 190)
        p.circle(x, y, p.between(3, 7), p.pick(["#f6d365", "#e8893a"]))


def bottle(p: Pen) -> None:
    """A drinking bottle."""
    p.shadow(half=66)
    shoulder = p.between(140, 166)
    p.turned([(shoulder - 30, 30), (shoulder, 56), (318, 58), (328, 50)])
    p.turned([(shoulder - 62, 28), (shoulder - 34, 30)], DARK)
    p.path(
        f"M182 {shoulder - 60}Q200 {shoulder - 100} 218 {shoulder - 60}",
        line=DARK,
        width=8,
    )
    p.rect(144, p.between(206, 236), 112, p.pick([12, 30, 46]), p.accent, opacity=0.85)


def water_carrier(p: Pen) -> None:
    """A folding canister with a tap."""
    p.shadow(half=110)
    p.rect(100, 150, 200, 176, p.base, r=30)
    for number in range(4):
        p.rect(100, 176 + number * 36, 200, 5, p.dark, opacity=0.5)
    p.path(f"M150 150Q200 {p.between(84, 104)} 250 150", line=DARK, width=12)
    p.rect(176, 280, 26, 26, DARK, r=4)
    p.rect(180, 306, 18, 14, p.accent)


DRAWINGS: dict[str, Drawing] = {
    "tent dome": dome_tent,
    "play tent": bell_tent,
    "tent tunnel": tunnel_tent,
    "tent bell": bell_tent,
    "tarp": tarp,
    "beach shelter": tarp,
    "tent pegs": pegs,
    "mallet": mallet,
    "groundsheet": folded_cloth,
    "picnic blanket": folded_cloth,
    "blanket": folded_cloth,
    "mat": air_mat,
    "airbed": air_mat,
    "sleeping bag": sleeping_bag,
    "sleeping bag liner": sleeping_bag,
    "pillow": pillow,
    "cushion": pillow,
    "hammock": hammock,
    "cot": cot,
    "gas stove": gas_stove,
    "two-burner stove": two_burner,
    "twig stove": twig_stove,
    "spirit burner": spirit_burner,
    "gas canister": canister,
    "fuel bottle": canister,
    "cookset": cookset,
    "cutlery": cutlery,
    "cool box": cool_box,
    "fire pit": fire_pit,
    "grill": grill,
    "fire striker": striker,
    "water bottle": bottle,
    "water carrier": water_carrier,
}
