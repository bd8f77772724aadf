"""The current generation of each key, against a plain replay of all that happened."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_assets.ledger.errors import ChainBroken
from ml_assets.ledger.generations import KnownGenerations
from ml_assets.ledger.record import Landed, Quarantined
from ml_assets_tests.ledger.drafts import BUCKET, a_run, chained, intake, landed, quarantined

ITEM = st.builds(
    lambda make, key, etag, size: make(key, etag, size),
    st.sampled_from([landed, quarantined]),
    st.sampled_from(["landing/a.csv", "landing/b.csv"]),
    st.sampled_from(["a", "b"]),
    st.integers(1, 2),
)
# Within one record a key appears once, as in one batch.
BATCH = st.lists(ITEM, max_size=3, unique_by=lambda item: item.key)


@given(batches=st.lists(st.one_of(BATCH, st.none()), max_size=6))
def test_the_last_generation_of_a_key_wins(batches: list[list[Landed | Quarantined] | None]) -> None:
    drafts = [a_run() if batch is None else intake(*batch) for batch in batches]
    last = {item.key: item for batch in batches if batch for item in batch}

    known = KnownGenerations.of(chained(*drafts))

    assert known.up_to == len(batches)
    assert len(known) == len(last)
    for key, item in last.items():
        assert known.is_known(BUCKET, key, item.etag, item.size)
        assert not known.is_known(BUCKET, key, item.etag + "'", item.size)
        assert not known.is_known(BUCKET, key, item.etag, item.size + 1)
        assert not known.is_known("another", key, item.etag, item.size)


@given(batches=st.lists(BATCH, max_size=6), cut=st.integers(0, 6))
def test_going_on_from_a_part_is_the_same_as_starting_over(
    batches: list[list[Landed | Quarantined]], cut: int
) -> None:
    records = chained(*(intake(*batch) for batch in batches))

    known = KnownGenerations.of(records[:cut])
    for record in records[cut:]:
        known.advance(record)

    assert known == KnownGenerations.of(records)


def test_content_that_comes_back_is_new_again() -> None:
    key = "landing/a.csv"
    known = KnownGenerations.of(chained(intake(landed(key, "a")), intake(landed(key, "b"))))

    assert not known.is_known(BUCKET, key, "a", 3)


def test_a_refused_file_is_known_and_a_mended_one_is_not() -> None:
    known = KnownGenerations.of(chained(intake(quarantined("landing/a.csv", "bad"))))

    current = known.generation(BUCKET, "landing/a.csv")

    assert current is not None
    assert current.quarantined
    assert known.is_known(BUCKET, "landing/a.csv", "bad", 3)
    assert not known.is_known(BUCKET, "landing/a.csv", "good", 3)


def test_a_record_left_out_is_noticed() -> None:
    first, second, third = chained(intake(), intake(), intake())
    known = KnownGenerations.of([first])

    with pytest.raises(ChainBroken, match="record 2"):
        known.advance(third)

    assert known.up_to == 1
    known.advance(second)
    assert known.up_to == 2
