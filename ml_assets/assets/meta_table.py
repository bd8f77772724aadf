"""What `meta.dagster` of a stage or tracked path says of its asset, checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from ml_assets.assets.errors import MetaInvalid
from ml_assets.assets.keys import META_TABLE
from ml_assets.dvc.manifest import Source, Stage


class AssetTable(BaseModel):
    """How an asset looks; other keys of the table say how a stage runs, and are read elsewhere."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    group: str | None = None
    owners: list[str] = []
    tags: dict[str, str] = {}
    kinds: list[str] = []


def read_table(item: Stage | Source) -> AssetTable:
    """The table of an item; empty where it has none.

    Raises:
        MetaInvalid: a value is of another type.
    """
    table: Any = item.meta.get(META_TABLE) or {}
    if not isinstance(table, Mapping):
        raise MetaInvalid(item, f"it is no mapping but {table!r}")
    try:
        return AssetTable.model_validate(dict(table))
    except ValidationError as error:
        wrong = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise MetaInvalid(item, "; ".join(wrong)) from error
