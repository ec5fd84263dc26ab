"""Drawings of what people wear."""

from web.pictures.pen import Drawing, Pen

DARK = "#3b3f46"
SOLE = "#ece7da"


def _pattern(p: Pen, d: str, options: tuple[str, ...]) -> None:
    """A pattern on the shape, cut off at its edge."""
    kind = p.pick(options)
    if kind == "plain":
        return
    p.parts.append(f'<clipPath id="c"><path d="{d}"/></clipPath><g clip-path="url(#c)">')
    gap = p.between(22, 34)
    if kind in {"stripes", "check"}:
        for number in range(14):
            p.rect(60, 80 + number * gap, 280, gap * 0.35, p.pale, opacity=0.75)
    if kind == "check":
        for number in range(14):
            p.rect(60 + number * gap, 70, gap * 0.35, 270, p.deep, opacity=0.3)
    if kind == "dots":
        for row in range(9):
            for column in range(9):
                p.circle(70 + column * gap * 1.3 + (row % 2) * gap * 0.6, 96 + row * gap, 4, p.pale)
    if kind == "band":
        p.rect(60, p.between(170, 190), 280, p.between(20, 44), p.accent)
    if kind == "yoke":
        for row in range(3):
            for column in range(14):
                p.poly(
                    [(66 + column * 20, 128 + row * 22), (76 + column * 20, 140 + row * 22),
                     (66 + column * 20, 148 + row * 22), (56 + column * 20, 140 + row * 22)],
                    (p.pale, p.accent, p.pale)[row],
                )  # fmt: skip
    p.parts.append("</g>")


def _torso(*, sleeve: float, hem: float, width: float = 66) -> str:
    """The outline of an upper garment: sleeves end at y = `sleeve`, the body at y = `hem`."""
    out = 100 + (sleeve - 150) * 0.42
    left, right = 200 - width, 200 + width
    inner = sleeve + 8
    return (
        f"M166 96Q200 116 234 96L{right + 6} 116L{200 + out} {sleeve}"
        f"L{200 + out - 36} {inner}L{right} 186L{right + 4} {hem}"
        f"Q200 {hem + 10} {left - 4} {hem}L{left} 186"
        f"L{200 - out + 36} {inner}L{200 - out} {sleeve}L{left - 6} 116Z"
    )


def _garment(
    p: Pen, *, sleeve: float, hem: float, patterns: tuple[str, ...] = ("plain",), width: float = 66
) -> None:
    p.shadow(half=90)
    d = _torso(sleeve=sleeve, hem=hem, width=width)
    p.path(d, p.base, line=p.base, width=8)
    _pattern(p, d, patterns)
    p.path(
        f"M{200 + width} 150L{204 + width} {hem}L{174 + width} {hem + 5}"
        f"Q{180 + width} 240 {200 + width} 150Z",
        "#000000",
        opacity=0.1,
    )
    p.line([(200 - width, 190), (196 - width, hem - 10)], p.dark, 3)
    p.line([(200 + width, 190), (204 + width, hem - 10)], p.dark, 3)


def t_shirt(p: Pen) -> None:
    """A T-shirt."""
    _garment(
        p, sleeve=168 + p.between(0, 10), hem=318, patterns=("plain", "stripes", "band", "plain")
    )
    p.path("M166 94Q200 128 234 94", line=p.dark, width=7)
    if p.pick([True, False]):
        p.rect(222, 164, 30, 34, p.dark, r=3, opacity=0.6)


def polo(p: Pen) -> None:
    """A polo shirt."""
    _garment(p, sleeve=170, hem=316)
    p.poly([(164, 92), (200, 106), (186, 136)], p.dark)
    p.poly([(236, 92), (200, 106), (214, 136)], p.dark)
    for y in (140, 158):
        p.circle(200, y + p.between(0, 4), 4, p.pale)


def shirt(p: Pen) -> None:
    """A shirt with collar and buttons."""
    _garment(p, sleeve=296, hem=322, patterns=("plain", "check", "stripes", "dots"))
    p.rect(193, 110, 14, 214, p.light)
    for number in range(6):
        p.circle(200, 134 + number * 32, 4, p.deep)
    p.poly([(162, 88), (200, 110), (178, 140)], p.light)
    p.poly([(238, 88), (200, 110), (222, 140)], p.light)
    p.rect(222, 160, 30, p.between(32, 40), p.dark, r=3, opacity=0.5)


