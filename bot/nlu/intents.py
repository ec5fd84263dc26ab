"""The Rasa component that tells what a shopper wants done."""

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any
from zoneinfo import ZoneInfo

import joblib
import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import ENTITIES, INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from sklearn.linear_model import LogisticRegression

from nlu.features import Features, masked
from nlu.language import Language, Words, words_of
from nlu.matcher import READING
from nlu.spans import Found, covered
from nlu.understanding import EMPTY_TERMS, Reading, Understanding, blank_language

_FILE = "intents.joblib"
_RANKED = 5
# Inverse strength of the regularisation, chosen on the held-out phrasings of tests/held_out.yml.
STRENGTH = 20.0
# What a message is that no classifier of English should guess at.
NOT_ENGLISH = {Language.OTHER: "other_language", Language.NONE: "nlu_fallback"}


class IntentModel:
    """Multinomial logistic regression over the three views of a sentence (see nlu.features).

    Messages that are not English are told apart before, by their words (see nlu.language).
    """

    def __init__(self) -> None:
        self._features = Features()
        self._classifier = LogisticRegression(
            C=STRENGTH, class_weight="balanced", max_iter=400, random_state=0
        )

    def fit(
        self, texts: Sequence[str], found: Sequence[Sequence[Found]], intents: Sequence[str]
    ) -> None:
        """Learn from sentences, what was found in them, and their intents."""
        english = [at for at, intent in enumerate(intents) if intent not in NOT_ENGLISH.values()]
        texts = [texts[at] for at in english]
        masks = [masked(text, found[at]) for text, at in zip(texts, english, strict=True)]
        self._features.fit(masks)
        self._classifier.fit(self._features.rows(masks, texts), [intents[at] for at in english])
        self._words = Words.read(word for text in texts for word in words_of(text))

    def rank(self, text: str, found: Sequence[Found]) -> list[tuple[str, float]]:
        """Intents with their probabilities, the likeliest first."""
        decided = NOT_ENGLISH.get(self._words.language_of(text, found))
        if decided is not None:
            return [(decided, 1.0)]
        row = self._features.rows([masked(text, found)], [text])
        chances = self._classifier.predict_proba(row)[0]
        return [
            (str(self._classifier.classes_[index]), float(chances[index]))
            for index in np.argsort(-chances)
        ]


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class ShopIntentClassifier(GraphComponent, IntentClassifier):
    """Sets the intent and the ranking of each message that CatalogueMatcher has read."""

    def __init__(
        self, storage: ModelStorage, resource: Resource, model: IntentModel | None
    ) -> None:
        self._storage = storage
        self._resource = resource
        self._model = model

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> "ShopIntentClassifier":
        """An untrained classifier."""
        return cls(model_storage, resource, None)

    def train(self, training_data: TrainingData) -> Resource:
        """Learn from the examples and keep what was learnt."""
        examples = [
            example
            for example in training_data.intent_examples
            if example.get(INTENT) and example.get(TEXT)
        ]
        reader = Understanding(EMPTY_TERMS, nlp=blank_language(), zone=ZoneInfo("UTC"))
        model = IntentModel()
        model.fit(
            [example.get(TEXT) for example in examples],
            [_annotated(example, reader) for example in examples],
            [example.get(INTENT) for example in examples],
        )
        with self._storage.write_to(self._resource) as folder:
            joblib.dump(model, folder / _FILE)
        return self._resource

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> "ShopIntentClassifier":
        """The trained classifier."""
        with model_storage.read_from(resource) as folder:
            return cls(model_storage, resource, joblib.load(folder / _FILE))

    def process(self, messages: list[Message]) -> list[Message]:
        """Set intent and ranking; a message without a reading (no text) is left alone."""
        for message in messages:
            reading: Reading | None = message.get(READING)
            if reading is None or self._model is None:
                continue
            ranking = [
                {"name": name, "confidence": chance}
                for name, chance in self._model.rank(reading.text, reading.found)
            ]
            message.set("intent", ranking[0], add_to_output=True)
            message.set("intent_ranking", ranking[:_RANKED], add_to_output=True)
        return messages


def _annotated(example: Message, reader: Understanding) -> list[Found]:
    """The example's annotations and what the finders see beside them."""
    marked = [
        Found(entity["entity"], entity.get("value"), entity["start"], entity["end"])
        for entity in example.get(ENTITIES, [])
    ]
    seen = reader.read(example.get(TEXT), now=datetime.now(timezone.utc)).original
    return marked + [span for span in seen if not covered(marked, span.start, span.end)]
