"""Stage `features`: what is known of each flight before it departs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from ml_assets.stages import columns, days, params, paths, script
from ml_assets.stages.errors import UnknownColumn
from ml_assets.stages.history import History, Smoothing, rate_columns, with_rates

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

PARAMS = ("features.windows", "features.prior", "features.prior_weight", "features.extra")

# Gusts are reported in one hour of five only, and the wind's direction is no linear quantity; both may be
# asked for by `features.extra`. The month is no feature, since those to come were never trained on.
_OBSERVED = ("temp", "dewp", "humid", "wind_speed", "precip", "pressure", "visib")
_PLANNED = ("departure_minute", "weekday", "distance", "planned_traffic")


def features(table: pl.LazyFrame, *, history: History, extra: Sequence[str] = ()) -> pl.LazyFrame:
    """Processed days as features, keyed by columns.IDENTITY, then the target; days.FILE stays where it is.

    Raises LeakRefused or UnknownColumn for an `extra` column that may not or cannot be a feature.
    """
    _check_extra(table, extra)
    planned = table.with_columns(
        departure_minute=pl.col("hour") * 60 + pl.col("minute"),
        weekday=pl.col("date").dt.weekday(),
        planned_traffic=pl.len().over("date", "origin", "hour").cast(pl.Int64),
    )
    return with_rates(planned, history).select(
        *columns.IDENTITY, *columns.CATEGORICAL, *_PLANNED, *_OBSERVED, *rate_columns(history.windows),
        *extra, columns.TARGET, f"^{days.FILE}$",
    )  # fmt: skip


def _check_extra(table: pl.LazyFrame, extra: Sequence[str]) -> None:
    where = "features.extra of params.yaml"
    columns.refuse_leaks(extra, where)
    schema = table.collect_schema() if extra else pl.Schema()
    taken = {*columns.IDENTITY, *columns.OUTCOME, columns.TARGET, *_PLANNED, *_OBSERVED}
    choice = [name for name, kind in schema.items() if kind.is_numeric() and name not in taken]
    unknown = [name for name in extra if name not in choice]
    if unknown:
        raise UnknownColumn(
            f"{', '.join(unknown)} (in {where}) cannot be added; choose from {', '.join(choice)}"
        )


def main() -> None:
    given = params.read(PARAMS)
    smoothing = Smoothing(prior=given["features.prior"], weight=given["features.prior_weight"])
    history = History(windows=tuple(given["features.windows"]), smoothing=smoothing)
    files = days.some_day_files(paths.PROCESSED, ".parquet")
    table = pl.scan_parquet(list(files.values()), include_file_paths=days.FILE)
    made = days.by_day(features(table, history=history, extra=given["features.extra"]).collect(), files)
    days.write_days(paths.FEATURES, made)
    report(made)


def report(made: Mapping[dt.date, pl.DataFrame]) -> None:
    names = columns.feature_columns(next(iter(made.values())).columns, str(paths.FEATURES))
    rows = sum(table.height for table in made.values())
    print(f"{len(made)} days, {rows} flights, {len(names)} features: {', '.join(names)}")


if __name__ == "__main__":
    script.run(main)
