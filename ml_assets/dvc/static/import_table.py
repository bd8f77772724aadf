"""What each file imports, kept by the digest of its content, so that a file is parsed once in its life."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ml_assets.dvc.files import read_cached, write_cached
from ml_assets.dvc.static.imports import Imports, read_imports
from ml_assets.dvc.static.notebooks import notebook_code

# Another grammar reads the same text otherwise, and so may a later version of ours.
FORMAT = f"2, Python {sys.version_info.major}.{sys.version_info.minor}"
MOST = 10_000


@dataclass
class ImportTable:
    """The imports of sources; `cache_dir` is where they are kept between processes."""

    cache_dir: Path
    _read: dict[str, Imports] = field(default_factory=dict)
    _added: bool = False

    def imports(self, name: str, content: bytes, *, digest: str) -> Imports:
        """The imports of a Python source or a notebook; a shell script has none.

        `digest` is the SHA-256 of `content`.
        """
        if _is_shell_script(name, content):
            return Imports()
        if digest not in self._read:
            self._read[digest] = self._kept(digest) or self._parsed(name, content)
        return self._read[digest]

    def save(self) -> None:
        """Keep what was parsed for the next process; nothing to do when all was known."""
        if self._added:
            known = {digest: imports.to_dict() for digest, imports in self._read.items()}
            if len(self._known) < MOST:
                known = self._known | known
            write_cached(self._file, {"format": FORMAT, "imports": known})
            self._added = False

    def _kept(self, digest: str) -> Imports | None:
        kept = self._known.get(digest)
        return None if kept is None else Imports.from_dict(kept)

    def _parsed(self, name: str, content: bytes) -> Imports:
        self._added = True
        return read_imports(notebook_code(content) if name.endswith(".ipynb") else content)

    @cached_property
    def _known(self) -> dict[str, Any]:
        content = read_cached(self._file) or {}
        return dict(content["imports"]) if content.get("format") == FORMAT else {}

    @property
    def _file(self) -> Path:
        return self.cache_dir / "imports.json"


def _is_shell_script(name: str, content: bytes) -> bool:
    first = content[:200].partition(b"\n")[0]
    shebang = first if first.startswith(b"#!") else b""
    return name.endswith((".sh", ".bash")) or (b"sh" in shebang and b"py" not in shebang)
