"""The JSON that the API answers with, for OpenAPI and for the few answers built from models."""

from typing import Literal

from pydantic import BaseModel, Field


class MoneyJson(BaseModel):
    """An amount."""

    amount: int = Field(description="Minor units: 11900 is €119.00.")
    currency: str = Field(description="ISO 4217.")
    text: str = Field(description="As a shopper reads it.")


class ReasonJson(BaseModel):
    """Why a product is suggested."""

    text: str
    kind: str = Field(
        description="rule, sequence, similar, popular_in_category, popular, content or new."
    )


class CardJson(BaseModel):
    """A product as a card, for one of its variants."""

    product_id: str
    variant_id: str
    title: str
    brand: str | None
    colour: str | None
    size: str | None
    price: MoneyJson | None
    list_price: MoneyJson | None = Field(description="The price before a reduction.")
    picture: str = Field(description="A path on this server, or an absolute address.")
    url: str
    stock: Literal["in_stock", "low", "out"]
    reason: ReasonJson | None
    suggestion_id: str | None


class SuggestionJson(CardJson):
    """A suggested product."""

    rank: int
    source: str = Field(description="The model that spoke loudest for it.")


class RecommendationsJson(BaseModel):
    """Suggestions, best first."""

    surface: str
    model_version: str | None
    recommendations: list[SuggestionJson]


class RankedSuggestion(BaseModel):
    """A suggested product by its id."""

    product_id: str
    rank: int
    score: float
    source: str = Field(description="The model that spoke loudest for it.")
    shares: dict[str, float] = Field(description="How much each model gave; they add up to 1.")
    reason: ReasonJson
    suggestion_id: str


class RankedJson(BaseModel):
    """Suggestions as ids, best first."""

    surface: str
    model_version: str
    recommendations: list[RankedSuggestion]
    leaving: float | None = Field(
        description="How likely the shopper's open cart will not be bought in this visit; null "
        "where no cart is open, no visit runs, or the model does not know."
    )


class WhyJson(BaseModel):
    """What a suggestion rests on."""

    text: str
    kind: str = Field(description="As in a card's reason.")


class CartLineJson(CardJson):
    """A line of a cart."""

    quantity: int
    line_total: MoneyJson | None


class CartJson(BaseModel):
    """A cart at today's prices."""

    id: str | None
    lines: list[CartLineJson]
    count: int = Field(description="Pieces in all.")
    subtotal: MoneyJson
    discount: MoneyJson
    delivery: MoneyJson
    total: MoneyJson
    promotion_code: str | None
    free_delivery_gap: MoneyJson | None


class CartAnswer(BaseModel):
    """The cart, and the events that a change recorded, as a page pushes them to dataLayer."""

    cart: CartJson
    events: list[dict[str, object]] = []


class TermsJson(BaseModel):
    """Every word by which the catalogue may be asked for."""

    class Category(BaseModel):
        """A category and what else shoppers call it."""

        id: str
        title: str
        synonyms: list[str]

    class Title(BaseModel):
        """A product's name."""

        id: str
        title: str

    version: str
    categories: list[Category]
    brands: list[str]
    colours: list[str]
    sizes: list[str]
    materials: list[str]
    products: list[Title]


class VariantJson(BaseModel):
    """One buyable form of a product."""

    variant_id: str
    colour: str | None
    size: str | None
    price: MoneyJson
    list_price: MoneyJson | None
    stock: Literal["in_stock", "low", "out"]


class ProductJson(BaseModel):
    """A product with all its variants."""

    product_id: str
    title: str
    brand: str | None
    category: str | None
    description: str
    material: str | None
    facts: dict[str, object]
    picture: str
    url: str
    variants: list[VariantJson]


class SearchJson(BaseModel):
    """What a search found; `relaxed` names conditions that were dropped to find anything."""

    query: str
    total: int
    relaxed: list[str]
    products: list[CardJson]
