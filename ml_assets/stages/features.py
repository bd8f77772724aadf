"""Stage `features`: what is known of each flight before it departs."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import polars as pl

from ml_assets.stages import columns, daily, days, params, paths, script
from ml_assets.stages.errors import UnknownColumn
from ml_assets.stages.history import History, Smoothing, rate_columns, with_rates
from ml_assets.stages.memory import Memory

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

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
    memory = Memory.of("features", given)
    keys = {
        day: memory.key({str(each): files[each] for each in _seen_by(day, files, history)}) for day in files
    }

    def compute(wanted: Sequence[dt.date]) -> Mapping[dt.date, pl.DataFrame]:
        seen = {each for day in wanted for each in _seen_by(day, files, history)}
        table = pl.scan_parquet([files[day] for day in files if day in seen], include_file_paths=days.FILE)
        made = features(table, history=history, extra=given["features.extra"]).collect()
        return days.by_day(made, {day: files[day] for day in wanted})

    report(keys, daily.make_days(paths.FEATURES, keys, memory, compute))


def _seen_by(day: dt.date, known: Collection[dt.date], history: History) -> list[dt.date]:
    """The days on which a day's features depend: those of the longest window, and itself."""
    window = [day - dt.timedelta(days=back) for back in range(max(history.windows), -1, -1)]
    return [each for each in window if each in known]


def report(keys: Mapping[dt.date, str], computed: Mapping[dt.date, pl.DataFrame]) -> None:
    print(daily.in_words(keys, computed))
    for table in list(computed.values())[:1]:
        names = columns.feature_columns(table.columns, str(paths.FEATURES))
        print(f"{len(names)} features: {', '.join(names)}")


if __name__ == "__main__":
    script.run(main)
