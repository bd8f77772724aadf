"""Which asset key a stage or a tracked path has, and that no two have the same."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from pathlib import PurePosixPath

from dagster import AssetKey

from ml_assets.assets.errors import AssetKeyTaken
from ml_assets.dvc.manifest import Manifest, Source, Stage

# Dagster makes the name of an output from a key, and allows these in it; names of stages have more.
NOT_IN_A_KEY = re.compile(r"[^A-Za-z0-9_]")
# Names that Dagster keeps for itself.
RESERVED = frozenset(keyword.kwlist) | {
    *("context", "conf", "config", "meta", "arg_dict", "dict", "input_arg_dict", "output_arg_dict"),
    *("int", "str", "float", "bool", "input", "output", "type"),
}


def asset_key(item: Stage | Source, manifest: Manifest) -> AssetKey:
    """`train@a` → train/a, `sub/dvc.yaml:train` → sub/train, the tracked path `data/raw` → raw.

    Where the short name of a tracked path is another asset's too, its whole path is the key. A name that
    Dagster keeps for itself gets an underscore: `import` → import_.
    """
    return AssetKey(_unreserved(_stage_parts(item) if isinstance(item, Stage) else _parts(item, manifest)))


def require_distinct(keys: Iterable[tuple[Stage | Source, AssetKey]]) -> None:
    """Refuse two assets of one key, and of keys that Dagster cannot tell apart.

    Raises:
        AssetKeyTaken: naming both, and their files.
    """
    owner: dict[str, Stage | Source] = {}
    for item, key in keys:
        other = owner.setdefault("__".join(key.path), item)
        if other is not item:
            raise AssetKeyTaken(key, other, item)


def _stage_parts(stage: Stage) -> tuple[str, ...]:
    folder = PurePosixPath(stage.file).parent.parts
    return tuple(_part(part) for part in (*folder, *stage.entry.split("@")))


def _parts(source: Source, manifest: Manifest) -> tuple[str, ...]:
    short = _short(source)
    if _names(manifest)[short] == 1:
        return short
    return tuple(_part(part) for part in PurePosixPath(source.path).parts if part != "/")


@lru_cache(maxsize=8)
def _names(manifest: Manifest) -> Counter[tuple[str, ...]]:
    """How many stages and tracked paths would like to have each key."""
    return Counter(
        [
            *(_stage_parts(stage) for stage in manifest.stages),
            *(_short(source) for source in manifest.sources),
        ]
    )


def _short(source: Source) -> tuple[str, ...]:
    return (_part(PurePosixPath(source.path).stem),)


def _part(name: str) -> str:
    """`größe.v1` → grou00dfe_v1: accents go, other letters that ASCII lacks are spelt, the rest is `_`."""
    plain = "".join(each for each in unicodedata.normalize("NFKD", name) if not unicodedata.combining(each))
    return NOT_IN_A_KEY.sub("_", "".join(each if each.isascii() else f"u{ord(each):04x}" for each in plain))


def _unreserved(parts: tuple[str, ...]) -> tuple[str, ...]:
    return (f"{parts[0]}_",) if len(parts) == 1 and parts[0] in RESERVED else parts
