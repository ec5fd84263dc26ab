"""A product put into the demo shop after training, suggested to whoever it may suit."""

from pathlib import Path

from core.clock import SimulatedClock
from core.settings import Settings
from db.engine import read_session
from db.models import Product
from db.reads.training import event_frame, item_frame
from recommender.prepared import prepare
from recommender.protocol import ReasonKind
from recommender.training import counts_only
from services.suggest import ShownSuggestion, SuggestionService
from tests.integration.demo.conftest import NOW, Shop
from tests.integration.services.asking import publish, suggest, view
from tests.integration.services.test_newcomers import put_in
from tests.visitors import create_visitor


def test_a_new_tent_is_suggested_to_who_looks_at_tents_and_to_nobody_else(
    shop: Shop, tmp_path: Path
) -> None:
    clock, sessions = SimulatedClock(NOW), shop.sessions
    with read_session(sessions) as session:
        bundle = counts_only(prepare(event_frame(session), item_frame(session, now=NOW)))
    publish(tmp_path, "v1", bundle.vocabulary.fingerprint, bundle.parts())
    service = SuggestionService(Settings.model_validate({"models_dir": tmp_path}))
    tent = Product(id="tnt-new", title="Tarnholt Alder 4 Tent", brand="Tarnholt")
    tent.category_id = "tents"
    put_in(sessions, clock, tent, amount=15_900)
    service.freshen(sessions, clock.now())

    def shown_after(product: str) -> dict[str, ShownSuggestion]:
        with sessions.begin() as session:
            visitor = create_visitor(session, now=clock.now())
        view(sessions, visitor, clock, product)
        shown = suggest(service, sessions, visitor, clock, k=20)
        return {one.product_id: one for one in shown}

    new = shown_after("tnt-01")["tnt-new"]
    assert new.reason.kind is ReasonKind.NEW
    assert new.reason_text == "New in Tents & shelters"
    assert "tnt-new" not in shown_after("caf-01")