def sweater(p: Pen) -> None:
    """A jumper with ribbed edges."""
    _garment(p, sleeve=292, hem=312, patterns=("plain", "yoke", "stripes", "band"), width=72)
    p.path("M164 92Q200 116 236 92L232 76Q200 92 168 76Z", p.dark)
    p.path("M124 306Q200 320 276 306L276 324Q200 338 124 324Z", p.dark)
    for x in range(132, 276, 12):
        p.line([(x, 314), (x, 326)], p.base, 3)


def cardigan(p: Pen) -> None:
    """A cardigan with buttons."""
    _garment(p, sleeve=290, hem=318, width=70)
    p.poly([(168, 92), (200, 190), (232, 92)], p.pale)
    p.line([(200, 190), (200, 322)], p.dark, 6)
    for number in range(4):
        p.circle(208, 206 + number * 30, 6, p.accent)
    for x in (146, 224):
        p.rect(x, p.between(256, 264), 32, 34, p.dark, r=4, opacity=0.5)


def hoodie(p: Pen) -> None:
    """A sweatshirt with a hood."""
    p.path("M144 116Q146 56 200 54Q254 56 256 116Q200 150 144 116Z", p.dark)
    p.path("M164 112Q168 78 200 76Q232 78 236 112Q200 132 164 112Z", p.deep)
    _garment(p, sleeve=296, hem=318, patterns=("plain", "plain", "band"), width=70)
    p.path("M158 122Q200 152 242 122L234 104Q200 126 166 104Z", p.dark)
    p.poly([(160, 244), (240, 244), (256, 296), (144, 296)], p.dark, soft=4, opacity=0.6)
    for x in (184, 216):
        p.line([(x, 134), (x + p.between(-5, 5), 196)], p.pale, 5)


def long_sleeve(p: Pen) -> None:
    """A thin top with long sleeves and a short zip."""
    _garment(p, sleeve=300, hem=318, patterns=("plain", "band", "stripes"), width=62)
    p.path("M166 94Q200 116 234 94L230 78Q200 94 170 78Z", p.dark)
    p.line([(200, 92), (200, 92 + p.between(50, 84))], p.accent, 4)


def rain_jacket(p: Pen) -> None:
    """A shell with a hood, a zip and pockets."""
    p.path("M140 120Q140 50 200 48Q260 50 260 120Q200 150 140 120Z", p.base)
    p.path("M162 116Q162 72 200 70Q238 72 238 116Q200 134 162 116Z", p.deep)
    _garment(p, sleeve=298, hem=p.between(314, 326), width=74)
    p.rect(128, p.between(186, 206), 148, p.pick([0, 0, 26]) or 1, p.accent)
    p.line([(200, 120), (200, 324)], p.deep, 6)
    p.rect(196, 126, 8, 14, p.accent)
    for x in (140, 226):
        p.line([(x, 252), (x + 34, 240 if x < 200 else 264)], p.deep, 5)
    p.path("M152 122Q200 150 248 122", line=p.light, width=5)


def poncho(p: Pen) -> None:
    """A wide cape with a hood."""
    p.shadow(half=130)
    p.path("M150 122Q150 60 200 58Q250 60 250 122Z", p.dark)
    p.path("M166 118Q168 84 200 82Q232 84 234 118Z", p.deep)
    p.path(
        f"M150 116Q200 140 250 116L346 {300 + p.between(-8, 8)}"
        f"Q200 344 54 {300 + p.between(-8, 8)}Z",
        p.base,
    )
    p.path("M250 116L346 300Q290 322 240 324Q250 200 250 116Z", "#000000", opacity=0.1)
    p.line([(200, 130), (200, 206)], p.deep, 5)


def down_jacket(p: Pen) -> None:
    """A quilted jacket."""
    p.path("M146 118Q146 60 200 58Q254 60 254 118Z", p.dark)
    _garment(p, sleeve=292, hem=316, width=78)
    gap = p.between(24, 34)
    for number in range(7):
        y = 140 + number * gap
        if y < 314:
            p.path(f"M126 {y}Q200 {y + 9} 274 {y}", line=p.dark, width=4)
    for number in range(5):
        y = 150 + number * 26
        p.line([(120 - number * 11, y), (84 - number * 7, y + 14)], p.dark, 4)
        p.line([(280 + number * 11, y), (316 + number * 7, y + 14)], p.dark, 4)
    p.line([(200, 112), (200, 320)], p.accent, 5)


