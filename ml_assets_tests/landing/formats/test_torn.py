"""A file that was cut anywhere is refused, or is a shorter whole file."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ml_assets.landing.errors import Rejected
from ml_assets.landing.examine import examine
from ml_assets_tests.landing.formats.files import (
    GOOD,
    LINES,
    SUFFIXES,
    OfTrips,
    Row,
    decoded,
    encoded,
    expected,
)

NOTES = st.none() | st.text(st.sampled_from("a1 ,\"\n'{}é"), min_size=1, max_size=6)
ROWS = st.lists(
    st.fixed_dictionaries(
        {"city": st.sampled_from(["NYC", "BOS"]), "miles": st.integers(0, 2**40), "note": NOTES}
    ),
    min_size=1,
    max_size=4,
)


def rows_of(staged: Path) -> int | None:
    """How many rows were accepted; None when the file was refused for its form, or for columns it lacks."""
    try:
        return examine(staged, PurePosixPath("trips", staged.name), OfTrips()).rows
    except Rejected as rejected:
        if rejected.cause in {"form", "columns"}:
            return None
        raise


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(rows=list(GOOD), cut=0.0)
@example(rows=list(GOOD), cut=0.999)
@given(rows=ROWS, cut=st.floats(0, 1, exclude_max=True))
def test_a_cut_file_is_refused_or_holds_the_first_of_the_rows(
    tmp_path: Path, suffix: str, rows: list[Row], cut: float
) -> None:
    whole = encoded(rows, suffix)
    staged = tmp_path / f"staged{suffix}"
    staged.write_bytes(whole[: int(cut * len(whole))])
    accepted = rows_of(staged)
    if accepted is not None:
        assert suffix in LINES
        assert decoded(staged, suffix) == expected(rows[:accepted], suffix)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_each_cut_of_one_file_is_refused_or_ends_where_a_row_does(tmp_path: Path, suffix: str) -> None:
    whole = encoded(GOOD, suffix)
    staged = tmp_path / f"staged{suffix}"
    accepted = 0
    # Of the large footer of a Parquet file every seventh byte is enough.
    for size in range(0, len(whole), 7 if suffix == ".parquet" else 1):
        staged.write_bytes(whole[:size])
        rows = rows_of(staged)
        if rows is not None:
            accepted += 1
            assert decoded(staged, suffix) == expected(GOOD[:rows], suffix)
    # CSV: after the first and the second row. JSON lines: also before the end of each line, which needs none.
    assert accepted == {".csv": 2, ".jsonl": 5, ".ndjson": 5}.get(suffix, 0)
