"""Drawings of fitness, travel and toys, and of small tins and bottles."""

from math import cos, pi, sin

from web.pictures.camping import rolled
from web.pictures.pen import MANY, Drawing, Pen

STEEL = "#b4bcc4"
WOOD = "#c99b66"
DARK = "#3b3f46"


def yoga_block(p: Pen) -> None:
    """A block with a strap."""
    p.shadow(half=120)
    p.box(92, 232, 190, 92, p.base, depth=52)
    p.path(f"M110 214Q180 {150 + p.between(-10, 10)} 270 206", line=p.accent, width=15)
    for _ in range(14):
        p.circle(p.between(100, 274), p.between(240, 316), 3, p.dark, opacity=0.6)


def strap(p: Pen) -> None:
    """A rolled strap or band."""
    p.shadow(half=110)
    for number, r in enumerate((98, 74, 50)):
        p.ellipse(200, 226, r, r * 0.96, "none", line=p.part(number), width=19)
    p.line([(296, 230), (330, p.between(300, 318))], p.base, 19)
    p.circle(200, 226, 24, "none", line=STEEL, width=8)


def bands(p: Pen) -> None:
    """Resistance bands of several strengths."""
    p.shadow(half=120)
    for number in range(5):
        y = 132 + number * 40
        p.ellipse(
            200, y + p.between(-3, 3), 116, 21, "none", line=p.part(number), width=13 + number * 1.5
        )


def dumbbell(p: Pen) -> None:
    """A dumbbell."""
    p.shadow(half=140, y=304)
    y = 232
    p.rect(130, y - 13, 140, 26, STEEL)
    size = p.between(52, 66)
    for x, tall in ((74, size), (100, size + 14), (272, size + 14), (300, size)):
        p.rect(x, y - tall, 27, 2 * tall, p.base, r=9)
        p.rect(x + 17, y - tall, 10, 2 * tall, "#000000", r=5, opacity=0.15)
    for x in (150, 170, 190, 210, 230, 248):
        p.line([(x, y - 10), (x + 6, y + 10)], DARK, 3)


def kettlebell(p: Pen) -> None:
    """A kettlebell."""
    p.shadow(half=100)
    w = p.between(50, 60)
    p.path(
        f"M{200 - w} 208L{190 - w * 0.5} 116Q200 92 {210 + w * 0.5} 116L{200 + w} 208",
        line=p.dark,
        width=25,
    )
    p.circle(200, 246, 84, p.base)
    p.path("M244 178Q296 236 250 314Q226 330 214 329Q262 262 244 178Z", "#000000", opacity=0.16)
    p.circle(200, 250, 34, p.pale)
    p.rect(184, 242, 32, 15, p.dark, r=4)


def rope(p: Pen) -> None:
    """A skipping rope."""
    p.path(
        f"M120 118Q{40 + p.between(-10, 20)} 350 200 300Q{350 + p.between(-10, 20)} 350 280 118",
        line=DARK,
        width=7,
    )
    for x, lean in ((120, 14), (280, -14)):
        p.line([(x, 130), (x + lean, 64)], p.base, 23)
        p.line([(x + lean * 0.2, 118), (x + lean * 0.8, 78)], p.accent, 6)


def roller(p: Pen) -> None:
    """A foam roller."""
    p.shadow(half=130)
    rolled_r = p.between(62, 72)
    y = 326 - rolled_r
    p.rect(84, y - rolled_r, 210, 2 * rolled_r, p.base, r=14)
    for row in range(3):
        for column in range(5):
            p.rect(98 + column * 36, y - 50 + row * 38, 24, 24, p.dark, r=7)
    p.circle(296, y, rolled_r, p.light)
    p.circle(296, y, rolled_r * 0.62, p.deep)


def ball(p: Pen) -> None:
    """A big ball, or two small ones."""
    p.shadow(half=100)
    p.circle(200, 222, 106, p.base)
    p.path("M246 128Q336 210 262 308Q230 330 204 328Q290 250 246 128Z", "#000000", opacity=0.12)
    for number in range(4):
        y = 172 + number * 34
        p.path(f"M100 {y}Q200 {y + p.between(24, 36)} 300 {y}", line=p.light, width=5, opacity=0.7)
    p.ellipse(162, 164, 24, 15, "#ffffff", opacity=0.35)