def parka(p: Pen) -> None:
    """A long coat with a furry hood and big pockets."""
    p.path("M134 120Q134 46 200 44Q266 46 266 120Q200 156 134 120Z", p.pale)
    p.path("M156 114Q156 66 200 64Q244 66 244 114Q200 136 156 114Z", p.deep)
    _garment(p, sleeve=290, hem=328, width=80)
    p.line([(200, 126), (200, 332)], p.deep, 8)
    for x in (132, 218):
        p.rect(x, 246, 52, 50, p.dark, r=5)
        p.rect(x, 242, 52, p.between(14, 20), p.light, r=4)
    p.line([(124, 220), (276, 220)], p.dark, 5)


def wool_coat(p: Pen) -> None:
    """A straight coat with lapels."""
    _garment(p, sleeve=292, hem=332, width=76)
    p.poly([(164, 92), (200, 196), (150, 168)], p.dark)
    p.poly([(236, 92), (200, 196), (250, 168)], p.dark)
    p.line([(204, 196), (204, 334)], p.deep, 5)
    for number in range(3):
        p.circle(p.between(216, 220), 212 + number * 38, 8, p.accent)
        p.circle(182, 212 + number * 38, 8, p.accent)


def fleece(p: Pen) -> None:
    """A soft jacket with a chest pocket."""
    _garment(p, sleeve=294, hem=316, width=74)
    for _ in range(46):
        p.circle(p.between(134, 266), p.between(130, 308), p.between(2, 5), p.light, opacity=0.6)
    p.path("M162 94Q200 118 238 94L234 70Q200 88 166 70Z", p.dark)
    p.line([(200, 84), (200, 318)], p.deep, 5)
    p.rect(216, 156, 40, 44, p.accent, r=5)


def vest(p: Pen) -> None:
    """A sleeveless quilted vest."""
    p.shadow(half=90)
    p.path(
        "M160 92Q200 116 240 92L268 120Q250 170 276 200L278 316Q200 330 122 316L124 200"
        "Q150 170 132 120Z",
        p.base,
    )
    gap = p.between(26, 36)
    for number in range(6):
        y = 150 + number * gap
        if y < 310:
            p.path(f"M130 {y}Q200 {y + 8} 270 {y}", line=p.dark, width=4)
    p.line([(200, 108), (200, 322)], p.accent, 5)
    p.path("M160 92Q200 116 240 92L234 74Q200 92 166 74Z", p.dark)


def reflective_vest(p: Pen) -> None:
    """A vest with reflecting bands."""
    p.shadow(half=90)
    p.path(
        "M158 92L186 92Q200 130 214 92L242 92Q250 170 276 200L274 316L126 316L124 200"
        "Q150 170 158 92Z",
        p.base,
    )
    for y in (p.between(196, 210), 262):
        p.rect(126, y, 148, 18, "#eef2f4")
    p.line([(200, 126), (200, 316)], p.dark, 4)


def trousers(p: Pen) -> None:
    """A pair of trousers."""
    p.shadow(half=80)
    flare = p.between(-6, 14)
    p.path(
        f"M142 76L258 76L{278 + flare} 326L{222 + flare * 0.4} 328L200 160"
        f"L{178 - flare * 0.4} 328L{122 - flare} 326Z",
        p.base,
    )
    p.path(f"M258 76L{278 + flare} 326L{250 + flare} 327L232 76Z", "#000000", opacity=0.1)
    p.rect(140, 72, 120, 18, p.dark, r=4)
    p.line([(200, 90), (200, 136)], p.dark, 4)
    p.path("M152 96Q160 120 146 128M248 96Q240 120 254 128", line=p.dark, width=4)
    if p.pick([True, False]):
        p.rect(132, p.between(196, 216), 34, 40, p.dark, r=4, opacity=0.6)


def jeans(p: Pen) -> None:
    """Jeans with seams and turn-ups."""
    trousers(p)
    p.line([(150, 96), (130, 318)], p.accent, 2)
    p.line([(250, 96), (270, 318)], p.accent, 2)
    p.rect(116, 312, 66, p.between(12, 18), p.pale, r=3)
    p.rect(218, 312, 66, 15, p.pale, r=3)
    p.circle(200, 82, 5, p.accent)


def shorts(p: Pen) -> None:
    """A pair of shorts."""
    p.shadow(half=110)
    hem = p.between(248, 286)
    d = f"M128 110L272 110L304 {hem}L216 {hem + 10}L200 190L184 {hem + 10}L96 {hem}Z"
    p.path(d, p.base, line=p.base, width=6)
    _pattern(p, d, ("plain", "plain", "stripes", "dots"))
    p.rect(126, 104, 148, 20, p.dark, r=5)
    p.line([(192, 124), (188, 160)], p.pale, 4)
    p.line([(208, 124), (212, 160)], p.pale, 4)


