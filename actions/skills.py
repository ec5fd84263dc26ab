"""Every action that the bot may call."""

from rasa_sdk import Action

from actions.cart import AddToCart, ChangeQuantity, ClearCart, RemoveFromCart, ViewCart
from actions.choosing import Compare, PickOne
from actions.context import Shop
from actions.fallback import Affirm, Deny, Fallback, StopTalk
from actions.finder import SubmitProductFinder, ValidateProductFinder
from actions.history import LeftInCart, Purchases
from actions.objections import (
    BoughtElsewhere,
    DeliveryCost,
    JustLooking,
    SizeDoubt,
    TooExpensive,
)
from actions.promotions import ApplyCoupon, Promotions, WhyNotCoupon
from actions.questions import Faq, ProductFact
from actions.reminders import CancelReminder, RemindMe, StopReminders, UndoStop, WhyReminded
from actions.search import RefineSearch, SearchProducts, ShowMore
from actions.suggest import GoesWith, NotInterested, Suggest, TopUp, WhyThis

ACTIONS = (
    AddToCart,
    Affirm,
    ApplyCoupon,
    BoughtElsewhere,
    CancelReminder,
    ChangeQuantity,
    ClearCart,
    Compare,
    DeliveryCost,
    Deny,
    Fallback,
    Faq,
    GoesWith,
    JustLooking,
    LeftInCart,
    NotInterested,
    PickOne,
    ProductFact,
    Promotions,
    Purchases,
    RefineSearch,
    RemindMe,
    RemoveFromCart,
    SearchProducts,
    ShowMore,
    SizeDoubt,
    StopReminders,
    StopTalk,
    SubmitProductFinder,
    Suggest,
    TooExpensive,
    TopUp,
    UndoStop,
    ValidateProductFinder,
    ViewCart,
    WhyNotCoupon,
    WhyReminded,
    WhyThis,
)


def all_actions(shop: Shop) -> list[Action]:
    """Each action, working on the shop."""
    return [action(shop) for action in ACTIONS]
