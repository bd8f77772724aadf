"""How often flights of a carrier, an origin or a destination were disrupted on strictly earlier days."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from ml_assets.stages.columns import CATEGORICAL, TARGET
from ml_assets.stages.errors import ParamInvalid

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Smoothing:
    """Pulls rates of few flights to `prior`, as if `weight` more flights had had that rate."""

    prior: float
    weight: float

    def __post_init__(self) -> None:
        if not 0 <= self.prior <= 1 or self.weight <= 0:
            raise ParamInvalid(
                f"features.prior {self.prior} and features.prior_weight {self.weight} in params.yaml: give a "
                f"rate between 0 and 1, and a weight above 0, without which a carrier's idle day has no rate"
            )


@dataclass(frozen=True)
class History:
    """Windows in days before the flight's own day, and the smoothing of their rates."""

    windows: tuple[int, ...]
    smoothing: Smoothing

    def __post_init__(self) -> None:
        if not self.windows or not all(isinstance(days, int) and days >= 1 for days in self.windows):
            raise ParamInvalid(
                f"features.windows in params.yaml is {list(self.windows)}: give whole numbers of days from 1 "
                f"on, for a flight's own day is not yet known when it leaves"
            )


def daily_outcomes(table: pl.LazyFrame) -> pl.LazyFrame:
    """Flights and disrupted flights by `date`, `kind` (carrier, origin, dest) and `name`; in no order."""
    return pl.concat(
        table.group_by("date", pl.lit(kind).alias("kind"), pl.col(kind).alias("name")).agg(
            flights=pl.len().cast(pl.Int64), disrupted=pl.col(TARGET).cast(pl.Int64).sum()
        )
        for kind in CATEGORICAL
    )


def with_rates(table: pl.LazyFrame, outcomes: pl.DataFrame, day: dt.date, history: History) -> pl.LazyFrame:
    """The day's flights with `<kind>_rate_<window>d` for each kind and window, between 0 and 1."""
    for kind in CATEGORICAL:
        rates = _rates(outcomes, kind, day, history)
        table = table.join(rates, on=kind, how="left", maintain_order="left")
    unseen = pl.col(rate_columns(history.windows)).fill_null(history.smoothing.prior)
    return table.with_columns(unseen)


def rate_columns(windows: Sequence[int]) -> list[str]:
    return [_rate(kind, window) for kind in CATEGORICAL for window in windows]


def _rates(outcomes: pl.DataFrame, kind: str, day: dt.date, history: History) -> pl.LazyFrame:
    first = day - dt.timedelta(days=max(history.windows))
    earlier = outcomes.lazy().filter(pl.col("kind") == kind, pl.col("date") < day, pl.col("date") >= first)
    return earlier.group_by(pl.col("name").alias(kind)).agg(
        _smoothed(day - dt.timedelta(days=window), history.smoothing).alias(_rate(kind, window))
        for window in history.windows
    )


def _smoothed(since: dt.date, smoothing: Smoothing) -> pl.Expr:
    # Whole numbers are summed and divided once, so that no order of adding shows in the last digit.
    recent = pl.col("date") >= since
    disrupted, flights = (pl.col(name).filter(recent).sum() for name in ("disrupted", "flights"))
    return (disrupted + smoothing.weight * smoothing.prior) / (flights + smoothing.weight)


def _rate(kind: str, window: int) -> str:
    return f"{kind}_rate_{window}d"