def leggings(p: Pen) -> None:
    """Close-fitting tights."""
    p.shadow(half=70)
    p.path("M150 72L250 72Q270 180 236 326L206 326L200 170L194 326L164 326Q130 180 150 72Z", p.base)
    p.path("M250 72Q270 180 236 326L224 326Q252 180 234 72Z", p.accent, opacity=0.7)
    p.rect(148, 66, 104, p.between(24, 36), p.dark, r=6)


def skirt(p: Pen) -> None:
    """A skirt with folds."""
    p.shadow(half=110)
    p.path("M150 96L250 96L318 310Q200 340 82 310Z", p.base)
    for x in (130, 180, 240, p.between(262, 284)):
        p.line([(200 + (x - 200) * 0.4, 116), (x, 318)], p.dark, 4)
    p.rect(146, 86, 108, 20, p.dark, r=6)
    p.circle(232, 96, 5, p.accent)


def boots(p: Pen) -> None:
    """A boot."""
    p.shadow(half=130)
    shaft = p.between(92, 120)
    p.path(
        f"M112 {shaft}L212 {shaft}Q214 190 230 214Q304 230 322 288L322 304L104 304"
        f"Q116 200 112 {shaft}Z",
        p.base,
    )
    p.path("M230 214Q304 230 322 288L322 304L262 304Q270 250 222 206Z", p.dark)
    p.path("M98 300L328 300Q334 328 318 328L104 328Q96 320 98 300Z", DARK)
    for x in range(112, 318, 26):
        p.rect(x, 322, 15, 10, DARK)
    for number in range(4):
        y = shaft + 30 + number * 24
        p.line([(176, y), (216 + number * 4, y + 6)], p.accent, 5)
    p.rect(108, shaft - 6, 108, 18, p.deep, r=8)


def wellies(p: Pen) -> None:
    """Rubber boots."""
    p.shadow(half=130)
    for shift_x, tone in ((54, p.dark), (0, p.base)):
        top = 92 + p.between(0, 8)
        p.path(
            f"M{112 + shift_x} {top}L{196 + shift_x} {top}L{198 + shift_x} 240"
            f"Q{262 + shift_x} 250 {270 + shift_x} 312L{108 + shift_x} 312Z",
            tone,
            line=tone,
            width=6,
        )
        p.rect(104 + shift_x, 306, 172, 22, p.deep, r=8)
        p.rect(108 + shift_x, top - 2, 92, 14, p.pale, r=6)
    p.rect(128, p.between(170, 190), 50, 9, p.accent, r=4)


def running_shoes(p: Pen) -> None:
    """A running shoe."""
    p.shadow(half=140, y=318)
    p.path(
        "M72 190Q96 200 130 176Q150 214 214 230Q310 246 330 284L326 296L70 296Q60 240 72 190Z",
        p.base,
    )
    p.path("M214 230Q310 246 330 284L326 296L258 296Q256 250 214 230Z", p.dark)
    bend = p.between(226, 254)
    p.path(f"M96 286Q150 {bend} 232 282", line=p.accent, width=11)
    p.path("M60 290Q200 300 338 286Q346 312 322 316L78 316Q56 312 60 290Z", SOLE)
    p.path("M64 306Q200 314 334 304L322 316L78 316Z", p.accent)
    for number in range(4):
        p.line(
            [(150 + number * 22, 206 + number * 7), (136 + number * 22, 226 + number * 7)],
            p.pale,
            5,
        )


def sneakers(p: Pen) -> None:
    """A flat sneaker."""
    p.shadow(half=140, y=318)
    p.path("M84 182Q110 190 150 176Q172 222 232 236Q318 244 326 290L78 290Q74 230 84 182Z", p.base)
    p.path("M286 250Q326 260 326 290L266 290Q264 262 286 250Z", p.light)
    p.rect(68, 284, 268, 30, SOLE, r=12)
    p.rect(68, p.between(292, 300), 268, 5, p.accent)
    for number in range(4):
        p.line(
            [(166 + number * 20, 206 + number * 8), (152 + number * 20, 222 + number * 8)],
            "#ffffff",
            5,
        )


