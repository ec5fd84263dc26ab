"""A shop of fifteen products, small enough to know by heart, for tests of search and chat."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from db.models import Category, FaqEntry, Price, Product, Promotion, PromotionKind, Variant

CATEGORIES = {
    "jackets": ("Jackets", ["jacket", "raincoat", "parka"]),
    "tents": ("Tents", ["tent", "shelter"]),
    "coffee": ("Coffee", ["coffee maker", "brew"]),
}

# id: (title, brand, category, material, facts, description, {(colour, size): (stock, cents)})
PRODUCTS = {
    "jkt-rain": (
        "Drizzle Rain Jacket",
        "Kestrelby",
        "jackets",
        "recycled nylon",
        {"waterproof": True, "weight_g": 320},
        "A light shell for showers. The hood rolls into the collar.",
        {
            ("black", "S"): (3, 9900),
            ("black", "M"): (4, 9900),
            ("navy", "S"): (0, 9900),
            ("navy", "M"): (5, 9900),
            ("navy", "L"): (2, 9900),
        },
    ),
    "jkt-storm": (
        "Regn Shell Jacket",
        "Skaldvik",
        "jackets",
        "nylon",
        {"waterproof": True, "weight_g": 480},
        "A three-layer shell that moves with you.",
        {("red", "M"): (6, 24900), ("red", "L"): (6, 24900)},
    ),
    "jkt-black": (
        "Blackout Rain Jacket",
        "Kestrelby",
        "jackets",
        "polyester",
        {"waterproof": True},
        "All black, down to the zip teeth.",
        {("black", "M"): (7, 10900)},
    ),
    "jkt-city": (
        "Harbour Mac",
        "Wrenfold",
        "jackets",
        "rubberised cotton",
        {"waterproof": True, "windproof": True},
        "Welded seams, the way fishermen like them.",
        {("yellow", "M"): (4, 11900)},
    ),
    "jkt-leather": (
        "Rider Leather Jacket",
        "Wrenfold",
        "jackets",
        "leather",
        {},
        "Soft leather with a zip at the cuff.",
        {("brown", "M"): (2, 19900)},
    ),
    "jkt-gone": (
        "Vinter Parka",
        "Skaldvik",
        "jackets",
        "cotton",
        {"insulated": True},
        "A long winter parka with eleven pockets.",
        {("olive", "M"): (0, 29900)},
    ),
    "tnt-two": (
        "Alder 2 Tent",
        "Tarnholt",
        "tents",
        "ripstop nylon",
        {"waterproof": True, "weight_g": 2600, "capacity": 2},
        "A two-person dome that goes up in about seven minutes.",
        {("moss", None): (9, 17900)},
    ),
    "tnt-four": (
        "Longshore 4 Tent",
        "Velmoor",
        "tents",
        "polyester",
        {"waterproof": True, "capacity": 4},
        "A family tunnel with a dark bedroom at the back.",
        {("sand", None): (3, 34900)},
    ),
    "tnt-pegs": (
        "Rock Pegs, set of 10",
        "Tarnholt",
        "tents",
        "steel",
        {},
        "Forged pegs with a flat head you can hit with a stone.",
        {("steel", None): (40, 1490)},
    ),
    "caf-dripper": (
        "Cone Pour-Over Dripper",
        "Morrowcup",
        "coffee",
        "stoneware",
        {"dishwasher_safe": True},
        "Set it on a cup, add a paper filter and ground coffee, and pour slowly by hand.",
        {("cream", None): (12, 2490), ("black", None): (5, 2490)},
    ),
    "caf-filters": (
        "Paper Filters, 100",
        "Morrowcup",
        "coffee",
        "paper",
        {"compostable": True},
        "Unbleached cone filters that fit our drippers.",
        {(None, None): (80, 590)},
    ),
    "caf-press": (
        "French Press",
        "Morrowcup",
        "coffee",
        "glass",
        {"capacity_ml": 1000},
        "Four minutes, a slow press, a cup with body.",
        {("clear", None): (8, 3990)},
    ),
    "caf-grinder": (
        "Hand Grinder",
        "Morrowcup",
        "coffee",
        "stainless steel",
        {"weight_g": 500},
        "Steel burrs, thirty-six clicks, a handle that folds.",
        {("steel", None): (6, 5490)},
    ),
    "caf-kettle": (
        "Gooseneck Kettle",
        "Coppersby",
        "coffee",
        "stainless steel",
        {"capacity_l": 0.9},
        "A thin curved spout that puts water exactly where you look.",
        {("steel", None): (6, 6990)},
    ),
    "caf-mug": (
        "Commuter Travel Mug",
        "Morrowcup",
        "coffee",
        "stainless steel",
        {"insulated": True, "leakproof": True},
        "Hot for five hours and tight even upside down in a bag.",
        {("black", None): (2, 2990)},
    ),
}

FAQ = {
    "returns-period": ("Returns", "How long can I return something?", "You have 60 days."),
    "delivery-cost": ("Delivery", "How much does delivery cost?", "Delivery costs €4.90."),
    "payment-methods": ("Payment", "How can I pay?", "By card, bank transfer or invoice."),
}


def stock_shop(session: Session, *, now: datetime) -> None:
    """Put the shop into an empty database."""
    for key, (title, synonyms) in CATEGORIES.items():
        session.add(Category(id=key, title=title, synonyms=synonyms))
    session.flush()
    for key, (title, brand, category, material, facts, text, variants) in PRODUCTS.items():
        session.add(
            Product(
                id=key,
                title=title,
                brand=brand,
                category_id=category,
                material=material,
                facts=facts,
                description=text,
                updated_at=now,
            )
        )
        session.flush()
        for position, ((colour, size), (stock, amount)) in enumerate(variants.items()):
            sku = "-".join(part.lower() for part in (key, colour, size) if part)
            session.add(
                Variant(
                    id=sku,
                    product_id=key,
                    position=position,
                    colour=colour,
                    size=size,
                    stock=stock,
                )
            )
            session.flush()
            session.add(
                Price(variant_id=sku, amount=amount, currency="EUR", valid_from=now - LONG_AGO)
            )
    for key, (topic, question, answer) in FAQ.items():
        session.add(FaqEntry(id=key, topic=topic, question=question, answer=answer, updated_at=now))
    _promotions(session, now)


LONG_AGO = timedelta(days=100)


def _promotions(session: Session, now: datetime) -> None:
    day = timedelta(days=1)
    for code, title, kind, value, minimum, category, starts, ends in (
        ("BRIGHT5", "5% off everything", PromotionKind.PERCENT, 5, 0, None, -day, None),
        ("TRAIL15", "€15 off from €120", PromotionKind.AMOUNT, 1500, 12000, None, -day, 9 * day),
        ("BREW20", "20% off coffee", PromotionKind.PERCENT, 20, 0, "coffee", -day, 9 * day),
        ("OLD25", "25% off", PromotionKind.PERCENT, 25, 0, None, -9 * day, -day),
        ("SOON10", "10% off", PromotionKind.PERCENT, 10, 0, None, 2 * day, 9 * day),
    ):
        session.add(
            Promotion(
                code=code,
                title=title,
                kind=kind,
                value=value,
                minimum=minimum,
                currency="EUR",
                category_id=category,
                starts_at=now + starts,
                ends_at=None if ends is None else now + ends,
            )
        )
