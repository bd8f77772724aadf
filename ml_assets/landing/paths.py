"""From an object's key, which anybody who may write to the bucket chooses, to a safe path below raw."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ml_assets.landing.errors import Rejected
from ml_assets.landing.schema_in_force import SCHEMA_FILE

LONGEST_NAME_BYTES = 255
# In a project's folder these are not data: DVC would run what they say.
_DVC_NAMES = frozenset({"dvc.yaml", "dvc.lock", ".dvcignore"})


def relative_path(key: str, prefix: str) -> PurePosixPath:
    """Where the object with `key` goes below raw: the key without `prefix`.

    Different keys give different paths. Raises Rejected.
    """
    if not key.startswith(prefix):
        raise Rejected(f"the key does not start with '{prefix}'")
    names = key.removeprefix(prefix).split("/")
    for name in names:
        if flaw := _flaw(name):
            raise Rejected(f"unsafe key {key!a}: {flaw}")
    if names[0].lower() == SCHEMA_FILE:
        raise Rejected(f"unsafe key {key!a}: {SCHEMA_FILE} is where the schema in force is kept")
    return PurePosixPath(*names)


@dataclass
class Room:
    """The space below `folder`, where a path is a file or a folder; of a batch, and of what is there."""

    folder: Path
    _files: set[PurePosixPath] = field(default_factory=set)
    _folders: set[PurePosixPath] = field(default_factory=set)

    def take(self, relative: PurePosixPath) -> None:
        """Claim the path for a file. Raises Rejected where a file would have to be a folder too."""
        parents = list(relative.parents)[:-1]
        if relative in self._folders or (self.folder / relative).is_dir():
            raise Rejected(f"'{relative}' is a folder, and cannot be a file too")
        for parent in parents:
            if parent in self._files or (self.folder / parent).is_file():
                raise Rejected(f"'{parent}' is a file, and cannot be a folder too")
        self._files.add(relative)
        self._folders.update(parents)


def _flaw(name: str) -> str | None:
    flaws = {
        "an empty name between slashes": not name,
        f"the name '{name}'": name in {".", ".."},
        "a backslash": "\\" in name,
        "a control character": any(unicodedata.category(character) in {"Cc", "Cs"} for character in name),
        f"a name longer than {LONGEST_NAME_BYTES} bytes": _bytes(name) > LONGEST_NAME_BYTES,
        f"{name!a} means something to DVC": name.lower() in _DVC_NAMES or name.lower().endswith(".dvc"),
    }
    return next((flaw for flaw, found in flaws.items() if found), None)


def _bytes(name: str) -> int:
    return len(name.encode(errors="surrogatepass"))
