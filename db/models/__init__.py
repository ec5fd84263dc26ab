"""Every table, as typed SQLAlchemy models; docs/data-model.md draws them."""

from db.models.base import Base
from db.models.carts import Cart, CartLine, CartStatus, Order, OrderLine, Promotion, PromotionKind
from db.models.catalogue import Category, FaqEntry, Price, Product, Variant
from db.models.events import Event, EventName, ImportRun, ImportStatus, Quarantined
from db.models.mining import MinedPattern, MinedRule, MiningRun
from db.models.people import Channel, Consent, Person, Visitor
from db.models.suggestions import Feedback, FeedbackKind, ModelVersion, Suggestion

__all__ = [
    "Base",
    "Cart",
    "CartLine",
    "CartStatus",
    "Category",
    "Channel",
    "Consent",
    "Event",
    "EventName",
    "FaqEntry",
    "Feedback",
    "FeedbackKind",
    "ImportRun",
    "ImportStatus",
    "MinedPattern",
    "MinedRule",
    "MiningRun",
    "ModelVersion",
    "Order",
    "OrderLine",
    "Person",
    "Price",
    "Product",
    "Promotion",
    "PromotionKind",
    "Quarantined",
    "Suggestion",
    "Variant",
    "Visitor",
]
