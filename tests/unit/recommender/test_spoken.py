"""The rules that are spoken: counts of people by definition, more than luck, and not for ever."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import fisher_exact

from recommender.bundle import Bundle
from recommender.prepared import Prepared
from recommender.protocol import History, ReasonKind, Step, Suggested, Surface
from recommender.registry import Manifest, store, switch
from recommender.rules import TAKEN_CODES, Rules
from recommender.sequences import TARGET_CODES, Log
from recommender.serving import Suggester
from recommender.spoken import MAX_GAP, SPOKEN_FOR, Spoken
from tests.unit.recommender.shop import BEGIN

type Pairs = dict[tuple[int, int], int]


@pytest.fixture(scope="module")
def spoken(prepared: Prepared) -> Spoken:
    return Spoken.mine(prepared.log, min_people=5)


def sessions(log: Log, codes: tuple[int, ...]) -> Iterator[tuple[int, list[int]]]:
    """Each session's shopper and distinct products, in the order of the first turn to each."""
    keep = np.isin(log.action, codes)
    chosen = np.column_stack([log.shopper, log.session, log.item])[keep].tolist()
    for (who, _), group in groupby(chosen, key=lambda row: tuple(row[:2])):
        yield who, list(dict.fromkeys(item for *_, item in group if item >= 0))


def people(log: Log, codes: tuple[int, ...]) -> dict[int, list[list[int]]]:
    """Each person's sessions."""
    histories: dict[int, list[list[int]]] = {}
    for who, items in sessions(log, codes):
        histories.setdefault(who, []).append(items)
    return histories


def counted(rules: Rules) -> Pairs:
    pairs = zip(rules.prefix[:, 1].tolist(), rules.item.tolist(), strict=True)
    return dict(zip(pairs, rules.people.tolist(), strict=True))


def test_together_counts_the_people_who_took_both_in_one_visit(
    prepared: Prepared, spoken: Spoken
) -> None:
    histories = people(prepared.log, TAKEN_CODES)
    found = counted(spoken.together)
    assert found
    for (first, second), count in found.items():
        assert first != second
        assert count == sum(
            any({first, second} <= set(visit) for visit in visits) for visits in histories.values()
        )


def test_sequences_count_the_people_who_turned_to_the_other_soon_after(
    prepared: Prepared, spoken: Spoken
) -> None:
    histories = {
        who: [item for visit in visits for item in visit]
        for who, visits in people(prepared.log, TARGET_CODES).items()
    }
    found = counted(spoken.sequences)
    assert found
    for (first, second), count in found.items():
        assert count == sum(
            any(
                item == first and second in turns[at + 1 : at + 1 + MAX_GAP]
                for at, item in enumerate(turns)
            )
            for turns in histories.values()
        )


def test_every_rule_is_more_than_luck_and_has_the_people_it_needs(spoken: Spoken) -> None:
    for rules in (spoken.together, spoken.sequences):
        assert rules.people.min() >= 5
        assert rules.lift.min() > 1
        for at in range(0, len(rules), 7):
            both, of = int(rules.count[at]), int(rules.prefix_count[at])
            to, everybody = int(rules.item_count[at]), rules.groups
            table = [[both, of - both], [to - both, everybody - of - to + both]]
            assert fisher_exact(table, alternative="greater").pvalue <= 0.05


def test_what_people_do_at_random_makes_no_rule() -> None:
    draw = np.random.default_rng(3)
    size = 4_000
    shopper = np.sort(draw.integers(0, 400, size)).astype(np.int32)
    whole = np.ones(size, np.int32)
    log = Log(
        shopper,
        shopper,
        draw.integers(0, 40, size).astype(np.int32),
        whole * TAKEN_CODES[0],
        np.arange(size, dtype=np.int64),
        whole,
    )
    assert len(Spoken.mine(log, min_people=5).together) == 0


def test_a_higher_floor_speaks_of_fewer_rules(spoken: Spoken) -> None:
    floor = int(np.median(spoken.together.people)) + 1
    together, _ = spoken.indexes(floor)
    assert 0 < len(together.rules) < len(spoken.together)
    assert together.rules.people.min() >= floor


def suggested(suggester: Suggester) -> list[Suggested]:
    return suggester.suggest(
        History((Step("tent", "view", BEGIN),)), k=99, surface=Surface.PRODUCT, anchor="tent"
    )


def kinds(suggester: Suggester) -> set[ReasonKind]:
    return {one.reason.kind for one in suggested(suggester)}


def test_rules_are_spoken_until_they_expire_and_products_are_suggested_after(
    tmp_path: Path, bundle: Bundle
) -> None:
    names = tuple(source.name for source in bundle.blend.sources)
    manifest = Manifest("v1", BEGIN.isoformat(), bundle.vocabulary.fingerprint, True, names)
    store(tmp_path, manifest, bundle.parts())
    switch(tmp_path, "v1")
    suggester = Suggester.load(tmp_path, now=BEGIN)

    suggester.refresh(now=BEGIN + SPOKEN_FOR - timedelta(seconds=1))
    assert ReasonKind.RULE in kinds(suggester)

    suggester.refresh(now=BEGIN + SPOKEN_FOR)
    assert not {ReasonKind.RULE, ReasonKind.SEQUENCE} & kinds(suggester)
    assert suggested(suggester)
    late = Suggester.load(tmp_path, now=BEGIN + SPOKEN_FOR)
    assert suggested(late) == suggested(suggester)
