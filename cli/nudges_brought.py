"""What reminders really brought, told on the terminal: the lift of hold-out and experiments."""

from collections.abc import Iterator

from core.money import Money
from nudges.lift import Lift
from nudges.measure import Comparison, Measurement


def brought_lines(found: Measurement, *, currency: str, locale: str) -> Iterator[str]:
    """One sentence or two for each comparison; says plainly where there is not enough data yet."""

    def interval(lift: Lift) -> str:
        middle, low, high = (
            Money(currency, round(amount)).text(locale)
            for amount in (lift.value, lift.low, lift.high)
        )
        return f"{middle} (95 %: {low} to {high})"

    def told(one: Comparison) -> Iterator[str]:
        if one.revenue is None or one.margin is None or one.brought is None:
            yield f"not enough data yet: {one.missing}."
            return
        yield f"margin a person {interval(one.margin)}, revenue {interval(one.revenue)};"
        yield f"  margin of all {one.arm.people:,} people together {interval(one.brought)}."

    if found.hold_out is None:
        yield "What it brought: not enough data yet: nobody was exposed, or nobody is held out."
    else:
        first, *rest = told(found.hold_out)
        yield f"What it brought, against those held out: {first}"
        yield from rest
    for one in found.experiments:
        first, *rest = told(one)
        yield f"Experiment {one.experiment}, {one.arm.name} against {one.against.name}: {first}"
        yield from rest
