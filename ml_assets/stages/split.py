"""Splits days by time: the model is judged on days after those that it learnt from, as it will be used."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml_assets.stages import paths
from ml_assets.stages.errors import ParamInvalid, TooFewDays

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

MINIMUM_DAYS = 8


@dataclass(frozen=True)
class Split:
    """Days in order: `training` all come before `held_out`."""

    training: tuple[dt.date, ...]
    held_out: tuple[dt.date, ...]


def hold_out(days: Sequence[dt.date], test_fraction: float) -> Split:
    """Hold out the last days: that fraction of them, rounded up.

    Raises TooFewDays below MINIMUM_DAYS, ParamInvalid for a fraction beyond a half.
    """
    if len(days) < MINIMUM_DAYS:
        raise TooFewDays(
            f"{paths.FEATURES} has {len(days)} days, too few to train on some and judge on later ones: "
            f"land at least {MINIMUM_DAYS - len(days)} more in {paths.RAW_FLIGHTS} and {paths.RAW_WEATHER} "
            f"as YYYY-MM-DD.csv, then run `dvc repro`"
        )
    if not 0 < test_fraction <= 1 / 2:
        raise ParamInvalid(f"split.test_fraction is {test_fraction}: give more than 0 and at most 0.5")
    # Rounded, for 30 * 0.1 is a little more than 3 in floating point.
    cut = len(days) - math.ceil(round(len(days) * test_fraction, 9))
    return Split(training=tuple(days[:cut]), held_out=tuple(days[cut:]))


def validation(training: Sequence[dt.date], validation_days: int) -> Split:
    """Hold out the last training days to choose a candidate on; a third of them when there are few."""
    if validation_days < 1:
        raise ParamInvalid(f"split.validation_days is {validation_days}: give at least 1")
    cut = len(training) - min(validation_days, len(training) // 3)
    return Split(training=tuple(training[:cut]), held_out=tuple(training[cut:]))
