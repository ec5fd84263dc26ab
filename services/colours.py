"""What a shopper's colour word covers: blue is navy and sky blue too."""

from services.text import phrase

# Everyday colour -> the shades it covers. What a shop calls by the everyday word needs no entry.
FAMILIES: dict[str, frozenset[str]] = {
    "black": frozenset({"jet", "onyx", "ebony"}),
    "blue": frozenset(
        {"navy", "denim", "indigo", "cobalt", "azure", "turquoise", "teal", "petrol"}
    ),
    "brown": frozenset({"tan", "cognac", "chocolate", "coffee", "walnut", "camel", "copper"}),
    "green": frozenset({"moss", "olive", "forest", "sage", "khaki", "mint", "emerald", "teal"}),
    "grey": frozenset({"gray", "charcoal", "slate", "graphite", "anthracite", "steel", "silver"}),
    "orange": frozenset({"rust", "amber", "apricot", "terracotta"}),
    "pink": frozenset({"rose", "blush", "fuchsia", "magenta"}),
    "purple": frozenset({"lilac", "violet", "plum", "lavender", "aubergine"}),
    "red": frozenset({"burgundy", "crimson", "scarlet", "rust", "maroon", "bordeaux"}),
    "white": frozenset({"cream", "ivory", "natural", "ecru"}),
    "yellow": frozenset({"mustard", "gold", "ochre", "amber", "lemon"}),
    "beige": frozenset({"sand", "cream", "natural", "ecru", "stone", "tan"}),
}


def covers(wanted: str, actual: str) -> bool:
    """Whether a thing of the actual colour is what somebody asking for the wanted one means."""
    asked, has = phrase(wanted), set(phrase(actual).split())
    asked = "grey" if asked == "gray" else asked
    if set(asked.split()) <= has:
        return True
    return bool(FAMILIES.get(asked, frozenset()) & has)
