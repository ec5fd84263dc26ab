"""Drawings of bags."""

from web.pictures.pen import Drawing, Pen

DARK = "#3b3f46"


def backpack(p: Pen) -> None:
    """A tall pack with a lid and pockets."""
    p.shadow(half=100)
    p.rect(112, 110, 176, 218, p.base, r=36)
    p.rect(122, 82, 156, 66, p.dark, r=26)
    p.path("M180 84Q200 54 220 84", line=p.deep, width=9)
    p.rect(136, 214, 128, 96, p.light, r=18)
    p.rect(96, 214, 28, 92, p.dark, r=12)
    p.rect(276, 214, 28, 92, p.dark, r=12)
    for x in (150, 240):
        p.rect(x, 118, 10, p.between(60, 84), p.accent, r=4)
    p.rect(138, 240, 124, 5, p.dark)
    p.rect(288, 120, 10, 90, p.deep, r=5)


def daypack(p: Pen) -> None:
    """A small pack with a round top."""
    p.shadow(half=90)
    p.path("M116 318Q108 140 200 104Q292 140 284 318Q200 340 116 318Z", p.base)
    p.path("M176 112Q200 74 224 112", line=p.deep, width=9)
    p.path("M284 318Q292 160 232 116Q262 200 244 328Q268 326 284 318Z", "#000000", opacity=0.12)
    y = p.between(214, 232)
    p.path(f"M140 {y}Q200 {y - 18} 260 {y}L256 308Q200 322 144 308Z", p.light)
    p.path(f"M146 {y + 12}Q200 {y - 4} 254 {y + 12}", line=p.dark, width=4)
    p.line([(130, 180), (270, 180)], p.dark, 4)
    p.rect(192, y + 12, 9, 26, p.accent, r=3)


def duffel(p: Pen) -> None:
    """A holdall with two handles."""
    p.shadow(half=150)
    p.rect(56, 186, 288, 140, p.base, r=56)
    p.path("M130 200Q140 112 200 112Q260 112 270 200", line=p.dark, width=13)
    for x in (124, 262):
        p.rect(x, 190, 15, 134, p.dark)
    p.line([(96, 206), (304, 206)], p.accent, 4)
    p.rect(160, 240, 80, p.between(40, 56), p.light, r=8)
    p.path("M344 250Q344 326 288 326L288 186Q344 190 344 250Z", "#000000", opacity=0.12)


def tote(p: Pen) -> None:
    """A bag with long handles."""
    p.shadow(half=110)
    p.path(f"M150 172Q{156 + p.between(-6, 6)} 64 200 64Q246 64 250 172", line=p.dark, width=11)
    p.poly([(96, 166), (304, 166), (288, 324), (112, 324)], p.base, soft=8)
    p.poly([(304, 166), (288, 324), (240, 324), (250, 166)], "#000000", opacity=0.08)
    shape = p.pick([0, 1, 2])
    if shape == 0:
        p.circle(200, 246, 36, p.accent, opacity=0.85)
    elif shape == 1:
        for y in (206, 230, 254):
            p.rect(104, y, 192, 9, p.accent, opacity=0.85)
    else:
        p.path("M200 290Q160 240 200 200Q240 240 200 290Z", p.accent, opacity=0.85)


def hip_pack(p: Pen) -> None:
    """A pouch on a belt."""
    p.shadow(half=120, y=310)
    p.path("M40 186Q200 130 360 186", line=p.dark, width=17)
    p.path("M92 182Q200 150 308 182Q322 296 200 302Q78 296 92 182Z", p.base)
    y = p.between(206, 222)
    p.path(f"M106 {y}Q200 {y - 22} 294 {y}", line=p.accent, width=5)
    p.path("M122 244Q200 226 278 244Q270 290 200 292Q130 290 122 244Z", p.light)


def dry_bag(p: Pen) -> None:
    """A roll-top bag."""
    p.shadow(half=76)
    p.turned([(140, 60), (190, 70), (318, 70), (328, 62)])
    p.rect(130, 108, 140, 32, p.dark, r=10)
    p.rect(186, 98, 28, 44, DARK, r=5)
    p.circle(200, p.between(222, 246), 26, p.accent)
    p.rect(140, 290, 120, 8, p.pale, opacity=0.7)


DRAWINGS: dict[str, Drawing] = {
    "backpack": backpack,
    "running vest pack": daypack,
    "daypack": daypack,
    "duffel": duffel,
    "tote": tote,
    "hip pack": hip_pack,
    "running belt": hip_pack,
    "bar bag": hip_pack,
    "dry bag": dry_bag,
    "rain cover": dry_bag,
}