def sandals(p: Pen) -> None:
    """A sandal with straps."""
    p.shadow(half=130, y=318)
    p.path("M70 288Q160 262 330 280Q344 304 318 312L84 312Q64 306 70 288Z", "#6d5a48")
    p.path("M70 286Q160 260 330 278L326 292Q200 282 74 298Z", "#b99a78")
    lift = p.between(176, 196)
    p.path(f"M90 284Q100 {lift} 160 {lift}Q176 250 186 278", line=p.base, width=19)
    p.path("M216 280Q244 214 306 280", line=p.base, width=23)
    p.path("M160 190Q200 214 236 236", line=p.dark, width=13)
    p.rect(122, lift - 6, 22, 20, p.accent, r=4)


def slippers(p: Pen) -> None:
    """A felt slipper."""
    p.shadow(half=130, y=318)
    p.path("M72 296Q66 230 100 226Q150 240 190 214Q320 214 330 296Z", p.base)
    p.path(f"M100 228Q150 242 190 216Q180 {254 + p.between(-6, 10)} 120 250Z", p.deep)
    p.path("M190 214Q320 214 330 296L262 296Q256 236 190 214Z", p.dark)
    p.rect(64, 290, 274, 20, "#8d7355", r=10)
    p.circle(p.between(226, 250), 240, 9, p.accent)


def beanie(p: Pen) -> None:
    """A knitted hat."""
    p.shadow(half=110, y=316)
    p.path("M92 258Q88 110 200 104Q312 110 308 258Z", p.base)
    for x in (120, 146, 172, 200, 228, 254, 280):
        p.path(
            f"M{x} 250Q{x + (200 - x) * 0.3} 160 {200 + (x - 200) * 0.25} 120",
            line=p.dark,
            width=4,
        )
    p.rect(80, 244, 240, p.between(48, 62), p.light, r=16)
    for x in range(96, 312, 17):
        p.line([(x, 254), (x, 286)], p.dark, 3)
    if p.pick([True, False]):
        p.circle(200, 92, p.between(22, 30), p.accent)


def cap(p: Pen) -> None:
    """A cap with a peak."""
    p.shadow(half=130, y=300)
    p.path("M86 248Q82 130 190 126Q280 130 284 248Z", p.base)
    p.path("M190 126Q214 180 210 248L284 248Q280 140 190 126Z", p.dark)
    p.path(f"M200 246Q300 {232 + p.between(-6, 6)} 366 270Q320 282 196 268Z", p.deep)
    p.rect(84, 240, 202, 16, p.light, r=6)
    p.circle(190, 124, 8, p.accent)


def sun_hat(p: Pen) -> None:
    """A hat with a wide brim."""
    p.shadow(half=150, y=296)
    p.ellipse(200, 254, 158, p.between(32, 42), p.base)
    p.ellipse(200, 250, 120, 22, p.dark)
    p.path("M116 246Q116 132 200 128Q284 132 284 246Q200 268 116 246Z", p.base)
    p.path("M115 220Q200 244 285 220L284 248Q200 270 116 248Z", p.accent)
    p.path("M284 246Q284 140 220 130Q252 190 240 258Z", "#000000", opacity=0.08)


def gloves(p: Pen) -> None:
    """A pair of gloves."""
    p.shadow(half=120)
    for x, tone in ((112, p.base), (226, p.light)):
        for number, top in enumerate((150, 122, 118, 140)):
            p.line(
                [(x + 6 + number * 20, 210), (x + 4 + number * 21, top + p.between(-4, 4))],
                tone,
                18,
            )
        p.line([(x + 66, 250), (x + 92, 206)], tone, 19)
        p.rect(x - 4, 196, 80, 90, tone, r=16)
        p.rect(x - 4, 280, 80, 44, p.dark, r=8)
        p.rect(x - 4, 296, 80, 7, p.accent)


def mittens(p: Pen) -> None:
    """A pair of mittens."""
    p.shadow(half=120)
    for x, tone in ((104, p.base), (222, p.light)):
        p.line([(x + 70, 246), (x + 92, 206)], tone, 27)
        p.path(
            f"M{x} 290L{x} 170Q{x + 4} 108 {x + 38} 108Q{x + 74} 110 {x + 76} 170L{x + 76} 290Z",
            tone,
        )
        p.rect(x - 4, 280, 84, 46, p.dark, r=9)
        p.rect(x + 14, 160, 46, p.between(9, 16), p.accent, r=4)
        p.rect(x + 14, 190, 46, 10, p.accent, r=4)


