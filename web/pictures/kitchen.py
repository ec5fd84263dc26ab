"""Drawings of kitchen, coffee and tea things."""

from web.pictures.pen import Drawing, Pen

STEEL = "#b4bcc4"
WOOD = "#c99b66"
DARK = "#3b3f46"
BREW = "#6b4630"


def _steam(p: Pen, x: float, y: float) -> None:
    bend = p.between(10, 18)
    for offset in (-18, 6, 30):
        p.path(
            f"M{x + offset} {y}q{bend} -16 0 -32q-{bend} -16 0 -30",
            line="#ffffff",
            width=5,
            opacity=0.7,
        )


def dripper(p: Pen) -> None:
    """A pour-over cone on a cup."""
    p.shadow(half=100)
    _steam(p, 200, 92)
    p.turned([(110, 86), (176, 44), (196, 22)])
    p.ellipse(200, 110, 88, 17, BREW)
    p.ellipse(200, 110, 88, 17, "none", line=p.light, width=7)
    p.rect(122, 194, 156, 12, p.dark, r=6)
    p.path("M286 130Q330 130 322 160Q310 176 268 166", line=p.dark, width=10)
    p.turned([(212, 62), (306, 58), (326, 44)], p.pick(["#f4f1e6", "#dfe7e4", "#efe0cf"]))
    p.path(f"M260 236Q306 {236 + p.between(0, 10)} 258 290", line="#d8d2c2", width=10)


def glass_carafe(p: Pen) -> None:
    """A glass carafe with coffee."""
    p.shadow(half=90)
    p.turned([(86, 58), (150, 20), (176, 22), (250, 84), (310, 88), (328, 76)], "#d8eaf0")
    level = p.between(236, 262)
    p.poly(
        [(126, level), (274, level), (288, 310), (276, 326), (124, 326), (112, 310)],
        BREW,
        opacity=0.85,
    )
    p.rect(170, 146, 60, 36, WOOD, r=6)
    p.line([(200, 166), (200, 196)], "#8d6b4d", 4)
    p.circle(200, 198, 6, p.accent)


def paper_filters(p: Pen) -> None:
    """A stack of cone filters."""
    p.shadow(half=110)
    for number in range(4):
        x, y = 92 + number * 14, 116 + number * 12
        p.path(
            f"M{x} {y}L{x + 160} {y}L{x + 106 + p.between(0, 4)} {y + 160}L{x + 54} {y + 160}Z",
            (p.base, p.light, p.pale, p.light)[number],
            line=p.dark,
            width=2,
        )
    p.line([(146, 166), (192, 306)], p.dark, 3)


def hand_grinder(p: Pen) -> None:
    """A slim grinder with a crank."""
    p.shadow(half=70)
    p.turned([(150, 42), (232, 42)], p.base)
    p.turned([(236, 44), (318, 44), (328, 38)], p.dark)
    p.turned([(134, 30), (150, 42)], p.deep)
    reach = p.between(84, 100)
    p.line([(200, 128), (200 + reach, 112)], STEEL, 9)
    p.line([(200 + reach, 112), (200 + reach, 92)], STEEL, 7)
    p.circle(200 + reach, 82, 15, WOOD)
    p.rect(156, 200, 88, 10, p.accent)


def box_mill(p: Pen) -> None:
    """A box mill with a drawer."""
    p.shadow(half=100)
    p.box(116, 206, 150, 120, p.base)
    p.path("M130 198Q140 140 200 136Q256 140 264 198Z", STEEL)
    p.rect(136, 250, 110, 56, p.dark, r=4)
    p.circle(191, 278, 8, p.accent)
    reach = p.between(70, 96)
    p.line([(200, 138), (200, 112), (200 + reach, 100)], DARK, 9)
    p.circle(200 + reach, 88, 15, WOOD)


def electric_grinder(p: Pen) -> None:
    """A standing grinder with a hopper."""
    p.shadow(half=90)
    p.poly([(146, 84), (254, 84), (236, 150), (164, 150)], "#cfe3ea", opacity=0.9)
    p.poly([(152, 106), (248, 106), (236, 148), (164, 148)], BREW)
    p.rect(138, 148, 124, 178, p.base, r=14)
    p.rect(160, 236, 80, 84, p.deep, r=8)
    p.circle(200, 190, 22, p.light)
    p.line([(200, 190), (200 + p.between(-12, 12), 174)], p.accent, 5)
    p.rect(140, 78, 120, 10, DARK, r=5)


