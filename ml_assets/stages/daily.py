"""Makes a folder of one file a day: only those days are computed that are not remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml_assets.stages import days

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import polars as pl

    from ml_assets.stages.memory import Memory


def make_days(
    folder: Path,
    keys: Mapping[dt.date, str],
    memory: Memory,
    compute: Callable[[Sequence[dt.date]], Mapping[dt.date, pl.DataFrame]],
) -> Mapping[dt.date, pl.DataFrame]:
    """Make the folder hold one Parquet file for each day of `keys`, and nothing else; what was computed.

    A day's file may depend on nothing but what its key says. Files that are right are left alone: DVC,
    told to `persist` the folder, need not look into them again.
    """
    days.keep_only(folder, keys)
    missing = [day for day, key in keys.items() if not memory.recall(key, days.file(folder, day))]
    computed = compute(missing) if missing else {}
    for day, table in computed.items():
        made = days.write(folder, day, table)
        memory.keep(keys[day], made)
    memory.tidy()
    return computed


def in_words(keys: Mapping[dt.date, str], computed: Mapping[dt.date, pl.DataFrame]) -> str:
    """How many days there are, and what was done about them."""
    rows = sum(table.height for table in computed.values())
    span = f"{len(keys)} days, {min(keys)} to {max(keys)}"
    return f"{span}: {len(computed)} computed ({rows} flights), {len(keys) - len(computed)} remembered"