def socks(p: Pen) -> None:
    """A pair of socks."""
    p.shadow(half=120)
    for x, tone in ((136, p.dark), (84, p.base)):
        tone = tone if not p.many else p.part(x)
        p.path(
            f"M{x} 96L{x + 76} 96L{x + 80} 220Q{x + 150} 250 {x + 156} 288"
            f"Q{x + 150} 326 {x + 100} 322L{x + 20} 300Q{x - 10} 280 {x} 220Z",
            tone,
        )
        p.path(f"M{x + 118} 246Q{x + 156} 262 {x + 156} 290Q{x + 148} 326 {x + 104} 322Z", p.pale)
        p.path(f"M{x - 2} 236Q{x + 34} 250 {x + 20} 300Q{x - 12} 280 {x - 2} 236Z", p.pale)
        p.rect(x - 3, 90, 82, 26, p.light, r=7)
        for number in range(p.pick([1, 2, 3])):
            p.rect(x, 132 + number * 24, 77, 10, p.accent)


def scarf(p: Pen) -> None:
    """A scarf with fringes."""
    p.shadow(half=100)
    p.path("M110 130Q200 74 290 130Q300 190 200 196Q100 190 110 130Z", p.base)
    p.path("M136 140Q200 110 264 140Q250 160 200 162Q150 160 136 140Z", p.deep)
    length = p.between(282, 306)
    p.poly([(214, 176), (278, 168), (292, length), (228, length + 4)], p.dark, soft=4)
    for y in (212, 236, 260):
        p.rect(226, y, 60, 10, p.accent)
    for x in range(232, 294, 11):
        p.line([(x, length), (x + 1, length + 24)], p.dark, 4)


def neck_tube(p: Pen) -> None:
    """A tube of cloth, or a bandana."""
    p.shadow(half=96)
    d = "M112 130Q200 96 288 130L296 316Q200 342 104 316Z"
    p.path(d, p.base)
    _pattern(p, d, ("dots", "stripes", "check"))
    p.ellipse(200, 128, 88, 24, p.deep)
    for y in (200, p.between(240, 262)):
        p.path(f"M110 {y}Q200 {y + 22} 290 {y}", line=p.dark, width=4)


def belt(p: Pen) -> None:
    """A coiled belt."""
    p.shadow(half=120)
    for r, tone in ((104, p.base), (78, p.dark), (54, p.base)):
        p.ellipse(200, 214, r, r * 0.92, "none", line=tone, width=21)
    p.rect(272, p.between(184, 202), 64, 56, "none", r=8)
    p.path("M280 190L330 190L330 246L280 246Z", line="#c9a85c", width=10)
    p.line([(280, 218), (316, 218)], "#c9a85c", 8)


def sunglasses(p: Pen) -> None:
    """A pair of sunglasses."""
    p.shadow(half=130, y=290)
    r = p.between(46, 56)
    for x in (128, 272):
        p.ellipse(x, 206, r + 8, r, "#2f3a45", line=p.base, width=13)
        p.path(f"M{x - 28} 196Q{x - 16} 170 {x + 6} 170", line="#8fa8b8", width=6)
    p.path(f"M{128 + r} 196Q200 176 {272 - r} 196", line=p.base, width=11)
    p.line([(128 - r - 4, 196), (50, 176)], p.dark, 10)
    p.line([(272 + r + 4, 196), (350, 176)], p.dark, 10)


DRAWINGS: dict[str, Drawing] = {
    "t-shirt": t_shirt,
    "polo shirt": polo,
    "shirt": shirt,
    "sweater": sweater,
    "cardigan": cardigan,
    "hoodie": hoodie,
    "long-sleeve top": long_sleeve,
    "rain jacket": rain_jacket,
    "softshell": rain_jacket,
    "poncho": poncho,
    "down jacket": down_jacket,
    "parka": parka,
    "wool coat": wool_coat,
    "fleece": fleece,
    "vest": vest,
    "reflective vest": reflective_vest,
    "trousers": trousers,
    "jeans": jeans,
    "shorts": shorts,
    "leggings": leggings,
    "skirt": skirt,
    "boots": boots,
    "wellies": wellies,
    "running shoes": running_shoes,
    "sneakers": sneakers,
    "sandals": sandals,
    "slippers": slippers,
    "beanie": beanie,
    "cap": cap,
    "sun hat": sun_hat,
    "gloves": gloves,
    "cycling gloves": gloves,
    "garden gloves": gloves,
    "mittens": mittens,
    "socks": socks,
    "scarf": scarf,
    "neck tube": neck_tube,
    "bandana": neck_tube,
    "belt": belt,
    "sunglasses": sunglasses,
}
