"""How old an asset may get before Dagster says so, as `meta.dagster.freshness` in dvc.yaml says."""

from __future__ import annotations

from typing import Self

from dagster import FreshnessPolicy
from pydantic import BaseModel, ConfigDict, model_validator

from ml_assets.assets.durations import Duration


class Freshness(BaseModel):
    """Either a window since the last materialization, or a deadline by cron.

    `{fail_window: 24h, warn_window: 12h}`, or `{deadline_cron: "0 9 * * *", lower_bound_delta: 3h}`: it must
    have been materialized within that time before each deadline. The names are those of Dagster's
    `FreshnessPolicy.time_window` and `.cron`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    fail_window: Duration | None = None
    warn_window: Duration | None = None
    deadline_cron: str | None = None
    lower_bound_delta: Duration | None = None
    timezone: str = "UTC"

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if (self.fail_window is None) == (self.deadline_cron is None):
            raise ValueError("write `fail_window`, or `deadline_cron` with `lower_bound_delta`")
        if (self.deadline_cron is None) != (self.lower_bound_delta is None):
            raise ValueError("`deadline_cron` and `lower_bound_delta` go together")
        return self

    def policy(self) -> FreshnessPolicy:
        """Dagster's policy."""
        if self.fail_window is not None:
            return FreshnessPolicy.time_window(fail_window=self.fail_window, warn_window=self.warn_window)
        assert self.deadline_cron  # noqa: S101 - as validated
        assert self.lower_bound_delta  # noqa: S101
        return FreshnessPolicy.cron(
            deadline_cron=self.deadline_cron,
            lower_bound_delta=self.lower_bound_delta,
            timezone=self.timezone,
        )
