"""The plan of a collection: nothing that a kept record names is ever in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_assets.dvc._internals.remote_store import Stored
from ml_assets.ledger.audit.plan import Keep, kept_records, plan
from ml_assets.ledger.errors import KeepUnknown
from ml_assets.ledger.record import AnyRecord
from ml_assets_tests.ledger.drafts import TIME, a_run, chained, intake, landed

NAMES = st.sampled_from([f"{number:032x}" for number in range(12)])
STORED = st.dictionaries(
    NAMES, st.builds(Stored, st.integers(0, 9), st.none() | st.floats(0, 100)), max_size=12
)


@given(
    stored=STORED,
    kept=st.sets(NAMES),
    named=st.dictionaries(NAMES, st.sets(st.integers(1, 9))),
    since=st.floats(0, 100),
)
def test_nothing_kept_and_nothing_young_is_doomed_and_all_else_is(
    stored: dict[str, Stored], kept: set[str], named: dict[str, set[int]], since: float
) -> None:
    found = plan(stored, kept=kept, named=named, keep_since=since)

    assert not found.doomed & kept
    for md5, each in stored.items():
        is_old = each.modified is not None and each.modified <= since
        assert (md5 in found.doomed) == (md5 not in kept and is_old)
    lost = {number for md5 in found.doomed for number in named.get(md5, ())}
    assert {number for first, last in found.given_up for number in range(first, last + 1)} == lost
    assert found.size == sum(stored[md5].size for md5 in found.doomed)


def records() -> list[AnyRecord]:
    """A run and an intake a day, for five days."""
    drafts = []
    for day in range(5):
        time = TIME + timedelta(days=day)
        drafts += [intake(landed("landing/a"), time=time, dvc_files={"raw.dvc": str(day)}), a_run(time=time)]
    return chained(*drafts)


@pytest.mark.parametrize(
    ("keep", "kept"),
    [
        ([], {9, 10}),
        (["last=2"], {8, 9, 10}),
        (["last=0"], {9, 10}),
        (["last=99"], {2, 4, 6, 8, 9, 10}),
        (["days=1"], {9, 10}),
        (["days=2", "last=3"], {6, 7, 8, 9, 10}),
        (["all"], set(range(1, 11))),
    ],
)
def test_policies_add_up_and_the_newest_of_each_kind_always_stays(keep: list[str], kept: set[int]) -> None:
    now = datetime(2013, 3, 5, 12, tzinfo=UTC)

    assert kept_records(records(), [Keep.parse(each) for each in keep], now=now) == kept


@pytest.mark.parametrize("text", ["", "last", "last=", "last=-1", "days=1.5", "some"])
def test_another_policy_is_refused(text: str) -> None:
    with pytest.raises(KeepUnknown, match="--keep all"):
        Keep.parse(text)
