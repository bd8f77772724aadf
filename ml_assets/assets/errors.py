"""What can go wrong on the way from dvc.yaml to Dagster: one class a cause, with place and remedy."""

from __future__ import annotations

from dagster import AssetKey

from ml_assets.dvc.manifest import Stage


class AssetRoomError(Exception):
    """Base of this room's errors."""


class AssetKeyTaken(AssetRoomError):
    """Two stages would be one asset."""

    def __init__(self, key: AssetKey, one: Stage, other: Stage) -> None:
        self.key = key
        super().__init__(
            f"Stage '{one.name}' of {one.file} and stage '{other.name}' of {other.file} both become "
            f"the asset '{key.to_user_string()}'. Rename one, or give them other keys by overriding "
            "DvcTranslator.get_asset_spec."
        )
