"""The catalogue as arrays: conditions are masks, words BM25, meaning a matrix product.

Built whole from rows and never changed after, so any number of threads may read it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import bm25s
import numpy as np
from numpy.typing import NDArray

from db.reads.search import CategoryRow, ProductRow, VariantRow
from services.colours import covers
from services.embedding import Embedder, Vectors
from services.query import Attribute
from services.text import Tokenizer, bm25_index, content_words, nearest, phrase, words

type Mask = NDArray[np.bool_]
type Floats = NDArray[np.float32]
type Ints = NDArray[np.int64]

# How often a field's words count in BM25 (a simple form of BM25F: repeat the words).
TITLE_WEIGHT = 2


class Codes:
    """The different values of one attribute, and which of them a wanted word names."""

    def __init__(self, values: Iterable[str | None]) -> None:
        self.values: list[str] = []
        numbers: dict[str, int] = {}
        codes = []
        for value in values:
            key = phrase(value) if value else ""
            if not key:
                codes.append(-1)
                continue
            if key not in numbers:
                numbers[key] = len(self.values)
                self.values.append(str(value))
            codes.append(numbers[key])
        self.codes: Ints = np.array(codes, dtype=np.int64)

    def matching(self, wanted: Iterable[str], covers: Callable[[str, str], bool]) -> Mask:
        """Which rows have a value that one of the wanted values covers."""
        asked = list(wanted)
        lookup = np.zeros(len(self.values) + 1, dtype=np.bool_)  # the last stands for no value
        for number, known in enumerate(self.values):
            lookup[number] = any(covers(value, known) for value in asked)
        return lookup[self.codes]


def same(wanted: str, actual: str) -> bool:
    """Whether two names are the same but for case and punctuation."""
    return phrase(wanted) == phrase(actual)


def part_of(wanted: str, actual: str) -> bool:
    """Whether every wanted word is in the actual name: "wool" is in merino wool."""
    asked = set(phrase(wanted).split())
    return bool(asked) and asked <= set(phrase(actual).split())


@dataclass(frozen=True)
class CatalogueIndex:
    """Everything the search needs, for P products with V variants.

    `owner` gives each variant's product (row number); variants of a product stand together.
    """

    version: str
    built_at: datetime
    product_ids: list[str]
    titles: list[str]
    category_titles: dict[str, str]
    ancestors: dict[str, frozenset[str]]
    categories: Codes
    brands: Codes
    materials: Codes
    features: dict[str, Mask]
    buyers: Ints
    updated: NDArray[np.float64]
    variant_ids: list[str]
    owner: Ints
    colours: Codes
    sizes: Codes
    amounts: Ints
    in_stock: Mask
    bm25: bm25s.BM25 | None
    vectors: Vectors
    surface: dict[str, str]
    ordinary_words: frozenset[str]
    tokenizer: Tokenizer

    @property
    def size(self) -> int:
        """How many products there are."""
        return len(self.product_ids)

    @cached_property
    def _surface_words(self) -> list[str]:
        return list(self.surface)

    @cached_property
    def rows(self) -> dict[str, int]:
        """Row numbers by product id."""
        return {product: row for row, product in enumerate(self.product_ids)}

    def product_mask(self, attribute: Attribute, wanted: Sequence[str]) -> Mask:
        """Which products have one of the wanted values; for category, brand, material, feature."""
        match attribute:
            case Attribute.CATEGORY:
                within = [
                    category
                    for category, above in self.ancestors.items()
                    if above.intersection(wanted)
                ]
                return self.categories.matching(within, same)
            case Attribute.BRAND:
                return self.brands.matching(wanted, same)
            case Attribute.MATERIAL:
                return self.materials.matching(wanted, part_of)
            case Attribute.FEATURE:
                mask = np.zeros(self.size, dtype=np.bool_)
                for value in wanted:
                    mask |= self.features.get(phrase(value), False)
                return mask
        raise ValueError(f"{attribute} is an attribute of variants")

    def has_fact(self, feature: str) -> bool:
        """Whether the catalogue's facts know the feature by that name."""
        return phrase(feature) in self.features

    def variant_mask(self, attribute: Attribute, wanted: Sequence[str]) -> Mask:
        """Which variants have one of the wanted colours or sizes."""
        if attribute is Attribute.COLOUR:
            return self.colours.matching(wanted, covers)
        return self.sizes.matching(wanted, same)

    def corrected(self, text: str) -> dict[str, str]:
        """The misspelt words of the text, with the words of the catalogue that they stand for.

        A word that the catalogue lacks but English has is no mistake.
        """
        found: dict[str, str] = {}
        for word in content_words(text):
            if word in self.surface or word in self.ordinary_words:
                continue
            if self.tokenizer.stem([word])[0] in self.stems:
                continue
            right = nearest(word, self._surface_words)
            if right is not None:
                found[word] = right
        return found

    @cached_property
    def stems(self) -> frozenset[str]:
        """Every stem in the index."""
        return frozenset(self.surface.values())

    def word_scores(self, stems: Sequence[str]) -> Floats:
        """BM25 of every product [P], as a share of what the stems could reach at most.

        So scores of different queries compare; a stem that the catalogue lacks counts as a rare
        one that nothing matched.
        """
        wanted = list(dict.fromkeys(stems))
        known = [stem for stem in wanted if stem in self.highest]
        if not known or self.bm25 is None:
            return np.zeros(self.size, dtype=np.float32)
        scores: Floats = np.asarray(self.bm25.get_scores(known), dtype=np.float32)
        rarest = max(self.highest.values())
        return scores / sum(self.highest.get(stem, rarest) for stem in wanted)

    @cached_property
    def highest(self) -> dict[str, float]:
        """The highest BM25 that any product reaches with each stem alone."""
        if self.bm25 is None:
            return {}
        values, starts = self.bm25.scores["data"], self.bm25.scores["indptr"]
        return {
            stem: float(values[starts[number] : starts[number + 1]].max())
            for stem, number in self.bm25.vocab_dict.items()
            if stem and starts[number] < starts[number + 1]
        }

    def meaning_scores(self, vector: Floats) -> Floats:
        """Cosine of every product [P] with a query's unit vector."""
        return self.vectors @ vector