def small_balls(p: Pen) -> None:
    """Two massage balls."""
    p.shadow(half=120)
    for x, r, tone in ((144, 70, p.base), (268, 56, p.dark)):
        p.circle(x, 326 - r, r, tone)
        for number in range(9):
            angle = number * 2 * pi / 9 + p.between(0, 0.5)
            p.circle(
                x + r * 0.6 * cos(angle), 326 - r + r * 0.6 * sin(angle), 7, p.pale, opacity=0.7
            )


def bar(p: Pen) -> None:
    """A bar in a door frame."""
    p.rect(56, 60, 30, 270, "#e4dccb")
    p.rect(314, 60, 30, 270, "#e4dccb")
    p.rect(50, 50, 300, 26, "#d5cab4")
    y = p.between(126, 146)
    p.line([(70, y), (330, y)], p.base, 17)
    for x in (106, 262):
        p.rect(x, y - 14, 44, 28, p.dark, r=9)
    p.line([(150, 70), (150, y)], p.base, 9)
    p.line([(250, 70), (250, y)], p.base, 9)


def suitcase(p: Pen) -> None:
    """A suitcase on wheels."""
    p.shadow(half=100)
    p.path(
        f"M166 110L166 {p.between(50, 66)}L234 {p.between(50, 66)}L234 110",
        line=DARK,
        width=9,
    )
    p.rect(112, 106, 176, 208, p.base, r=24)
    grooves = p.pick([3, 4, 5])
    for number in range(grooves):
        x = 134 + number * 132 / (grooves - 1)
        p.rect(x - 4, 126, 8, 168, p.dark, r=4)
    p.rect(260, 106, 28, 208, "#000000", r=18, opacity=0.1)
    for x in (136, 264):
        p.circle(x, 320, 13, DARK)
    p.rect(184, 100, 32, 13, p.accent, r=5)


def cubes(p: Pen) -> None:
    """Packing cubes, stacked."""
    p.shadow(half=130)
    for number, (x, y, w, h) in enumerate(
        ((88, 246, 206, 80), (104, 172, 172, 72), (122, 110, 134, 60))
    ):
        tone = p.part(number)
        p.box(x, y, w, h, tone, depth=26)
        p.rect(x + 16, y + 14, w - 32, h - 34, p.pale, r=6, opacity=0.6)
        p.line([(x + 10, y + h - 10), (x + w - 10 - p.between(0, 26), y + h - 10)], p.accent, 4)


def neck_pillow(p: Pen) -> None:
    """A neck pillow."""
    p.shadow(half=110, y=318)
    p.path(
        f"M126 290Q72 180 140 126Q200 {84 + p.between(-8, 8)} 260 126Q328 180 274 290",
        line=p.base,
        width=58,
    )
    p.path("M120 270Q82 186 146 136Q200 104 254 136", line=p.light, width=9)
    p.rect(258, 268, 34, 17, p.accent, r=6)


def sleep_mask(p: Pen) -> None:
    """A mask for the eyes."""
    p.shadow(half=120, y=290)
    p.path("M40 186Q200 128 360 186", line=p.dark, width=11)
    p.path(
        "M76 190Q100 146 200 162Q300 146 324 190Q318 262 246 258Q214 252 200 222"
        "Q186 252 154 258Q82 262 76 190Z",
        p.base,
    )
    for x in (136, 264):
        p.path(f"M{x - 28} 206q28 {p.between(18, 30)} 56 0", line=p.pale, width=6)


def adapter(p: Pen) -> None:
    """A plug adapter."""
    p.shadow(half=90)
    p.box(130, 164, 124, 160, p.base, depth=40)
    for x in (166, 214):
        p.rect(x, p.between(116, 124), 13, 44, STEEL, r=4)
    p.circle(192, 226, 32, p.dark)
    p.circle(180, 226, 6, DARK)
    p.circle(204, 226, 6, DARK)
    p.rect(158, 282, 26, 11, DARK, r=5)
    p.rect(202, 282, 26, 11, p.accent, r=5)


def power_bank(p: Pen) -> None:
    """A power bank with a cable."""
    p.shadow(half=80)
    p.rect(138, 96, 124, 228, p.base, r=22)
    p.rect(228, 96, 34, 228, "#000000", r=18, opacity=0.1)
    lit = p.pick([2, 3, 4])
    for number in range(4):
        p.circle(170 + number * 20, 132, 6, p.accent if number < lit else p.dark)
    p.path("M200 96Q200 46 262 60Q320 74 312 140", line=DARK, width=8)
    p.rect(303, 136, 20, 34, DARK, r=5)


