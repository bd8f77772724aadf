"""The chain proves that records are the ones that were appended, or names the one that is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_assets.ledger import chain
from ml_assets.ledger.errors import ChainBroken
from ml_assets_tests.ledger.drafts import chained, intake, landed

FIVE = chained(*(intake(landed(f"landing/{day}.csv")) for day in range(5)))


def test_an_unbroken_chain_gives_its_newest_record() -> None:
    assert chain.verify(FIVE) is FIVE[-1]


def test_no_records_are_an_unbroken_chain() -> None:
    assert chain.verify([]) is None


@given(flipped=st.integers(1, 4))
def test_a_changed_record_is_named(flipped: int) -> None:
    changed = [r.model_copy(update={"actor": "eve"}) if r.number == flipped else r for r in FIVE]

    with pytest.raises(ChainBroken) as caught:
        chain.verify(changed)

    assert caught.value.number == flipped


def test_the_newest_record_is_only_proven_by_a_copy_kept_elsewhere() -> None:
    changed = [*FIVE[:4], FIVE[4].model_copy(update={"actor": "eve"})]

    newest = chain.verify(changed)

    assert newest is not None
    assert newest.digest != FIVE[4].digest


@given(gone=st.integers(1, 4))
def test_a_removed_record_is_named(gone: int) -> None:
    with pytest.raises(ChainBroken) as caught:
        chain.verify(r for r in FIVE if r.number != gone)

    assert caught.value.number == gone


def test_a_first_record_that_goes_on_from_another_ledger_is_refused() -> None:
    with pytest.raises(ChainBroken, match="record 1"):
        chain.verify([FIVE[0].model_copy(update={"previous": "0" * 64})])
