"""Files that a stage has made before, by what they were made from: they save time, and change no byte.

joblib's Memory and diskcache keep pickled values. What is worth keeping here are files, which are linked into
the output instead of written again, and looked at before they are used.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from ml_assets.stages.errors import ParamInvalid

# Set where the stage runs in a clone of the project, so that all of them remember together.
FOLDER = "ML_ASSETS_MEMORY"
LIMIT = "ML_ASSETS_MEMORY_BYTES"
DEFAULT_FOLDER = Path(".ml_assets/memory")
DEFAULT_LIMIT = 1 << 30


@dataclass
class Memory:
    """The memory of one stage; `basis` says all that its files depend on besides their inputs."""

    folder: Path
    basis: str
    limit: int = DEFAULT_LIMIT
    used: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, stage: str, params: Mapping[str, Any]) -> Self:
        """For these values of its parameters, this package's code and these versions of what writes bytes."""
        import polars as pl

        code = {path.name: _sha256(path) for path in sorted(Path(__file__).parent.glob("*.py"))}
        basis = {"stage": stage, "params": params, "code": code, "polars": pl.__version__}
        folder = Path(os.environ.get(FOLDER) or DEFAULT_FOLDER)
        return cls(folder / stage, json.dumps(basis, sort_keys=True), _limit())

    def key(self, inputs: Mapping[str, Path | None]) -> str:
        """Of what is made from the content of these files, each in its role; None for one that is missing."""
        content = {role: path and self._content(path) for role, path in inputs.items()}
        return hashlib.sha256(f"{self.basis}\n{json.dumps(content, sort_keys=True)}".encode()).hexdigest()

    def recall(self, key: str, into: Path) -> bool:
        """Whether the file is remembered, and now is at `into`; one that is right already is not touched."""
        name = self._entries.get(key)
        if name is None:
            return False
        content = name.partition(".")[2]
        entry = self.folder / name
        try:
            # A file that was edited where it is linked to, or cut off by a lost disk, is made again.
            if _sha256(entry) != content:
                entry.unlink()
                return False
            if not into.exists() or _sha256(into) != content:
                into.unlink(missing_ok=True)
                _link(entry, into)
        except OSError:
            # Somebody tidied up meanwhile.
            return False
        self.used.add(name)
        return True

    def keep(self, key: str, made: Path) -> None:
        """Remember the file; where that cannot be, say so once, and never mind."""
        name = f"{key}.{_sha256(made)}"
        if not self._is_writable:
            return
        try:
            _link(made, self.folder / name)
        except OSError as error:
            self._is_writable = False
            self._say_without(error)
            return
        self.used.add(name)

    def tidy(self) -> None:
        """Forget what was not used for longest, down to the limit; never what this run has used."""
        with suppress(OSError):
            self._tidy()

    def _tidy(self) -> None:
        found = [(entry, entry.stat()) for entry in os.scandir(self.folder) if entry.is_file()]
        size = sum(stat.st_size for _, stat in found)
        # A link to a file, made or removed, changes its ctime: that is when it was used.
        for entry, stat in sorted(found, key=lambda each: each[1].st_ctime):
            if size > self.limit and entry.name not in self.used:
                Path(entry).unlink()
                size -= stat.st_size

    @cached_property
    def _entries(self) -> dict[str, str]:
        try:
            names = [entry.name for entry in os.scandir(self.folder)]
        except OSError:
            return {}
        return {name.partition(".")[0]: name for name in names if not name.startswith(".")}

    @cached_property
    def _is_writable(self) -> bool:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self._say_without(error)
            return False
        return True

    def _say_without(self, error: OSError) -> None:
        print(f"nothing can be remembered in {self.folder} ({error.strerror}): the next run will take longer")

    def _content(self, path: Path) -> str:
        if path not in self._contents:
            self._contents[path] = _sha256(path)
        return self._contents[path]

    @cached_property
    def _contents(self) -> dict[Path, str]:
        return {}


def _link(source: Path, target: Path) -> None:
    """A hard link, which costs no room and no time; a copy between disks and where there are none."""
    try:
        os.link(source, target)
    except FileExistsError:
        return
    except OSError:
        part = target.with_name(f".{target.name}.{os.getpid()}")
        shutil.copyfile(source, part)
        part.replace(target)
        # The trace that a link would leave.
        os.utime(source)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _limit() -> int:
    given = os.environ.get(LIMIT, str(DEFAULT_LIMIT))
    if not given.isdecimal():
        raise ParamInvalid(f"{LIMIT} in the environment is '{given}': give a number of bytes")
    return int(given)
