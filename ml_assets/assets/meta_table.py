"""What `meta.dagster` of a stage or tracked path says of its asset, checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from dagster import AutomationCondition
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ml_assets.assets.automation import on_new_data, on_schedule
from ml_assets.assets.errors import MetaInvalid
from ml_assets.assets.freshness import Freshness
from ml_assets.assets.keys import META_TABLE
from ml_assets.dvc.manifest import Source, Stage
from ml_assets.dvc.thresholds import Threshold


class Cron(BaseModel):
    """`automation: {cron: "0 6 * * *", timezone: Europe/Berlin}`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    cron: str
    timezone: str = "UTC"


class AssetTable(BaseModel):
    """How an asset looks, is checked and materializes itself, and how its stage runs.

    `pool` (one stage of it at a time) and `cpus` (of the run's jobs) are claims of the stage, `preload` names
    libraries for a warm start, `environment: strict` counts the Python environment as code, `pipes` gives the
    script a Dagster Pipes session, `partitions` makes one partitioned asset of a `foreach` or `matrix`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    group: str | None = None
    owners: list[str] = Field(default_factory=list)
    tags: dict[str, str] = Field(default_factory=dict)
    kinds: list[str] = Field(default_factory=list)
    automation: Literal["on_new_data", "eager"] | Cron | None = None
    freshness: Freshness | None = None
    checks: list[Threshold] = Field(default_factory=list)
    pool: str | None = None
    cpus: int = Field(default=1, ge=1)
    preload: list[str] = Field(default_factory=list)
    environment: Literal["strict"] | None = None
    pipes: bool = False
    partitions: bool = False

    def condition(self) -> AutomationCondition[Any] | None:
        """When the asset materializes itself; None: never."""
        if isinstance(self.automation, Cron):
            return on_schedule(self.automation.cron, self.automation.timezone)
        if self.automation == "eager":
            return AutomationCondition.eager()
        return on_new_data() if self.automation else None


def read_table(item: Stage | Source) -> AssetTable:
    """The table of an item; empty where it has none.

    Raises:
        MetaInvalid: it has a key that we do not know, or a value of another type; two checks have one name.
    """
    table: Any = item.meta.get(META_TABLE) or {}
    if not isinstance(table, Mapping):
        raise MetaInvalid(item, f"it is no mapping but {table!r}")
    try:
        found = AssetTable.model_validate(dict(table))
    except ValidationError as error:
        wrong = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise MetaInvalid(item, "; ".join(wrong)) from error
    names = [each.check_name for each in found.checks]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise MetaInvalid(item, f"checks: two are called '{twice[0]}'; give one another `name`")
    return found