def gooseneck(p: Pen) -> None:
    """A kettle with a thin curved spout."""
    p.shadow(half=110)
    lift = p.between(120, 150)
    p.path(f"M142 290Q74 280 84 200Q88 {lift} 52 {lift}", line=p.dark, width=13)
    p.turned([(170, 48), (190, 62), (310, 78), (328, 72)])
    p.turned([(152, 16), (172, 50)], p.dark)
    p.circle(200, 144, 11, p.accent)
    p.path("M258 186Q338 160 336 230Q330 286 300 300", line=DARK, width=15)


def round_kettle(p: Pen) -> None:
    """A round kettle with a handle over the top."""
    p.shadow(half=120)
    p.path("M280 230Q330 220 348 176L366 186Q350 270 286 290Z", p.dark)
    p.path("M86 270Q86 176 200 172Q314 176 314 270Q310 328 200 328Q90 328 86 270Z", p.base)
    p.path("M250 184Q314 200 314 270Q310 328 220 328Q280 270 250 184Z", "#000000", opacity=0.12)
    p.path(
        f"M124 196Q120 {p.between(74, 92)} 200 88Q282 {p.between(74, 92)} 276 196",
        line=DARK,
        width=13,
    )
    p.ellipse(200, 178, 50, 12, p.dark)
    p.circle(200, 164, 11, p.accent)


def french_press(p: Pen) -> None:
    """A glass press in a frame."""
    p.shadow(half=90)
    p.line([(200, 132), (200, 84)], STEEL, 7)
    p.circle(200, 80, 13, p.accent)
    p.turned([(134, 66), (148, 68)], p.base)
    p.rect(136, 148, 128, 176, "#d8eaf0")
    level = p.between(184, 214)
    p.rect(136, level, 128, 324 - level, BREW)
    for y in (196, 262, 312):
        p.rect(132, y, 136, 10, p.base)
    p.path("M268 170Q332 176 324 240Q318 300 268 300", line=DARK, width=13)
    p.rect(128, 318, 144, 10, p.dark, r=4)


def moka_pot(p: Pen) -> None:
    """An eight-sided pot for the hob."""
    p.shadow(half=90)
    p.poly([(146, 230), (254, 230), (276, 326), (124, 326)], p.base, soft=4)
    p.poly([(138, 120), (262, 120), (244, 222), (156, 222)], p.light, soft=4)
    p.poly([(222, 120), (262, 120), (244, 222), (214, 222)], "#000000", opacity=0.14)
    p.poly([(214, 230), (254, 230), (276, 326), (232, 326)], "#000000", opacity=0.14)
    p.rect(146, 218, 108, 15, p.dark, r=5)
    p.poly([(150, 118), (250, 118), (214, 96), (186, 96)], p.dark)
    p.circle(200, 90, 9, DARK)
    p.poly([(138, 120), (p.between(100, 116), 128), (144, 160)], p.light)
    p.path("M260 132L318 140L300 226", line=DARK, width=15)


def pouch(p: Pen) -> None:
    """A bag of beans with a label."""
    p.shadow(half=90)
    p.path("M122 116L278 116Q288 220 282 326L118 326Q112 220 122 116Z", p.base)
    p.poly([(122, 116), (278, 116), (270, 84), (130, 84)], p.dark)
    p.path("M278 116Q288 220 282 326L248 326Q256 220 250 116Z", "#000000", opacity=0.12)
    y = p.between(170, 186)
    p.rect(138, y, 124, 104, "#f4efe2", r=6)
    for x, top in ((176, y + 40), (204, y + 56), (228, y + 36)):
        p.ellipse(x, top, 13, 18, BREW)
        p.path(f"M{x} {top - 14}q5 14 0 28", line="#c9a27c", width=3)
    p.rect(158, y + 84, 84, 7, p.accent)


