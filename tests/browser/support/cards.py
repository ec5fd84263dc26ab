"""Products and carts as the server sends them, for the widget's own tests."""

from typing import Any

PRODUCTS = [
    ("storm", "Northbeck", "Stormline Waterproof Jacket", "Navy", "M", 11900, 14900, "in_stock"),
    ("drift", "Hale & Moor", "Drift Packable Rain Jacket", "Moss", "M", 7950, None, "low"),
    ("kestrel", "Northbeck", "Kestrel Shell with a Hood", "Rust", "L", 9900, None, "out"),
]


def money(amount: int) -> dict[str, Any]:
    """Euros, as the API writes them."""
    return {"amount": amount, "currency": "EUR", "text": f"€{amount / 100:,.2f}"}


def card(key: str = "storm", **changes: Any) -> dict[str, Any]:
    """One product of the few."""
    found = next(product for product in PRODUCTS if product[0] == key)
    product_id, brand, title, colour, size, price, before, stock = found
    return {
        "product_id": product_id,
        "variant_id": f"{product_id}-{size}",
        "title": title,
        "brand": brand,
        "colour": colour,
        "size": size,
        "price": money(price),
        "list_price": money(before) if before else None,
        "picture": f"/pictures/{product_id}.svg",
        "url": f"/products/{product_id}",
        "stock": stock,
        "reason": None,
        "suggestion_id": None,
        **changes,
    }


def suggested(key: str, reason: str) -> dict[str, Any]:
    """A product with the reason it is suggested for."""
    return card(key, reason={"text": reason, "kind": "rule"}, suggestion_id=f"s-{key}")


def cart(**quantities: int) -> dict[str, Any]:
    """A cart with so many of each product."""
    lines = [
        card(key)
        | {"quantity": quantity, "line_total": money(card(key)["price"]["amount"] * quantity)}
        for key, quantity in quantities.items()
    ]
    subtotal = sum(line["line_total"]["amount"] for line in lines)
    delivery = 0 if subtotal >= 5000 else 490
    return {
        "id": "cart",
        "lines": lines,
        "count": sum(quantities.values()),
        "subtotal": money(subtotal),
        "discount": money(0),
        "delivery": money(delivery),
        "total": money(subtotal + delivery),
        "promotion_code": None,
        "free_delivery_gap": money(5000 - subtotal) if delivery else None,
    }