def wash_bag(p: Pen) -> None:
    """A wash bag or pouch with a zip."""
    p.shadow(half=120)
    p.path("M86 184Q200 158 314 184Q330 260 308 322Q200 334 92 322Q70 260 86 184Z", p.base)
    p.path("M86 184Q200 158 314 184L312 204Q200 180 88 204Z", p.dark)
    p.line([(100, 192), (p.between(286, 300), 192)], p.accent, 4)
    p.path("M308 190Q352 190 340 232", line=p.dark, width=9)
    p.rect(166, 240, 68, p.between(34, 50), p.light, r=8)


def little_bottles(p: Pen) -> None:
    """Small bottles in a row."""
    p.shadow(half=140)
    for number, x in enumerate((92, 164, 236, 308)):
        top = 196 + p.between(-14, 16)
        p.turned([(top, 12), (top + 18, 30), (320, 31), (327, 26)], p.part(number), x=x)
        p.rect(x - 15, top - 26, 30, 24, p.dark if not p.many else DARK, r=5)


def wallet(p: Pen) -> None:
    """A wallet or a passport holder."""
    p.shadow(half=120)
    p.rect(136, 118, 150, 120, "#8c3b46", r=8)
    p.circle(212, 168, p.between(17, 23), "none", line="#d9c58f", width=5)
    p.rect(90, 170, 220, 152, p.base, r=16)
    p.path("M96 196L304 196", line=p.light, width=3)
    p.rect(250, 222, 60, 46, p.dark, r=10)
    p.circle(272, 245, 8, p.accent)


def umbrella(p: Pen) -> None:
    """An open umbrella."""
    p.shadow(half=80)
    p.line([(200, 90), (200, 296)], DARK, 8)
    p.path("M200 290Q200 328 172 326Q152 322 154 302", line=WOOD, width=11)
    ends = 226 + p.between(-6, 6)
    p.path(
        f"M52 {ends}Q64 84 200 80Q336 84 348 {ends}Q300 200 274 {ends}Q238 200 200 {ends}"
        f"Q162 200 126 {ends}Q100 200 52 {ends}Z",
        p.base,
    )
    p.path(
        f"M200 80Q336 84 348 {ends}Q300 200 274 {ends}Q264 120 200 80Z",
        "#000000",
        opacity=0.12,
    )
    p.path(
        f"M200 80Q134 120 126 {ends}M200 80Q266 120 274 {ends}M200 80L200 {ends}",
        line=p.dark,
        width=3,
    )
    p.line([(200, 82), (200, 62)], DARK, 6)


def tag(p: Pen) -> None:
    """A luggage tag."""
    p.shadow(half=80)
    p.path(f"M200 136Q{230 + p.between(-10, 20)} 50 268 76Q290 110 210 140", line=p.dark, width=9)
    p.poly(
        [(166, 130), (234, 130), (274, 176), (274, 318), (126, 318), (126, 176)], p.base, soft=10
    )
    p.circle(200, 154, 11, "#f4efe2")
    p.rect(150, 206, 100, 82, "#f4efe2", r=6)
    for y in (226, 246, 266):
        p.rect(162, y, 76 - (y - 226), 6, p.dark)


def board_game(p: Pen) -> None:
    """A game box with pieces."""
    p.shadow(half=140)
    p.box(70, 204, 214, 86, p.base, depth=56)
    p.rect(88, 220, 178, 54, p.light, r=6)
    shape = p.pick([0, 1, 2])
    if shape == 0:
        p.poly([(177, 224), (196, 262), (158, 262)], p.accent)
    elif shape == 1:
        p.circle(177, 247, 19, p.accent)
    else:
        p.rect(160, 230, 34, 34, p.accent, r=5)
    for number, x in enumerate((96, 142, 300)):
        tone = MANY[(number + p.pick(range(6))) % 6]
        p.circle(x, 288, 12, tone)
        p.poly([(x - 15, 326), (x + 15, 326), (x + 6, 292), (x - 6, 292)], tone, soft=4)


def cards(p: Pen) -> None:
    """A hand of cards."""
    p.shadow(half=110)
    for number, angle in enumerate((-26, -9, 9, 26)):
        p.parts.append(f'<g transform="rotate({angle + p.between(-3, 3)} 200 340)">')
        p.rect(146, 108, 108, 164, "#fbf8ef", r=11)
        p.rect(156, 118, 88, 144, p.base if number < 3 else p.pale, r=7)
        p.circle(200, 190, 24, p.light if number < 3 else p.accent)
        p.parts.append("</g>")