def tea_tin(p: Pen) -> None:
    """A tea tin with a leaf."""
    p.shadow(half=80)
    p.turned([(136, 68), (318, 68), (328, 64)])
    p.turned([(100, 60), (132, 70)], p.dark)
    p.rect(134, 178, 132, 104, "#f4efe2")
    tilt = p.between(-14, 14)
    p.path(f"M200 266Q160 {230 + tilt} 200 190Q240 {230 - tilt} 200 266Z", "#6f9a5c")
    p.line([(200, 196), (200, 270)], "#4d7342", 3)


def teapot(p: Pen) -> None:
    """A round teapot."""
    p.shadow(half=120)
    p.path("M296 214Q364 200 350 262Q340 300 284 300", line=p.dark, width=15)
    p.path(f"M116 276Q66 262 58 {186 + p.between(-8, 8)}L88 180Q104 214 128 222Z", p.dark)
    p.path("M100 262Q100 170 200 168Q300 170 300 262Q296 326 200 328Q104 326 100 262Z", p.base)
    p.path("M246 178Q300 196 300 262Q296 326 216 328Q272 262 246 178Z", "#000000", opacity=0.12)
    p.ellipse(200, 172, 50, 14, p.light)
    p.circle(200, 150, 13, p.accent)
    if p.pick([True, False]):
        p.path("M106 236Q200 262 294 236", line=p.light, width=9)


def mug(p: Pen) -> None:
    """A mug with a handle."""
    p.shadow(half=96)
    _steam(p, 190, 148)
    p.path(f"M258 206Q{330 + p.between(-8, 10)} 206 318 256Q308 300 256 292", line=p.dark, width=17)
    p.turned([(166, 76), (310, 72), (326, 62)])
    p.ellipse(200, 166, 74, 15, p.deep)
    p.ellipse(200, 166, 78, 17, "none", line=p.light, width=6)
    if p.pick([True, False]):
        p.rect(126, 226, 148, 18, p.accent, opacity=0.85)


def cup(p: Pen) -> None:
    """A cup without a handle, on a saucer."""
    p.shadow(half=120)
    _steam(p, 190, 176)
    p.ellipse(200, 312, 120, 19, p.light)
    p.turned([(190, 78), (260, 66), (304, 36)])
    p.ellipse(200, 190, 78, 15, BREW)
    p.path(f"M128 232Q200 {250 + p.between(-8, 12)} 272 232", line=p.pale, width=8)


def travel_mug(p: Pen) -> None:
    """A tall mug with a lid."""
    p.shadow(half=70)
    p.turned([(140, 62), (318, 50), (328, 44)])
    p.turned([(104, 56), (138, 64)], DARK)
    p.rect(206, 94, 34, 13, DARK, r=5)
    y = p.between(196, 226)
    p.poly([(141, y), (259, y), (256, y + 46), (144, y + 46)], p.accent, opacity=0.9)


def scale(p: Pen) -> None:
    """A flat scale with figures."""
    p.shadow(half=130)
    p.box(84, 262, 206, 58, p.base, depth=46)
    p.rect(150, 276, 92, 32, "#d7ecd9", r=4)
    for number in range(p.pick([3, 4])):
        p.rect(160 + number * 20, 283, 11, 18, "#4c6b52")
    p.turned([(170, 46), (232, 40), (240, 30)], "#f4efe2", x=206)


def jug(p: Pen) -> None:
    """A bottle of cold brew."""
    p.shadow(half=76)
    p.turned([(92, 34), (130, 36), (180, 64), (316, 66), (328, 58)], "#d8eaf0")
    level = p.between(176, 204)
    p.poly(
        [(139, level), (261, level), (264, 316), (256, 326), (144, 326), (136, 316)],
        BREW,
        opacity=0.85,
    )
    p.rect(178, 150, 44, 150, "#e8e2d4", opacity=0.5)
    p.turned([(74, 30), (96, 38)], p.accent)


def pan(p: Pen) -> None:
    """A frying pan."""
    p.shadow(half=130, y=300)
    p.line([(270, 208), (p.between(352, 368), 128)], p.deep, 23)
    p.ellipse(172, 236, 124, 58, p.dark)
    p.ellipse(172, 226, 124, 56, p.base)
    p.ellipse(172, 228, 100, 42, p.deep)
    p.ellipse(160, 226, 46, 24, "#fbf6ea")
    p.circle(p.between(152, 172), 224, 14, "#eeb33f")


