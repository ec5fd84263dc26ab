"""The page of one product."""

from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from db.engine import read_session
from db.pricing import DeliveryRule
from db.reads.catalogue import ProductFacts, VariantFacts, categories, product_facts
from recommender.protocol import Surface
from services.cards import product_url, stock_level
from web import tracking
from web.shop.browse import category_steps
from web.shop.facts import fact_rows
from web.shop.listing import size_key
from web.shop.render import script_json
from web.shop.tiles import go_together, suggestion_tiles, tile
from web.shop.visit import PageMissing, PageVisit, Visit

router = APIRouter(include_in_schema=False)

GOES_WITH = 4


@router.get("/products/{product_id:path}")
def product(visit: PageVisit, product_id: str) -> HTMLResponse:
    """A product, with the variant that the address names or the best one."""
    query = visit.request.query_params
    return product_page(
        visit,
        product_id,
        variant_id=query.get("variant", ""),
        colour=query.get("colour", ""),
    )


def product_page(
    visit: Visit,
    product_id: str,
    *,
    variant_id: str = "",
    colour: str = "",
    problem: str = "",
    status: int = 200,
) -> HTMLResponse:
    """The page, with what went wrong on it if something did. Raises PageMissing."""
    with read_session(visit.sessions) as session:
        facts = product_facts(session, [product_id], now=visit.now).get(product_id)
    if facts is None or not facts.variants:
        raise PageMissing(visit.words.missing.product)
    shown = visit.suggest(Surface.PRODUCT, k=GOES_WITH, anchor=product_id)
    with read_session(visit.sessions) as session:
        shelves = categories(session)
        by_id = {shelf.id: shelf for shelf in shelves}
        chosen = _chosen(facts, variant_id=variant_id, colour=colour)
        card = tile(facts, chosen, settings=visit.settings)
        viewed = tracking.item(card, category=facts.category_title)
        return visit.draw(
            session,
            "product.html",
            status=status,
            shelves=shelves,
            steps=[*category_steps(facts.category_id, by_id), {"title": facts.title, "url": ""}],
            product=facts,
            card=card,
            chosen=chosen,
            colours=_colours(facts),
            sizes=_sizes(visit, facts, chosen),
            facts=fact_rows(facts, visit.words),
            delivery_line=_delivery_line(visit, chosen),
            goes_with=suggestion_tiles(shown, settings=visit.settings, back=visit.here),
            together=go_together(shown),
            json_ld=script_json(_json_ld(visit, facts, card, chosen)),
            problem=problem,
            events=[
                tracking.event(
                    "view_item",
                    currency=chosen.price.currency,
                    value=tracking.major(card["price"]),
                    items=[viewed],
                )
            ],
        )


def _chosen(facts: ProductFacts, *, variant_id: str, colour: str) -> VariantFacts:
    for variant in facts.variants:
        if variant.variant_id == variant_id:
            return variant
    coloured = [variant for variant in facts.variants if variant.colour == colour]
    candidates = coloured or list(facts.variants)
    return next((variant for variant in candidates if variant.stock > 0), candidates[0])


def _colours(facts: ProductFacts) -> list[SimpleNamespace]:
    """Every colour in the shop's order, with the address that picks it."""
    in_stock: dict[str, bool] = {}
    for variant in facts.variants:
        if variant.colour:
            in_stock[variant.colour] = in_stock.get(variant.colour, False) or variant.stock > 0
    base = product_url(facts.product_id)
    return [
        SimpleNamespace(name=name, out=not there, url=f"{base}?{urlencode({'colour': name})}")
        for name, there in in_stock.items()
    ]


def _sizes(visit: Visit, facts: ProductFacts, chosen: VariantFacts) -> list[SimpleNamespace]:
    """The sizes of the chosen colour, with what changes on the page when one is picked."""
    variants = [variant for variant in facts.variants if variant.colour == chosen.colour]
    variants.sort(key=lambda variant: size_key(variant.size or ""))
    sizes = []
    for variant in variants:
        card = tile(facts, variant, settings=visit.settings)
        sizes.append(
            SimpleNamespace(
                name=variant.size,
                variant_id=variant.variant_id,
                stock=stock_level(variant.stock),
                stock_html=visit.pages.draw_macro("macros.html", "stock", card),
                price_html=visit.pages.draw_macro("macros.html", "price_line", card),
            )
        )
    return sizes


def _delivery_line(visit: Visit, chosen: VariantFacts) -> str:
    words, rule = visit.words.product, DeliveryRule.of(visit.settings)
    if chosen.price.currency == rule.free_from.currency and chosen.price >= rule.free_from:
        return str(words.delivery_free)
    return str(
        words.delivery_fee.format(
            fee=rule.fee.text(visit.settings.locale),
            amount=rule.free_from.text(visit.settings.locale),
        )
    )


def _json_ld(
    visit: Visit, facts: ProductFacts, card: dict[str, Any], chosen: VariantFacts
) -> dict[str, Any]:
    """schema.org's Product, for search engines."""
    base = visit.settings.web_url.rstrip("/")
    price = chosen.price.major()
    availability = "InStock" if chosen.stock > 0 else "OutOfStock"
    picture = card["picture"]
    data = {
        "@context": "https://schema.org",
        "@type": "Product",
        "productID": facts.product_id,
        "sku": chosen.variant_id,
        "name": facts.title,
        "description": facts.description,
        "image": f"{base}{picture}" if picture.startswith("/") else picture,
        "offers": {
            "@type": "Offer",
            "url": base + product_url(facts.product_id),
            "price": str(price),
            "priceCurrency": chosen.price.currency,
            "availability": f"https://schema.org/{availability}",
        },
    }
    if facts.brand:
        data["brand"] = {"@type": "Brand", "name": facts.brand}
    return data