def dice(p: Pen) -> None:
    """Two dice."""
    p.shadow(half=130)
    for x, y, tone in ((76, 216, p.base), (204, 190, p.light)):
        p.box(x, y, 104, 108, tone, depth=32)
        for dx, dy in p.pick([((52, 54),), ((26, 28), (78, 80)), ((26, 28), (52, 54), (78, 80))]):
            p.circle(x + dx, y + dy, 11, "#fbf8ef")


def puzzle(p: Pen) -> None:
    """Four pieces that fit."""
    p.shadow(half=130)
    for number, (x, y) in enumerate(((98, 106), (202, 106), (98, 210), (202, 210))):
        p.rect(x, y, 100, 100, p.part(number + p.pick([0, 1, 2, 3])), r=9)
    for x, y, number in ((202, 156, 0), (150, 210, 1), (252, 212, 2), (200, 260, 3)):
        p.circle(x, y, 19, p.part(number + 1), line="#ffffff", width=3)


def blocks(p: Pen) -> None:
    """Building blocks."""
    p.shadow(half=140)
    p.box(80, 242, 84, 84, p.part(0), depth=28)
    p.box(196, 242, 84, 84, p.part(1), depth=28)
    p.box(138, 160 + p.between(-3, 3), 84, 78, p.part(2), depth=28)
    p.poly([(142, 148), (232, 140), (194, 84)], p.part(3) if p.many else p.accent, soft=5)


def train(p: Pen) -> None:
    """A toy engine with a wagon."""
    p.shadow(half=160)
    p.rect(70, 238, 120, 62, p.part(0), r=8)
    p.rect(70, 164, 56, 82, p.part(1), r=6)
    p.rect(82, 180, 32, 34, "#fbf8ef", r=4)
    p.rect(152, p.between(188, 202), 24, 50, p.part(2), r=4)
    p.rect(222, 232, 120, 68, p.part(3), r=8)
    for x in (100, 160, 250, 314):
        p.circle(x, 306, 23, DARK)
        p.circle(x, 306, 9, p.accent)
    p.line([(190, 288), (222, 288)], DARK, 7)


def rainbow(p: Pen) -> None:
    """Stacked arches."""
    p.shadow(half=140)
    for number in range(6):
        r = 132 - number * 21
        p.path(
            f"M{200 - r} 326Q{200 - r} {326 - r * 1.5} 200 {326 - r * 1.5}"
            f"Q{200 + r} {326 - r * 1.5} {200 + r} 326",
            line=p.part(number),
            width=15 + p.between(0, 3),
        )


def marble_run(p: Pen) -> None:
    """Ramps and a marble."""
    p.shadow(half=140)
    for x in (100, 292):
        p.rect(x, 96, 17, 232, p.dark, r=5)
    for number in range(3):
        y = 122 + number * 66
        slope = 34 if number % 2 == 0 else -34
        p.line([(112, y if slope > 0 else y + 34), (300, y + 34 if slope > 0 else y)], p.base, 17)
    p.circle(p.between(140, 260), 128, 14, p.accent)
    p.circle(130, 300, 14, "#3f6fae")


def soft_toy(p: Pen) -> None:
    """A soft animal."""
    p.shadow(half=100)
    ear = p.between(22, 34)
    for x in (142, 258):
        p.circle(x, 122, ear, p.dark)
        p.circle(x, 122, ear * 0.5, p.pale)
    p.ellipse(200, 270, 82, 64, p.base)
    p.ellipse(200, 280, 48, 42, p.pale)
    p.circle(200, 164, 74, p.base)
    p.ellipse(200, 190, 38, 28, p.pale)
    for x in (172, 228):
        p.circle(x, 154, 9, DARK)
    p.ellipse(200, 178, 13, 9, DARK)
    p.path(f"M182 198q18 {p.between(12, 20)} 36 0", line=DARK, width=4)
    for x in (140, 260):
        p.ellipse(x, 314, 32, 20, p.dark)


def kite(p: Pen) -> None:
    """A kite on its line."""
    x, y = p.between(206, 236), p.between(110, 130)
    p.path(f"M{x} {y + 116}Q150 300 90 360", line=DARK, width=3)
    p.poly([(x, y - 76), (x + 92, y), (x, y + 120), (x - 92, y)], p.part(0))
    p.poly([(x, y - 76), (x + 92, y), (x, y)], p.part(1))
    p.poly([(x - 92, y), (x, y + 120), (x, y)], p.part(2))
    for number in range(4):
        tail_x, tail_y = x - 24 - number * 26, y + 150 + number * 28
        p.poly(
            [
                (tail_x - 13, tail_y - 8),
                (tail_x + 13, tail_y + 8),
                (tail_x + 10, tail_y - 10),
                (tail_x - 10, tail_y + 10),
            ],
            p.part(number),
        )


