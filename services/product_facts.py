"""What the catalogue says of a product, found for a question about it."""

import re
from dataclasses import dataclass
from typing import Any, Literal

from db.reads.catalogue import ProductFacts
from services.embedding import Embedder
from services.text import Tokenizer, phrase, words

# The suffix of a fact's name is its unit.
UNITS = {
    "g": "g",
    "kg": "kg",
    "l": "l",
    "ml": "ml",
    "mm": "mm",
    "cm": "cm",
    "m": "m",
    "c": "°C",
    "w": "W",
    "inch": "in",
    "h": "h",
}
# How people ask for a fact: the words of a question -> words of the fact's name.
ASKED_AS = {
    "heavy": "weight",
    "weigh": "weight",
    "weighs": "weight",
    "light": "weight",
    "big": "capacity",
    "large": "capacity",
    "volume": "capacity",
    "litres": "capacity",
    "liters": "capacity",
    "hold": "capacity",
    "holds": "capacity",
    "people": "capacity",
    "persons": "capacity",
    "sleep": "capacity",
    "sleeps": "capacity",
    "fit": "capacity",
    "bright": "lumens",
    "brightness": "lumens",
    "thick": "thickness",
    "cold": "comfort",
    "temperature": "comfort",
    "warm": "comfort",
    "old": "age from",
    "age": "age from",
    "watts": "power",
    "powerful": "power",
    "rain": "waterproof",
    "wet": "waterproof",
    "dishwasher": "dishwasher safe",
    "microwave": "microwave safe",
    "wash": "machine washable",
    "washable": "machine washable",
    "laptop": "laptop",
}
SENTENCE = re.compile(r"(?<=[.!?])\s+")
# A sentence of the description this near to the question is worth quoting.
NEAR_ENOUGH = 0.45


@dataclass(frozen=True, slots=True)
class FactAnswer:
    """An answer from one row: what was asked, what the catalogue says, and in which column.

    kind: yes or no (a true or false fact), value (a fact with a value), quote (a sentence of the
    description), unknown (the catalogue does not say).
    """

    kind: Literal["yes", "no", "value", "quote", "unknown"]
    name: str = ""
    value: str = ""
    column: str = ""


def answer_from_facts(
    facts: ProductFacts, question: str, features: list[str], *, embedder: Embedder
) -> FactAnswer:
    """What the catalogue says to a question; `features` are properties named in it.

    A feature that the catalogue does not list is unknown, never denied.
    """
    if features:
        return _feature(facts, features[0])
    tokens = set(words(question)) | {ASKED_AS[w] for w in words(question) if w in ASKED_AS}
    if tokens & {"material", "made", "fabric", "materials"} and facts.material:
        return FactAnswer("value", "material", facts.material, "material")
    if facts.brand and ("brand" in tokens or "who makes" in phrase(question)):
        return FactAnswer("value", "brand", facts.brand, "brand")
    for key, value in facts.facts.items():
        name, text = readable(key, value)
        if name in tokens or set(name.split()) <= tokens:
            if isinstance(value, bool):
                return FactAnswer("yes" if value else "no", name, "", f"facts.{key}")
            return FactAnswer("value", name, text, f"facts.{key}")
    return _quote(facts, question, embedder)


def readable(key: str, value: Any) -> tuple[str, str]:
    """A fact's name in words, and its value with its unit: weight_g, 420 → weight, 420 g."""
    parts = key.split("_")
    unit = UNITS.get(parts[-1]) if len(parts) > 1 else None
    name = " ".join(parts[:-1] if unit else parts)
    if unit == "g" and isinstance(value, int) and value >= 1000:
        return name, f"{value / 1000:g} kg"
    return name, f"{value} {unit}" if unit else str(value)


def _feature(facts: ProductFacts, feature: str) -> FactAnswer:
    name = phrase(feature)
    for key, value in facts.facts.items():
        if phrase(key.replace("_", " ")) == name and isinstance(value, bool):
            return FactAnswer("yes" if value else "no", name, "", f"facts.{key}")
    tokenizer = Tokenizer()
    stems = set(tokenizer.stems(name))
    for sentence in SENTENCE.split(facts.description):
        if stems and stems <= set(tokenizer.stems(sentence)):
            return FactAnswer("quote", name, sentence, "description")
    return FactAnswer("unknown", name)


def _quote(facts: ProductFacts, question: str, embedder: Embedder) -> FactAnswer:
    sentences = [sentence for sentence in SENTENCE.split(facts.description) if sentence]
    if not sentences:
        return FactAnswer("unknown")
    likeness = embedder.vectors(sentences) @ embedder.vectors([question])[0]
    best = int(likeness.argmax())
    if likeness[best] < NEAR_ENOUGH:
        return FactAnswer("unknown")
    return FactAnswer("quote", "", sentences[best], "description")
