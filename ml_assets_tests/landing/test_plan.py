from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from ml_assets.landing.objects import LandedObject
from ml_assets.landing.plan import Plan, plan
from ml_assets.ledger.generations import KnownGenerations
from ml_assets_tests.landing.generations import (
    LONG_AGO,
    NOON,
    as_landed,
    as_quarantined,
    intake,
    known,
    landed,
)

PAIR = ("flights", "weather")
MINUTE = timedelta(minutes=1)
NOTHING = KnownGenerations()


def _plan(
    listing: list[LandedObject],
    knowing: KnownGenerations = NOTHING,
    *,
    together: tuple[str, ...] = (),
    limit: int | None = None,
) -> Plan:
    return plan(listing, knowing, prefix="landing/", together=together, wait=MINUTE, now=NOON, limit=limit)


def _keys(found: Plan) -> list[str]:
    return [each.key.removeprefix("landing/") for each in found.batch]


def test_two_objects_in_one_second_are_both_new() -> None:
    assert _keys(_plan([landed("b.csv"), landed("a.csv")])) == ["a.csv", "b.csv"]


def test_an_overwritten_key_is_new_again_whatever_its_time() -> None:
    overwritten = landed("a.csv", "B", ago=LONG_AGO * 2)

    assert _plan([overwritten], known(landed("a.csv", "A"))).batch == (overwritten,)


def test_the_same_content_put_again_is_not_new() -> None:
    assert _plan([landed("a.csv", "A", ago=MINUTE)], known(landed("a.csv", "A"))).batch == ()


def test_going_back_to_earlier_content_is_a_new_landing() -> None:
    first, second = landed("a.csv", "A"), landed("a.csv", "B")

    assert _plan([first], known(first, second)).batch == (first,)


def test_a_refused_generation_is_not_tried_again_but_a_mended_one_is() -> None:
    bad, mended = landed("a.csv", "bad"), landed("a.csv", "mended")
    knowing = KnownGenerations.of([intake(1, as_quarantined(bad))])

    assert _plan([bad], knowing).batch == ()
    assert _plan([mended], knowing).batch == (mended,)


def test_hidden_and_unfinished_uploads_are_ignored_and_told() -> None:
    hidden = [
        landed(key) for key in (".a.csv", "_SUCCESS", "_tmp/0/a.csv", "a.csv.tmp", "flights/a.csv.part")
    ]

    found = _plan([*hidden, landed("flights/a_b.csv")])

    assert _keys(found) == ["flights/a_b.csv"]
    assert len(found.ignored) == 5


def test_flights_wait_for_their_weather_and_name_it() -> None:
    found = _plan([landed("flights/1.csv", ago=MINUTE / 2)], together=PAIR)

    assert found.batch == ()
    assert [each.for_key for each in found.waiting] == ["landing/weather/1.csv"]


def test_a_pair_goes_together_as_soon_as_both_are_there() -> None:
    fresh = [landed("flights/1.csv", ago=MINUTE / 60), landed("weather/1.csv", ago=MINUTE / 2)]

    assert _keys(_plan(fresh, together=PAIR)) == ["flights/1.csv", "weather/1.csv"]


def test_corrected_flights_go_at_once_when_their_weather_is_known() -> None:
    knowing = known(landed("flights/1.csv", "A"), landed("weather/1.csv"))

    assert _keys(_plan([landed("flights/1.csv", "B", ago=MINUTE / 2)], knowing, together=PAIR)) == [
        "flights/1.csv"
    ]


def test_after_the_wait_an_object_goes_alone() -> None:
    assert _keys(_plan([landed("flights/1.csv", ago=MINUTE)], together=PAIR)) == ["flights/1.csv"]


def test_other_folders_do_not_wait() -> None:
    assert _keys(_plan([landed("planes/1.csv", ago=MINUTE / 2)], together=PAIR)) == ["planes/1.csv"]


def test_a_full_batch_never_cuts_a_day_apart() -> None:
    days = [landed(f"{folder}/{day}.csv") for folder in PAIR for day in range(5)]

    found = _plan(days, together=PAIR, limit=5)

    assert _keys(found) == ["flights/0.csv", "flights/1.csv", "weather/0.csv", "weather/1.csv"]


def test_a_limit_below_one_day_still_takes_that_day() -> None:
    assert len(_plan([landed("flights/0.csv"), landed("weather/0.csv")], together=PAIR, limit=1).batch) == 2


OBJECTS = st.lists(
    st.builds(
        landed,
        st.sampled_from(["flights/1.csv", "weather/1.csv", "flights/2.csv", "weather/2.csv", "x.csv", ".y"]),
        st.sampled_from("ABC"),
        ago=st.integers(0, 120).map(lambda seconds: timedelta(seconds=seconds)),
    ),
    max_size=6,
    unique_by=lambda each: each.key,
)
STEPS = st.lists(OBJECTS, max_size=6)


@given(listing=OBJECTS, knowing=STEPS.map(lambda steps: known(*(each for step in steps for each in step))))
def test_every_object_is_known_or_ignored_or_waits_or_goes(
    listing: list[LandedObject], knowing: KnownGenerations
) -> None:
    found = _plan(listing, knowing, together=PAIR)

    old = [each for each in listing if knowing.is_known(*each.identity) and "/." not in each.key]
    sorted_out = [*found.batch, *(each.object for each in found.waiting), *found.ignored, *old]
    assert sorted(sorted_out) == sorted(listing)


@given(listing=OBJECTS, order=st.randoms())
def test_the_order_of_the_listing_changes_nothing(listing: list[LandedObject], order: object) -> None:
    shuffled = list(listing)
    order.shuffle(shuffled)  # type: ignore[attr-defined]

    assert _plan(shuffled).batch_id == _plan(listing).batch_id
    assert _plan(shuffled).batch == _plan(listing).batch


@given(steps=STEPS)
def test_each_change_of_a_key_is_taken_in_once_and_never_again(steps: list[list[LandedObject]]) -> None:
    """The bucket goes through `steps` (objects put over what is there); an intake follows each."""
    bucket: dict[str, LandedObject] = {}
    knowing, number = KnownGenerations(), 0
    for step in steps:
        changed = {
            each.identity
            for each in step
            if not (each.key in bucket and bucket[each.key].identity == each.identity)
            and "/." not in each.key
        }
        bucket.update({each.key: each for each in step})

        found = _plan(list(bucket.values()), knowing)
        assert {each.identity for each in found.batch} == changed

        if found.batch:
            number += 1
            knowing.advance(intake(number, *map(as_landed, found.batch)))
        assert _plan(list(bucket.values()), knowing).batch == ()


@given(first=OBJECTS, second=OBJECTS)
def test_batches_have_one_id_exactly_when_they_hold_the_same_generations(
    first: list[LandedObject], second: list[LandedObject]
) -> None:
    same = {each.identity for each in _plan(first).batch} == {each.identity for each in _plan(second).batch}

    assert (_plan(first).batch_id == _plan(second).batch_id) == same