def pot(p: Pen) -> None:
    """A pot with a lid."""
    p.shadow(half=130)
    p.rect(60, 208, 280, 20, p.deep, r=10)
    p.turned([(196, 100), (312, 98), (328, 86)])
    p.path(
        f"M94 192Q100 {140 + p.between(-10, 6)} 200 138Q300 {140 + p.between(-10, 6)} 306 192Z",
        p.light,
    )
    p.rect(92, 186, 216, 13, p.dark, r=6)
    p.turned([(112, 18), (138, 10)], p.deep)


def knife(p: Pen) -> None:
    """A kitchen knife."""
    p.shadow(half=130, y=320)
    width = p.between(40, 66)
    p.path(
        f"M70 120Q{190} {104} 250 186L{250 - width * 0.7} {186 + width * 0.75}Q120 200 70 120Z",
        "#ccd3d9",
    )
    p.path("M70 120Q120 180 214 222", line="#eef2f4", width=4)
    p.poly([(250, 180), (226, 208), (312, 304), (338, 282)], p.base, soft=11)
    for x, y in ((264, 218), (290, 248), (312, 274)):
        p.circle(x, y, 5, "#d9c58f")


def stone(p: Pen) -> None:
    """A sharpening stone."""
    p.shadow(half=130)
    p.box(80, 262, 210, 30, p.base, depth=44)
    p.box(80, 290, 210, p.between(24, 32), p.dark, depth=44)
    p.box(64, 314, 240, 12, WOOD, depth=50)


def board(p: Pen) -> None:
    """A chopping board."""
    p.shadow(half=120)
    p.rect(96, 90, 208, 232, p.base, r=20)
    p.circle(200, 116, 13, "#f4efe2")
    for number in range(5):
        x = 116 + number * 38
        p.path(f"M{x} 140q{p.between(-12, 12)} 80 0 170", line=p.dark, width=3, opacity=0.5)
    p.rect(110, 142, 180, 166, "none", r=10)
    p.path("M114 146L286 146L286 304L114 304Z", line=p.light, width=4, opacity=0.7)


def bowl(p: Pen) -> None:
    """A bowl."""
    p.shadow(half=110)
    p.path("M78 200L322 200Q316 320 228 326L172 326Q84 320 78 200Z", p.base)
    p.path("M240 200L322 200Q316 320 228 326L206 326Q250 280 240 200Z", "#000000", opacity=0.1)
    p.ellipse(200, 200, 122, 27, p.deep)
    p.ellipse(200, 200, 122, 27, "none", line=p.light, width=7)
    y = p.between(244, 262)
    p.path(f"M90 {y}Q200 {y + 24} 310 {y}", line=p.part(1), width=11)
    p.path(
        f"M98 {y + 22}Q200 {y + 46} 302 {y + 22}",
        line=p.part(4) if p.many else p.pale,
        width=7,
    )


def plate(p: Pen) -> None:
    """A stack of plates."""
    p.shadow(half=140)
    for number in range(3):
        p.ellipse(200, 316 - number * 14, 132, 24, p.part(number) if p.many else p.dark)
        p.ellipse(200, 311 - number * 14, 132, 24, p.light)
    p.circle(200, 180, p.between(96, 108), p.base)
    p.circle(200, 180, 70, p.light)
    p.circle(200, 180, 70, "none", line=p.dark, width=3)


def apron(p: Pen) -> None:
    """An apron."""
    p.shadow(half=100)
    p.path("M160 110Q160 60 200 60Q240 60 240 110", line=p.dark, width=9)
    p.path(
        "M158 108L242 108Q244 170 296 190L290 318Q200 334 110 318L104 190Q156 170 158 108Z", p.base
    )
    y = p.between(228, 244)
    p.rect(146, y, 108, 60, p.dark, r=8)
    p.line([(200, y), (200, y + 60)], p.base, 4)
    p.line([(104, 194), (58, 214)], p.dark, 7)
    p.line([(296, 194), (342, 214)], p.dark, 7)


