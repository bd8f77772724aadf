"""The Python of a project at one moment: which file loads which others, each read once."""

from __future__ import annotations

import hashlib
import os
import posixpath
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from ml_assets.dvc.static.ignored import git_ignored
from ml_assets.dvc.static.import_table import ImportTable
from ml_assets.dvc.static.imports import Imports
from ml_assets.dvc.static.layout import Layout, read_layout
from ml_assets.dvc.static.modules import ModuleFinder, SearchPath

# Folders whose files belong to somebody else, even where a script looks into them.
FOREIGN = {".dvc", ".git", "dist-packages", "node_modules", "site-packages"}
SCRIPTS = (".py", ".ipynb", ".sh", ".sql", ".R", ".r", ".jl")
# What tells an environment, whatever its name.
ENVIRONMENTS = ("pyvenv.cfg", "conda-meta")


class ProjectCode:
    """What the files of the project at `root` say: a file is read once, so edits after that are not seen.

    Paths are text, since pathlib costs more than all the rest, and absolute, but where it is said.
    """

    def __init__(self, root: Path, *, cache_dir: Path) -> None:
        # Without links, since Python follows them before it looks beside a script.
        self.root = root.resolve()
        self._root = str(self.root)
        self.finder = ModuleFinder()
        self._table = ImportTable(cache_dir)
        self._digests: dict[str, str | None] = {}
        self._imports: dict[str, Imports] = {}
        self._loads: dict[tuple[str, SearchPath], tuple[str, ...]] = {}
        self._layouts: dict[str, Layout] = {}
        self._own_folders: dict[str, bool] = {self._root: True}

    def save(self) -> None:
        """Keep what was parsed for the next process."""
        self._table.save()

    def sha256(self, file: str) -> str | None:
        """Of the content of a file, relative to the root; None where there is none."""
        path = posixpath.normpath(posixpath.join(self._root, file))
        if path not in self._digests:
            self._digests[path] = _sha256(path)
        return self._digests[path]

    def imports(self, file: str) -> Imports:
        """What the text of a file imports; no file has no imports, and says so."""
        if file not in self._imports:
            self._imports[file] = self._read_imports(file)
        return self._imports[file]

    def is_params_alone(self, file: str) -> bool:
        """Whether a file, relative to the root, is Python that says nothing but params."""
        return file.endswith(".py") and self.imports(f"{self._root}/{file}").params_alone

    def loads(self, file: str, path: SearchPath) -> tuple[str, ...]:
        """The project's files that `file` loads by its imports, where modules are looked up in `path`."""
        key = (file, path)
        if key not in self._loads:
            found = self.loaded(self.imports(file), file, path)
            self._loads[key] = tuple(dict.fromkeys(each for each in found if self.contains(each)))
        return self._loads[key]

    def loaded(self, imports: Imports, file: str, path: SearchPath) -> Iterator[str]:
        """All files that imports load which stand in `file`, of this project or not."""
        for each in imports.imports:
            module, submodules = self.finder.imported(each, file, path)
            yield from (*module.files, *submodules.files)
            if "*" in each.names and module.files:
                exports = self.imports(module.files[-1]).exports
                yield from self.finder.submodules(exports, module).files

    def contains(self, file: str) -> bool:
        """Whether a file is the project's own: not installed, in no environment, not ignored by Git."""
        return self._is_own(posixpath.dirname(file)) and file not in self._ignored

    def search_path(self, own: Sequence[str], cwd: str) -> SearchPath:
        """`own` folders, and those where each project that `cwd` is in keeps its packages."""
        installed = [
            posixpath.normpath(posixpath.join(project, folder))
            for project in self._projects(cwd)
            for folder in self._layout(project).folders
        ]
        return SearchPath(tuple(dict.fromkeys(own)), tuple(dict.fromkeys(installed)))

    def console_scripts(self, cwd: str) -> dict[str, str]:
        """The commands that the projects around `cwd` install, with the module of each."""
        projects = reversed(self._projects(cwd))
        return {name: module for each in projects for name, module in self._layout(each).scripts.items()}

    def _projects(self, cwd: str) -> list[str]:
        """The folders from `cwd` up to the root, any of which may be a project in the sense of pip."""
        found = [cwd]
        while found[-1] not in ("/", self._root):
            found.append(posixpath.dirname(found[-1]))
        return found

    def _layout(self, folder: str) -> Layout:
        if folder not in self._layouts:
            self._layouts[folder] = read_layout(Path(folder))
        return self._layouts[folder]

    def scripts_below(self, folder: str) -> list[str]:
        """The project's own scripts in a folder and below, relative to the root as `folder` may be."""
        found = []
        for place, folders, files in os.walk(self.root / folder):
            folders[:] = sorted(name for name in folders if self._is_own(f"{place}/{name}"))
            scripts = (f"{place}/{name}" for name in files if name.endswith(SCRIPTS))
            found += [os.path.relpath(each, self.root) for each in scripts if self.contains(each)]
        return sorted(found)

    def _read_imports(self, file: str) -> Imports:
        path = Path(file)
        if not path.is_file():
            return Imports(unknown=("line 1: it cannot be read",))
        content = path.read_bytes()
        digest = self._digests[file] = hashlib.sha256(content).hexdigest()
        return self._table.imports(file, content, digest=digest)

    def _is_own(self, folder: str) -> bool:
        known = self._own_folders.get(folder)
        if known is None:
            above, name = posixpath.split(folder)
            known = self._own_folders[folder] = (
                name not in FOREIGN
                and above != folder
                and self._is_own(above)
                and folder not in self._ignored
                and not any(os.path.exists(f"{folder}/{mark}") for mark in ENVIRONMENTS)  # noqa: PTH110
            )
        return known

    @cached_property
    def _ignored(self) -> frozenset[str]:
        return frozenset(f"{self._root}/{name}" for name in git_ignored(self.root))


def _sha256(file: str) -> str | None:
    path = Path(file)
    if not path.is_file():
        return None
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
