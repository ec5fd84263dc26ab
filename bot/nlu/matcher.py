"""The Rasa component that puts the entities into a message."""

from datetime import datetime, timezone
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message

from nlu.settings import Settings
from nlu.spans import Found
from nlu.understanding import EMPTY_TERMS, Reading, Understanding, blank_language
from nlu.vocabulary import CatalogueTerms, Terms

# Under this key a message carries its Reading to the intent classifier.
READING = "cartwright_reading"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class CatalogueMatcher(GraphComponent):
    """Finds the catalogue's words, prices, counts, periods, codes, and what is not wanted.

    Learns nothing; the catalogue's words are fetched from the web process while it runs.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._understanding = self._built(EMPTY_TERMS)

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> "CatalogueMatcher":
        """A matcher without a catalogue; used in training graphs."""
        return cls(Settings.from_environment())

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> "CatalogueMatcher":
        """A matcher that follows the catalogue."""
        matcher = cls(Settings.from_environment())
        terms = CatalogueTerms(
            url=matcher._settings.terms_url,
            copy=matcher._settings.terms_copy,
            changed=matcher.use_terms,
        )
        terms.start()
        return matcher

    def use_terms(self, terms: Terms) -> None:
        """Match the words of these terms from now on; malformed ones raise and change nothing."""
        self._understanding = self._built(terms)

    def _built(self, terms: Any) -> Understanding:
        # spaCy's vocabulary grows with each catalogue; a fresh one lets the old be collected.
        return Understanding(
            terms,
            nlp=blank_language(),
            zone=self._settings.zone,
            minor_digits=self._settings.minor_digits,
        )

    def process(self, messages: list[Message]) -> list[Message]:
        """Set the entities of each message that has a text."""
        now = datetime.now(timezone.utc)
        for message in messages:
            text: str | None = message.get(TEXT)
            if not text:
                continue
            reading: Reading = self._understanding.read(text, now=now)
            message.set(READING, reading)
            entities = [_entity(span) for span in reading.original]
            message.set(ENTITIES, message.get(ENTITIES, []) + entities, add_to_output=True)
        return messages


def _entity(span: Found) -> dict[str, Any]:
    entity = {
        "entity": span.entity,
        "value": span.value,
        "start": span.start,
        "end": span.end,
        "extractor": CatalogueMatcher.__name__,
    }
    if span.role:
        entity["role"] = span.role
    return entity
