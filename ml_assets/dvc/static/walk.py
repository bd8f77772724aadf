"""Walks from what a stage's command starts along the imports, and collects the project's files on the way."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ml_assets.dvc.manifest import Stage
from ml_assets.dvc.static.imports import read_imports
from ml_assets.dvc.static.modules import SearchPath
from ml_assets.dvc.static.project_code import ProjectCode
from ml_assets.dvc.static.pytest_files import TestFiles, is_test, pytest_files
from ml_assets.dvc.static.scripts import read_starts
from ml_assets.dvc.static.starts import Kind, NotFound, Start


@dataclass(frozen=True)
class Unknown:
    """What the text of `path` does not tell; an empty path is the stage's command."""

    path: str
    reason: str


@dataclass(frozen=True)
class Closure:
    """`files` are relative to the project's root and sorted."""

    files: tuple[str, ...]
    unknown: tuple[Unknown, ...] = ()


def walk(code: ProjectCode, stage: Stage) -> Closure:
    """The import closure of a stage's command, without params files that hold nothing else."""
    root = str(code.root)
    cwd = posixpath.normpath(posixpath.join(root, stage.wdir))
    # DVC gives each line of a command to a shell of its own, and each entry of a list.
    commands = stage.cmd if len(stage.cmd) != 1 else stage.cmd[0].splitlines()
    steps = _Steps(code)
    for start in read_starts(commands, root=root, cwd=cwd, console_scripts=code.console_scripts(cwd)):
        if isinstance(start, NotFound):
            steps.unknown[Unknown("", start.reason)] = None
        else:
            steps.follow(start)
    return steps.closure(without=[file for file in stage.params if code.is_params_alone(file)])


@dataclass
class _Steps:
    code: ProjectCode
    files: set[str] = field(default_factory=set)
    unknown: dict[Unknown, None] = field(default_factory=dict)

    def follow(self, start: Start) -> None:
        """Collect what is reached from a start, again whenever a file on the way widens `sys.path`."""
        tests = self._tests(start)
        path = self.code.search_path((*tests.folders, *start.own), start.cwd)
        while True:
            reached = self._reached([*tests.files, *self._first(start, path)], path)
            wider = path.extended(self._added_folders(reached, start.cwd))
            if wider == path:
                break
            path = wider
        self.files |= reached

    def closure(self, *, without: Iterable[str]) -> Closure:
        root = f"{self.code.root}/"
        files = sorted({file.removeprefix(root) for file in self.files}.difference(without))
        for file in files:
            for reason in self.code.imports(f"{root}{file}").unknown:
                self.unknown[Unknown(file, reason)] = None
        return Closure(tuple(files), tuple(self.unknown))

    def _first(self, start: Start, path: SearchPath) -> Sequence[str]:
        """The files that a start loads by itself."""
        if start.kind is Kind.MODULE:
            module = self.code.finder.load(start.target, path.folders(start.target.partition(".")[0]))
            return [*module.files, *self.code.finder.submodules(["__main__"], module).files]
        if start.kind is Kind.CODE:
            place = f"{start.cwd}/-c"
            return list(self.code.loaded(read_imports(start.target.encode()), place, path))
        return [] if start.kind is Kind.TESTS else [start.target]

    def _tests(self, start: Start) -> TestFiles:
        if start.kind is not Kind.TESTS:
            return TestFiles()
        path = Path(start.target)
        if path.is_file():
            return pytest_files([path], root=self.code.root)
        scripts = [self.code.root / each for each in self.code.scripts_below(start.target)]
        return pytest_files((each for each in scripts if is_test(each.name)), root=self.code.root)

    def _reached(self, files: Sequence[str], path: SearchPath) -> set[str]:
        seen: set[str] = set()
        waiting = [file for file in files if self.code.contains(file)]
        while waiting:
            file = waiting.pop()
            if file not in seen:
                seen.add(file)
                waiting += self.code.loads(file, path)
        return seen

    def _added_folders(self, files: Iterable[str], cwd: str) -> list[str]:
        return [
            posixpath.normpath(posixpath.join(posixpath.dirname(file) if edit.of_file else cwd, edit.folder))
            for file in sorted(files)
            for edit in self.code.imports(file).path_edits
        ]