def build_index(
    *,
    version: str,
    products: Sequence[ProductRow],
    variants: Sequence[VariantRow],
    categories: Sequence[CategoryRow],
    buyers: Mapping[str, int],
    embedder: Embedder,
    now: datetime,
) -> CatalogueIndex:
    """Arrays and indexes over the rows; products without a priced variant are left out."""
    for_sale = {variant.product_id for variant in variants}
    products = [product for product in products if product.product_id in for_sale]
    row = {product.product_id: number for number, product in enumerate(products)}
    variants = [variant for variant in variants if variant.product_id in row]
    titles = {category.category_id: category.title for category in categories}
    colours_of: dict[str, dict[str, None]] = {}
    for variant in variants:
        if variant.colour:
            colours_of.setdefault(variant.product_id, {})[variant.colour] = None
    tokenizer = Tokenizer()
    documents = [
        _document(product, titles, list(colours_of.get(product.product_id, ())))
        for product in products
    ]
    surface = _surface_words(documents, tokenizer)
    return CatalogueIndex(
        version=version,
        built_at=now,
        product_ids=[product.product_id for product in products],
        titles=[product.title for product in products],
        category_titles=titles,
        ancestors=_ancestors(categories),
        categories=Codes(product.category_id for product in products),
        brands=Codes(product.brand for product in products),
        materials=Codes(product.material for product in products),
        features=_feature_masks(products),
        buyers=np.array([buyers.get(p.product_id, 0) for p in products], dtype=np.int64),
        updated=np.array([p.updated_at.timestamp() for p in products]),
        variant_ids=[variant.variant_id for variant in variants],
        owner=np.array([row[variant.product_id] for variant in variants], dtype=np.int64),
        colours=Codes(variant.colour for variant in variants),
        sizes=Codes(variant.size for variant in variants),
        amounts=np.array([variant.amount for variant in variants], dtype=np.int64),
        in_stock=np.array([variant.stock > 0 for variant in variants], dtype=np.bool_),
        bm25=bm25_index([tokenizer.stems(document) for document in documents]),
        vectors=embedder.vectors([_meaning(product, titles) for product in products]),
        surface=surface,
        ordinary_words=embedder.ordinary_words,
        tokenizer=tokenizer,
    )


def _document(product: ProductRow, titles: Mapping[str, str], colours: list[str]) -> str:
    """What BM25 reads. Words that stand for the whole category are no part of it."""
    category = titles.get(product.category_id or "", "")
    parts = [product.title] * TITLE_WEIGHT
    parts += [category, product.brand or "", product.material or "", *colours]
    return " ".join([*parts, *_fact_words(product), product.description])


def _meaning(product: ProductRow, titles: Mapping[str, str]) -> str:
    """What the sentence vector is made of: content words only, for grammar blurs an average.

    The brand is left out, for invented names mean nothing.
    """
    title = product.title.replace(product.brand, "") if product.brand else product.title
    category = titles.get(product.category_id or "", "")
    return " ".join(content_words(f"{title} {category} {product.description}"))


def _fact_words(product: ProductRow) -> list[str]:
    """Names of what is true of a product, and facts that are words themselves."""
    found = []
    for name, value in product.facts.items():
        if value is True:
            found.append(name.replace("_", " "))
        elif isinstance(value, str):
            found.append(value)
    return found


def _feature_masks(products: Sequence[ProductRow]) -> dict[str, Mask]:
    masks: dict[str, Mask] = {}
    for number, product in enumerate(products):
        for name, value in product.facts.items():
            if value is True:
                key = phrase(name.replace("_", " "))
                masks.setdefault(key, np.zeros(len(products), dtype=np.bool_))[number] = True
    return masks


def _ancestors(categories: Sequence[CategoryRow]) -> dict[str, frozenset[str]]:
    """Each category with itself and all above it."""
    parents = {category.category_id: category.parent_id for category in categories}
    found = {}
    for category in parents:
        above: dict[str, None] = {}
        at: str | None = category
        while at is not None and at not in above:
            above[at] = None
            at = parents.get(at)
        found[category] = frozenset(above)
    return found


def _surface_words(documents: Sequence[str], tokenizer: Tokenizer) -> dict[str, str]:
    """Every word that occurs, as written, with its stem."""
    known = list(dict.fromkeys(word for document in documents for word in words(document)))
    return dict(zip(known, tokenizer.stem(known), strict=True))