def bats(p: Pen) -> None:
    """Two bats and a ball."""
    p.shadow(half=130)
    for x, lean, tone in ((140, -24, p.base), (256, 24, p.light)):
        p.line([(x - lean * 0.4, 240), (x - lean * 1.2, 318)], WOOD, 19)
        p.ellipse(x, 168, 60, 72, tone)
        p.ellipse(x, 168, 60, 72, "none", line=p.dark, width=5)
    p.circle(p.between(188, 212), 292, 21, p.accent)


def disc(p: Pen) -> None:
    """A flying disc."""
    p.shadow(half=110, y=320)
    tilt = p.between(-16, 2)
    p.parts.append(f'<g transform="rotate({tilt} 200 200)">')
    p.ellipse(200, 216, 146, 60, p.dark)
    p.ellipse(200, 204, 146, 58, p.base)
    p.ellipse(200, 202, 104, 38, "none", line=p.light, width=6)
    p.ellipse(200, 201, 46, 16, p.accent)
    p.parts.append("</g>")
    for y in (150, 180):
        p.line([(18, y + 90), (58, y + 84)], p.pale, 5)


def science_kit(p: Pen) -> None:
    """Flasks and bubbles."""
    p.shadow(half=130)
    p.poly(
        [(124, 120), (156, 120), (156, 196), (206, 320), (74, 320), (124, 196)], "#dcecf1", soft=8
    )
    level = p.between(228, 256)
    half = 16 + (level - 196) * 0.4
    p.poly([(140 - half, level), (140 + half, level), (202, 318), (78, 318)], p.base, soft=6)
    p.rect(238, 130, 62, 194, "#dcecf1", r=28)
    p.rect(244, p.between(200, 240), 50, 84, p.accent, r=22)
    for _ in range(7):
        p.circle(p.between(100, 300), p.between(60, 120), p.between(4, 11), p.light)


def tin(p: Pen) -> None:
    """A round flat tin or a small box of patches."""
    p.shadow(half=120)
    p.turned([(250, 104), (312, 104), (326, 98)], p.dark)
    p.ellipse(200, 248, 106, 32, p.base)
    p.ellipse(200, 245, p.between(70, 84), 22, p.pale)
    p.path("M172 246q28 -16 56 0", line=p.dark, width=5)


def spray(p: Pen) -> None:
    """A spray or oil bottle."""
    p.shadow(half=66)
    p.turned([(170, 20), (190, 52), (316, 54), (328, 46)])
    p.rect(178, 126, 44, 44, DARK, r=6)
    p.poly(
        [(178, 126), (222, 126), (214, 108), (p.between(140, 150), 108), (150, 122)], DARK, soft=4
    )
    p.rect(148, 222, 104, 68, "#f4efe2", r=4)
    p.path("M200 276q-20 -20 0 -42q20 22 0 42Z", p.accent)


DRAWINGS: dict[str, Drawing] = {
    "yoga mat": rolled,
    "yoga block": yoga_block,
    "yoga strap": strap,
    "dumbbell": dumbbell,
    "kettlebell": kettlebell,
    "resistance band": bands,
    "skipping rope": rope,
    "foam roller": roller,
    "massage balls": small_balls,
    "exercise ball": ball,
    "pull up bar": bar,
    "suitcase": suitcase,
    "packing cubes": cubes,
    "shoe bags": cubes,
    "neck pillow": neck_pillow,
    "sleep mask": sleep_mask,
    "adapter": adapter,
    "power bank": power_bank,
    "cable pouch": wash_bag,
    "wash bag": wash_bag,
    "travel bottles": little_bottles,
    "travel wallet": wallet,
    "umbrella": umbrella,
    "luggage tag": tag,
    "board game": board_game,
    "cards": cards,
    "dice": dice,
    "puzzle": puzzle,
    "blocks": blocks,
    "train set": train,
    "stacking rainbow": rainbow,
    "marble run": marble_run,
    "soft toy": soft_toy,
    "kite": kite,
    "bat and ball": bats,
    "flying disc": disc,
    "science kit": science_kit,
    "balm tin": tin,
    "repair patches": tin,
    "puncture kit": tin,
    "spray bottle": spray,
    "chain oil": spray,
}
