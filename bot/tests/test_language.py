"""What is English enough to be guessed at, what is another language, and what is nothing."""

import pytest

from nlu.language import Language, Words
from nlu.spans import Found


@pytest.fixture(scope="module")
def words() -> Words:
    """The frequency lists, and a few words learnt from phrasings."""
    return Words.read(["hello", "thx", "basket", "show", "bye", "no"])


@pytest.mark.parametrize(
    "text",
    [
        "show me waterproof jackets under 120 but not black",
        "kayak",
        "heyy",
        "byeee",
        "nooo",
        "hullo",
        "the baskt",
        "L",
        "80",
        "ok",
        "lol",
        "is the café press any good? voilà",
        "do you have a Fjeld?",
    ],
)
def test_english_is_known_in_the_way_people_write_it(words: Words, text: str) -> None:
    assert words.language_of(text, ()) is Language.ENGLISH


@pytest.mark.parametrize(
    "text",
    [
        "quiero una tienda",
        "ich möchte bestellen",
        "wo ist mein paket",
        "bonjour, je cherche une tente",
        "vorrei una tenda",
        "ik zoek een jas",
        "hola",
        "我想买手机",
        "покажи палатки",
        "テントを見せて",
        "خيمة لشخصين",
    ],
)
def test_other_languages_are_known_by_words_or_letters(words: Words, text: str) -> None:
    assert words.language_of(text, ()) is Language.OTHER


@pytest.mark.parametrize(
    "text", ["asdkjh askjdh", "qwertz", "?!?!", "😀😀", "xkcd", "aaaaaaa", "blorp zworp", "..."]
)
def test_noise_is_no_language(words: Words, text: str) -> None:
    assert words.language_of(text, ()) is Language.NONE


def test_a_name_from_the_catalogue_is_known_whatever_its_language(words: Words) -> None:
    assert words.language_of("xkblq", ()) is Language.NONE
    assert words.language_of("xkblq", [Found("brand", "Xkblq", 0, 5)]) is Language.ENGLISH
