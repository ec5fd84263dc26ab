"""What reminders really brought, in sentences: the lift of the hold-out and of experiments."""

from collections.abc import Iterator
from dataclasses import dataclass

from babel.numbers import format_decimal

from core.money import Money
from nudges.lift import Lift
from nudges.measure import Comparison, Measurement
from nudges.operators import OperatorWords


@dataclass(frozen=True, slots=True)
class Brought:
    """What is known of one comparison; `is_known` is False where there is not enough data yet."""

    heading: str
    sentences: tuple[str, ...]
    is_known: bool


def what_it_brought(
    found: Measurement, words: OperatorWords, *, currency: str
) -> Iterator[Brought]:
    """The hold-out first, then each experiment; says plainly where there is not enough data."""
    if found.hold_out is None:
        nobody = words.say("brought", "nobody")
        yield Brought(words.say("brought", "hold_out"), (nobody,), is_known=False)
    else:
        yield _told(found.hold_out, words.say("brought", "hold_out"), words, currency)
    for one in found.experiments:
        heading = words.say(
            "brought",
            "experiment",
            experiment=one.experiment,
            arm=one.arm.name,
            against=one.against.name,
        )
        yield _told(one, heading, words, currency)


def _told(one: Comparison, heading: str, words: OperatorWords, currency: str) -> Brought:
    def interval(lift: Lift) -> str:
        middle, low, high = (
            Money(currency, round(amount)).text(words.locale)
            for amount in (lift.value, lift.low, lift.high)
        )
        return words.say("brought", "interval", middle=middle, low=low, high=high)

    if one.revenue is None or one.margin is None or one.brought is None:
        missing = words.say("brought", "not_yet", missing=one.missing)
        return Brought(heading, (missing,), is_known=False)
    people = format_decimal(one.arm.people, locale=words.locale)
    return Brought(
        heading,
        (
            words.say("brought", "margin", interval=interval(one.margin)),
            words.say("brought", "revenue", interval=interval(one.revenue)),
            words.say("brought", "together", people=people, interval=interval(one.brought)),
        ),
        is_known=True,
    )
