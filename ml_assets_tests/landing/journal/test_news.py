"""What a sighting means beside what is known: each rule, and that no order of events makes an old one new."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_assets.landing.journal.news import Known, Meaning, is_older, meaning
from ml_assets.landing.objects import DeletedObject, LandedObject, Sighting
from ml_assets_tests.landing.generations import NOON


def _known(
    etag: str = "a", *, sequencer: str | None = None, deleted: bool = False, state: str = "committed"
) -> Known:
    return Known(etag=etag, size=1, sequencer=sequencer, deleted=deleted, state=state, seq=5)


def _landed(etag: str = "a", sequencer: str | None = None) -> LandedObject:
    return LandedObject("b", "landing/k", etag, 1, NOON, sequencer=sequencer)


def _deleted(sequencer: str | None = None) -> DeletedObject:
    return DeletedObject("b", "landing/k", NOON, sequencer=sequencer)


@pytest.mark.parametrize(
    ("known", "seen", "found"),
    [
        (None, _landed(), Meaning.NEWS),
        (None, _deleted(), Meaning.SAME),
        (None, _deleted("1"), Meaning.NEWS),
        (_known(), _landed(), Meaning.SAME),
        (_known(deleted=True), _deleted(), Meaning.SAME),
        (_known("a", sequencer="1"), _landed("b", "2"), Meaning.NEWS),
        (_known("a", sequencer="2"), _landed("b", "1"), Meaning.OLDER),
        (_known("a", sequencer="2"), _deleted("1"), Meaning.OLDER),
        (_known("a", sequencer="1"), _deleted("2"), Meaning.NEWS),
        (_known(deleted=True, sequencer="1"), _landed("a", "2"), Meaning.NEWS),
        (_known("a"), _landed("b", "2"), Meaning.ASK),
        (_known("a", sequencer="1"), _landed("b"), Meaning.ASK),
        (_known("a", state="vanished"), _landed("a", "2"), Meaning.ASK),
    ],
)
def test_an_event_beside_what_is_known(known: Known | None, seen: Sighting, found: Meaning) -> None:
    assert meaning(known, seen, asked_at=None) is found


@pytest.mark.parametrize("seen", [_landed("b"), _deleted()])
def test_the_buckets_own_answer_is_newer_than_all_that_was_seen_before_it_was_asked(seen: Sighting) -> None:
    assert meaning(_known("a", sequencer="9"), seen, asked_at=5) is Meaning.NEWS


@pytest.mark.parametrize("seen", [_landed("b"), _deleted(), _landed("a")])
def test_it_may_be_older_than_what_was_seen_while_it_was_on_its_way(seen: Sighting) -> None:
    assert meaning(_known("a"), seen, asked_at=4) is Meaning.OLDER


SEQUENCERS = st.text("0123456789ABCDEFabcdef", min_size=1, max_size=20)


@given(SEQUENCERS, SEQUENCERS)
def test_of_two_sequencers_one_at_most_is_older(one: str, other: str) -> None:
    assert not (is_older(one, other) and is_older(other, one))


@given(SEQUENCERS, st.integers(0, 5))
def test_zeros_on_the_right_and_the_case_make_no_difference(sequencer: str, zeros: int) -> None:
    assert not is_older(sequencer, sequencer.lower() + "0" * zeros)
    assert not is_older(sequencer.upper() + "0" * zeros, sequencer)


GENERATIONS = st.lists(st.sampled_from(["a", "b", None]), min_size=1, max_size=8)


@given(GENERATIONS, st.data())
def test_events_in_any_order_and_number_end_at_the_newest(
    generations: list[str | None], data: st.DataObject
) -> None:
    """Each generation of a key sends one event, `None` being a deletion; they come doubled and shuffled."""
    events: list[Sighting] = [
        _landed(etag, f"{number:02X}") if etag else _deleted(f"{number:02X}")
        for number, etag in enumerate(generations)
    ]
    arriving = data.draw(st.permutations(events * 2))
    known: Known | None = None
    for seen in arriving:
        found = meaning(known, seen, asked_at=None)
        assert found is not Meaning.ASK
        later = known is None or is_older(known.sequencer or "", seen.sequencer or "")
        if found is Meaning.NEWS or (found is Meaning.SAME and later and known is not None):
            etag = seen.etag if isinstance(seen, LandedObject) else ""
            known = _known(etag, sequencer=seen.sequencer, deleted=not etag)
    newest = generations[-1]
    assert known is not None
    assert (None if known.deleted else known.etag) == newest
