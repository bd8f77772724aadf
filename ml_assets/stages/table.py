"""The features of some days as scikit-learn takes them: a pandas frame and the outcomes."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml_assets.stages import columns, days, paths
from ml_assets.stages.errors import OneOutcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd
    import polars as pl
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Table:
    """`inputs`: one row a flight, one column a feature. `disrupted`: 0 or 1 for each row."""

    inputs: pd.DataFrame
    disrupted: NDArray[np.int8]


def feature_days() -> list[dt.date]:
    """The days of `features`, earliest first; raises NoDays."""
    return list(days.some_day_files(paths.FEATURES, ".parquet"))


def read(wanted: Sequence[dt.date]) -> Table:
    """These days' flights in order.

    Raises LeakRefused if the table holds what no model may see, OneOutcome if all flights ended alike.
    """
    import polars as pl

    files = days.some_day_files(paths.FEATURES, ".parquet")
    rows = pl.read_parquet([files[day] for day in wanted]).rechunk()
    _refuse_one_outcome(rows, wanted)
    names = columns.feature_columns(rows.columns, str(paths.FEATURES))
    return Table(inputs=rows.select(names).to_pandas(), disrupted=rows[columns.TARGET].to_numpy())


def _refuse_one_outcome(rows: pl.DataFrame, wanted: Sequence[dt.date]) -> None:
    if rows[columns.TARGET].n_unique() < 2:  # noqa: PLR2004
        raise OneOutcome(
            f"all {rows.height} flights of {wanted[0]} to {wanted[-1]} in {paths.FEATURES} had the same "
            f"outcome: land more days, or check target.late_minutes in {paths.PARAMS}"
        )
