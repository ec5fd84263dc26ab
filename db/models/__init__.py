"""Every table, as typed SQLAlchemy models; docs/data-model.md draws them."""

from db.models.base import Base
from db.models.carts import Cart, CartLine, CartStatus, Order, OrderLine, Promotion, PromotionKind
from db.models.catalogue import Category, FaqEntry, Price, Product, Variant
from db.models.coupons import Coupon, CouponBudget, CouponState
from db.models.events import Event, EventName, ImportRun, ImportStatus, Quarantined
from db.models.mining import MinedPattern, MinedRule, MiningRun
from db.models.nudges import (
    Assignment,
    ChatOutbox,
    Exposure,
    Heartbeat,
    LinkPurpose,
    LinkToken,
    Nudge,
    NudgeState,
    NudgeStep,
    TelegramLink,
)
from db.models.people import Channel, Consent, Person, Visitor
from db.models.suggestions import Feedback, FeedbackKind, ModelVersion, Suggestion
from db.models.wishes import (
    ChannelAddress,
    NudgeReply,
    Pause,
    Reminder,
    ReplyKind,
    Suppression,
)

__all__ = [
    "Assignment",
    "Base",
    "Cart",
    "CartLine",
    "CartStatus",
    "Category",
    "Channel",
    "ChannelAddress",
    "ChatOutbox",
    "Consent",
    "Coupon",
    "CouponBudget",
    "CouponState",
    "Event",
    "EventName",
    "Exposure",
    "FaqEntry",
    "Feedback",
    "FeedbackKind",
    "Heartbeat",
    "ImportRun",
    "ImportStatus",
    "LinkPurpose",
    "LinkToken",
    "MinedPattern",
    "MinedRule",
    "MiningRun",
    "ModelVersion",
    "Nudge",
    "NudgeReply",
    "NudgeState",
    "NudgeStep",
    "Order",
    "OrderLine",
    "Pause",
    "Person",
    "Price",
    "Product",
    "Promotion",
    "PromotionKind",
    "Quarantined",
    "Reminder",
    "ReplyKind",
    "Suggestion",
    "Suppression",
    "TelegramLink",
    "Variant",
    "Visitor",
]