def jars(p: Pen) -> None:
    """Jars with lids."""
    p.shadow(half=140)
    for x, top, half in ((112, 220, 40), (200, 164, 48), (292, 246, 38)):
        p.turned([(top, half), (318, half), (328, half - 8)], "#dbeaee", x=x)
        fill = top + p.between(16, 50)
        p.rect(
            x - half + 5,
            fill,
            2 * half - 10,
            322 - fill,
            p.pick(["#d9a441", "#b45a35", "#efe4cc", "#7d8b4e"]),
            r=8,
        )
        p.rect(x - half - 3, top - 20, 2 * half + 6, 22, WOOD, r=6)


def spoons(p: Pen) -> None:
    """Wooden spoons in a pot."""
    p.shadow(half=80)
    for x, lean in ((172, -36), (200, 0), (228, 40)):
        top = 110 + p.between(-16, 16)
        p.line([(x, 240), (x + lean, top)], p.base, 12)
        p.ellipse(x + lean, top - 14, 23, 31, p.base)
        p.ellipse(x + lean, top - 14, 13, 20, p.dark, opacity=0.4)
    p.turned([(214, 62), (316, 56), (328, 48)], p.accent)


def tongs(p: Pen) -> None:
    """Tongs and a turner."""
    p.shadow(half=100)
    bend = p.between(120, 140)
    p.path(f"M150 92Q{bend} 200 140 318M150 92Q184 200 168 318", line=p.base, width=12)
    p.line([(262, 206), (270, 318)], DARK, 16)
    p.line([(258, 150), (262, 210)], p.base, 10)
    p.poly([(222, 80), (290, 80), (282, 152), (232, 152)], p.base, soft=6)
    for x in (242, 258, 273):
        p.line([(x, 94), (x, 136)], p.deep, 5)


def rolling_pin(p: Pen) -> None:
    """A rolling pin, at a slant."""
    p.shadow(half=130, y=310)
    p.line([(82, 290), (318, 130)], p.dark, 19)
    p.line([(122, 264), (278, 158)], p.base, 56)
    p.line([(126, 248), (270, 150)], p.light, 9)
    for x, y in ((150, 244), (p.between(246, 254), 176)):
        p.circle(x, y, 9, p.accent)


def towel(p: Pen) -> None:
    """A towel hanging from a peg."""
    p.shadow(half=80)
    p.line([(90, 90), (310, 90)], WOOD, 13)
    p.path("M124 90L276 90L282 318Q200 330 118 318Z", p.base)
    gap = p.between(24, 34)
    for number in range(4):
        p.rect(
            121,
            214 + number * gap,
            158,
            11,
            p.part(number + 1) if p.many else p.accent,
            opacity=0.85,
        )
    p.path("M240 90L276 90L282 318L250 324Z", "#000000", opacity=0.09)


def lunch_box(p: Pen) -> None:
    """A lunch box with clips."""
    p.shadow(half=140)
    p.box(82, 230, 206, 94, p.base, depth=48)
    p.box(76, 204, 218, 30, p.light, depth=52)
    for x in (116, p.between(226, 240)):
        p.rect(x, 216, 30, 44, p.accent, r=6)


DRAWINGS: dict[str, Drawing] = {
    "dripper": dripper,
    "glass dripper": glass_carafe,
    "filters": paper_filters,
    "cloth filter": paper_filters,
    "grinder": hand_grinder,
    "box mill": box_mill,
    "electric grinder": electric_grinder,
    "kettle": gooseneck,
    "round kettle": round_kettle,
    "French press": french_press,
    "moka pot": moka_pot,
    "milk frother": french_press,
    "coffee beans": pouch,
    "teapot": teapot,
    "tea tin": tea_tin,
    "mug": mug,
    "cup": cup,
    "travel mug": travel_mug,
    "scale": scale,
    "cold brew": jug,
    "pan": pan,
    "pot": pot,
    "knife": knife,
    "sharpening stone": stone,
    "board": board,
    "bowl": bowl,
    "plate": plate,
    "apron": apron,
    "jar": jars,
    "utensils": spoons,
    "tongs": tongs,
    "rolling pin": rolling_pin,
    "tea towel": towel,
    "travel towel": towel,
    "hammam towel": towel,
    "gym towel": towel,
    "lunch box": lunch_box,
    "wash-up set": bowl,
}
