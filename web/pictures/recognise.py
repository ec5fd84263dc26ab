"""Which drawing fits a product that no catalogue has given a kind: by the words of its name.

A wrong picture is worse than none, so the name's last thing counts ("candle holder" is no candle),
and what only sounds like something we can draw is left alone ("paper lantern kit").
"""

import re
from collections.abc import Iterable
from functools import cache

from web.pictures.pen import COLOURS

# Kinds whose name alone says too little: a "pot", a "bell" or "paper" may be anything.
_VAGUE = frozenset(
    {
        "balm tin", "ball", "bell", "blocks", "board", "cards", "chain", "dice", "felt pens",
        "filters", "grill", "hand tool", "lantern", "mat", "pack", "pan", "paper", "pendant",
        "pot", "pouch", "rake", "scale", "seeds", "spade", "tape", "tee",
    }
)  # fmt: skip
# Other words for what we can draw.
_SYNONYMS = {
    "backpack": ("rucksack", "school bag", "schoolbag"),
    "basket": ("hamper",),
    "blanket": ("throw", "bedspread"),
    "boots": ("boot", "ankle boots"),
    "bowl": ("mixing bowl", "cereal bowl", "pudding bowl"),
    "cap": ("baseball cap",),
    "candle": ("t light", "tealight", "tea light", "votive"),
    "coat": ("raincoat", "overcoat"),
    "cup": ("tea cup", "teacup", "egg cup", "cup and saucer"),
    "cushion": ("cushion cover", "floor cushion"),
    "jar": ("storage jar", "jam jar", "glass jar", "cookie jar", "biscuit jar"),
    "jeans": ("denims",),
    "knife": ("paring knife", "bread knife"),
    "lantern": ("camping lantern", "garden lantern"),
    "lunch box": ("lunchbox", "snack box", "bento box"),
    "mug": ("coffee mug",),
    "nest box": ("bird house", "birdhouse", "nesting box"),
    "notebook": ("notepad", "journal", "exercise book", "sketchbook"),
    "packing cubes": ("packing cube",),
    "pan": ("frying pan", "sauce pan", "saucepan", "skillet"),
    "pencils": ("pencil", "colouring pencils", "coloured pencils"),
    "planter": ("plant pot", "flower pot", "flowerpot", "herb pot"),
    "plate": ("dinner plate", "side plate", "cake plate"),
    "puzzle": ("jigsaw",),
    "cards": ("playing card", "card game"),
    "shirt": ("blouse", "oxford shirt", "linen shirt"),
    "sneakers": ("trainers", "sneaker"),
    "soft toy": ("teddy", "teddy bear", "plush", "cuddly toy"),
    "string lights": ("fairy lights", "light garland", "light chain"),
    "suitcase": ("trolley case",),
    "sun hat": ("straw hat", "bucket hat"),
    "sweater": ("jumper", "pullover"),
    "t-shirt": ("t shirt", "tee", "tshirt"),
    "table lamp": ("lamp", "bedside lamp"),
    "tea tin": ("tea caddy", "biscuit tin", "cookie tin", "cake tin", "storage tin"),
    "tea towel": ("dish towel", "kitchen towel"),
    "torch": ("flashlight",),
    "tote": ("bag", "tote bag", "shopper", "shopping bag", "handbag", "carrier bag"),
    "towel": ("bath towel", "hand towel", "beach towel"),
    "trousers": ("chinos", "slacks"),
    "umbrella": ("brolly",),
    "wash bag": ("toiletry bag", "washbag", "make up bag", "cosmetic bag"),
    "water bottle": ("drinking bottle",),
}
# What a thing stands in, hangs on or is made with is another thing.
_OTHER_THINGS = frozenset(
    {
        "bottle", "box", "bunting", "bracelet", "cabinet", "card", "case", "charm", "clip", "clock",
        "cover", "cutter", "decoration", "doorstop", "drawer", "earring", "frame", "garland",
        "hanger", "holder", "hook", "kit", "knob", "magnet", "mirror", "mould", "napkin",
        "necklace", "opener", "ornament", "purse", "rack", "ribbon", "ring", "shade", "shelf",
        "sign", "stand", "sticker", "tidy", "tile", "tissue", "tray", "tree", "warmer", "wick",
        "wrap", "wreath", "bag charm", "bauble", "bin", "candle stick", "candlestick", "eraser",
        "gift bag", "gloss", "hot water bottle", "incense", "marker", "oven glove", "parasol",
        "pin cushion", "plaque", "puppet", "puzzle book", "stick", "string", "toothpaste tube",
        "washing up glove",
    }
)  # fmt: skip
_ENDS = frozenset({"with", "for", "in", "of", "from", "by", "and", "w", "design"})
_WORD = re.compile(r"[a-z]+")


def kind_of(names: Iterable[str], *, kinds: Iterable[str]) -> str | None:
    """The kind that the first telling name tells, such as title and then category; else None."""
    phrases = _phrases(frozenset(kinds))
    for name in names:
        kind = _told(_words(name), phrases)
        if kind:
            return kind
    return None


def colour_of(name: str) -> str | None:
    """The first colour that the name tells."""
    return next((word for word in _WORD.findall(name.lower()) if word in COLOURS), None)


def _told(words: list[str], phrases: dict[tuple[str, ...], str]) -> str | None:
    """The kind of the last thing named before the name goes on to what is with it."""
    ends = [at for at, word in enumerate(words) if at and word in _ENDS]
    # "Set of 3 cake tins": what comes before the first "of" is no thing.
    head = words[: ends[0]] if ends else words
    found = _last_thing(head, phrases)
    if found is None and ends and words[ends[0]] == "of":
        found = _last_thing(words[ends[0] + 1 :], phrases)
    return found or None


def _last_thing(words: list[str], phrases: dict[tuple[str, ...], str]) -> str | None:
    """The kind of the last known thing, the longest phrase first; empty where it is another's."""
    longest = max(map(len, phrases))
    for end in range(len(words), 0, -1):
        for start in range(max(0, end - longest), end):
            phrase = tuple(words[start:end])
            if phrase in phrases:
                return phrases[phrase]
    return None


@cache
def _phrases(kinds: frozenset[str]) -> dict[tuple[str, ...], str]:
    """Every phrase and the kind it tells; other things tell the empty one."""
    told = {kind: kind for kind in kinds - _VAGUE}
    for kind, others in _SYNONYMS.items():
        if kind in kinds:
            told |= dict.fromkeys(others, kind)
    told = dict.fromkeys(_OTHER_THINGS, "") | told
    return {tuple(_words(phrase)): kind for phrase, kind in told.items()}


def _words(text: str) -> list[str]:
    """The words without their plural's s, for comparison alone."""
    words = _WORD.findall(text.lower())
    return [word.removesuffix("s") if not word.endswith("ss") else word for word in words]
