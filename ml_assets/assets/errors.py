"""What can go wrong on the way from dvc.yaml to Dagster: one class a cause, with place and remedy."""

from __future__ import annotations

from dagster import AssetKey

from ml_assets.dvc.manifest import Source, Stage
from ml_assets.errors import ForeseenError


class AssetRoomError(ForeseenError):
    """Base of this room's errors."""


class AssetKeyTaken(AssetRoomError):
    """Two stages or tracked paths would be one asset, or two that Dagster cannot tell apart."""

    def __init__(self, key: AssetKey, one: Stage | Source, other: Stage | Source) -> None:
        self.key = key
        self.items = (one, other)
        super().__init__(
            f"Two of one name: {_named(one)} and {_named(other)} both become the asset "
            f"'{key.to_user_string()}'. Rename one, or give them other keys by overriding "
            "DvcTranslator.get_asset_spec."
        )


class BelowThreshold(AssetRoomError):
    """Metrics are not within the bounds of blocking checks."""

    def __init__(self, refused: tuple[str, ...]) -> None:
        self.refused = refused
        super().__init__(
            f"A blocking check was not passed: {'; '.join(refused)}. What is below was not run, and nothing "
            "was recorded. Improve the stage, or change `meta.dagster.checks` in dvc.yaml."
        )


class RecordKeyTaken(AssetRoomError):
    """A stage's asset has the key of the asset that appends the record."""

    def __init__(self, key: AssetKey) -> None:
        self.key = key
        super().__init__(
            f"A stage is the asset '{key.to_user_string()}', and so is the record of a run under "
            '`steps = "stage"`. Rename the stage, or give another key by overriding '
            "DvcTranslator.get_asset_spec."
        )


class PartitionsUneven(AssetRoomError):
    """Some stages of a `foreach` or `matrix` are to be partitions, and others are not."""

    def __init__(self, file: str, group: str) -> None:
        self.group = group
        super().__init__(
            f"Of the stages of '{group}' in {file}, some say `meta.dagster.partitions: true` and others do "
            "not. Say it for all of them, or for none."
        )


class SeveralPartitions(AssetRoomError):
    """A run has several partitions of an asset at once."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        self.keys = keys
        super().__init__(
            f"A run brings one partition up to date, and this one has {', '.join(keys)}. Launch a run for "
            "each: a backfill does, unless it is told to use a single run."
        )


class MetaInvalid(AssetRoomError):
    """`meta.dagster` says something that Dagster does not take."""

    def __init__(self, item: Stage | Source, reason: str) -> None:
        self.item = item
        super().__init__(
            f"`meta.dagster` of {_named(item)} is wrong: {reason}. "
            "Correct it there; docs/reference/settings.md describes its keys."
        )


def _named(item: Stage | Source) -> str:
    if isinstance(item, Source):
        return f"the tracked path '{item.path}' of {item.file}"
    return f"stage '{item.entry}' of {item.file}"
