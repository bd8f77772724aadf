"""How often flights of a carrier, an origin or a destination were disrupted on strictly earlier days."""

from __future__ import annotations

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


def with_rates(table: pl.LazyFrame, history: History) -> pl.LazyFrame:
    """The flights in their order with `<kind>_rate_<window>d` of each kind and window, between 0 and 1."""
    outcomes = daily_outcomes(table).sort("date")
    for window in history.windows:
        rates = _rates(outcomes, window, history.smoothing)
        for kind in CATEGORICAL:
            of_kind = rates.filter(pl.col("kind") == kind).select(
                "date", pl.col("name").alias(kind), pl.col("rate").alias(_rate(kind, window))
            )
            table = table.join(of_kind, on=["date", kind], how="left", maintain_order="left")
    # A name that is missing has no history.
    return table.with_columns(pl.col(rate_columns(history.windows)).fill_null(history.smoothing.prior))


def rate_columns(windows: Sequence[int]) -> list[str]:
    return [_rate(kind, window) for kind in CATEGORICAL for window in windows]


def _rates(outcomes: pl.LazyFrame, window: int, smoothing: Smoothing) -> pl.LazyFrame:
    """`rate` of each kind and name on each day that it has flights, from that many days before it."""
    # Whole numbers are summed and divided once, so that no order of adding shows in the last digit.
    disrupted, flights = (pl.col(name).sum() for name in ("disrupted", "flights"))
    smoothed = (disrupted + smoothing.weight * smoothing.prior) / (flights + smoothing.weight)
    # Closed on the left: the day itself, whose outcome is not known yet, is never in its window.
    days = outcomes.rolling("date", period=f"{window}d", closed="left", group_by=["kind", "name"])
    return days.agg(smoothed.alias("rate"))


def _rate(kind: str, window: int) -> str:
    return f"{kind}_rate_{window}d"
