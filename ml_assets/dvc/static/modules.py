"""Finds the files that an import loads, by Python's own rules, among the files of a project."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from ml_assets.dvc.static.imports import Import

INIT = "__init__.py"


@dataclass(frozen=True)
class SearchPath:
    """Absolute folders to look modules up in: `own` before the standard library, `installed` after it."""

    own: tuple[str, ...]
    installed: tuple[str, ...]

    def extended(self, folders: Sequence[str]) -> SearchPath:
        """With more folders behind its own."""
        return SearchPath(tuple(dict.fromkeys((*self.own, *folders))), self.installed)

    def folders(self, module: str) -> tuple[str, ...]:
        """Where a top-level module of that name may be; a standard module hides those that are installed."""
        if module in sys.builtin_module_names:
            return ()
        return self.own if module in sys.stdlib_module_names else self._all

    @cached_property
    def _all(self) -> tuple[str, ...]:
        return (*self.own, *self.installed)


@dataclass(frozen=True)
class Loaded:
    """What loading a module loads: its file and those of the packages around it, and where its parts are."""

    files: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()


class ModuleFinder:
    """Looks modules up; what a folder holds is read once, so a finder shows the project at one moment."""

    def __init__(self) -> None:
        self._listings: dict[str, frozenset[str]] = {}

    def load(self, module: str, folders: Sequence[str]) -> Loaded:
        """The files of the dotted `module`, as far as it is found, its first part in one of `folders`."""
        files: list[str] = []
        parts = tuple(folders)
        for name in module.split("."):
            file, parts = self._step(name, parts)
            files += [file] if file else []
        return Loaded(tuple(files), parts)

    def imported(self, what: Import, file: str, path: SearchPath) -> tuple[Loaded, Loaded]:
        """What an import in `file` loads, and the submodules among the names that it asks for."""
        if what.level:
            base = os.path.dirname(file)  # noqa: PTH120 - pathlib is ten times slower, and this is asked often
            for _ in range(what.level - 1):
                base = os.path.dirname(base)  # noqa: PTH120
            around = (f"{base}/{INIT}",) if INIT in self._listing(base) else ()
            below = self.load(what.module, [base]) if what.module else Loaded(parts=(base,))
            module = Loaded((*around, *below.files), below.parts)
        else:
            module = self.load(what.module, path.folders(what.module.partition(".")[0]))
        return module, self.submodules(what.names, module)

    def submodules(self, names: Sequence[str], package: Loaded) -> Loaded:
        """Those of `names` that are modules in the package, rather than things that it defines."""
        return Loaded(tuple(file for name in names if (file := self._step(name, package.parts)[0])))

    def _step(self, name: str, folders: Sequence[str]) -> tuple[str | None, tuple[str, ...]]:
        """The file of module `name` in the first folder that has it, and where its submodules are."""
        portions: list[str] = []
        for folder in folders:
            listing = self._listing(folder)
            if name in listing and INIT in self._listing(f"{folder}/{name}"):
                return f"{folder}/{name}/{INIT}", (f"{folder}/{name}",)
            if f"{name}.py" in listing:
                return f"{folder}/{name}.py", ()
            if name in listing:
                portions.append(f"{folder}/{name}")
        return None, tuple(portions)

    def _listing(self, folder: str) -> frozenset[str]:
        known = self._listings.get(folder)
        if known is None:
            known = self._listings[folder] = frozenset(_names(folder))
        return known


def _names(folder: str) -> Iterator[str]:
    try:
        yield from os.listdir(folder)  # noqa: PTH208 - see above
    except OSError:
        return  # no such folder, or a file: nothing can be imported from it
