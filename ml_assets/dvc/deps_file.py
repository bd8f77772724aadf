"""Compares the `deps` of stages with the code that they reach, and adds what is missing to dvc.yaml."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ml_assets.dvc.closure import find_closure, undeclared_code
from ml_assets.dvc.deps_text import NotEditable, add_deps
from ml_assets.dvc.errors import DepsNotWritable, ManifestFailed, UnknownStage
from ml_assets.dvc.files import replace_file
from ml_assets.dvc.manifest import Manifest, Stage
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.static.project_code import SCRIPTS
from ml_assets.dvc.static.walk import Unknown


@dataclass(frozen=True)
class StageDeps:
    """What the deps of a stage lack; paths are relative to the project's root.

    `gone` are scripts among the deps that are not there, `unreached` those that nothing imports, `unknown`
    is what the text of the closure does not tell: hints, since a script may be read in other ways.
    """

    stage: str
    file: str
    missing: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    unreached: tuple[str, ...] = ()
    unknown: tuple[Unknown, ...] = ()


def inspect_deps(project: DvcProject, names: Iterable[str] = ()) -> tuple[StageDeps, ...]:
    """The deps of stages, named by themselves or by their template, beside their import closures.

    Without names, of all stages.

    Raises:
        UnknownStage: no dvc.yaml has a stage or a template of that name.
        ManifestFailed: DVC refuses the pipeline files.
    """
    project = project.pinned()
    manifest = project.manifest()
    chosen = _chosen(manifest, tuple(names))
    found = tuple(_inspect(project, manifest, stage) for stage in chosen)
    project.code().save()
    return found


def _chosen(manifest: Manifest, names: Sequence[str]) -> Sequence[Stage]:
    known = {name for stage in manifest.stages for name in _names(stage)}
    for name in names:
        if name not in known:
            raise UnknownStage(name, tuple(stage.name for stage in manifest.stages))
    return [stage for stage in manifest.stages if not names or not _names(stage).isdisjoint(names)]


def _names(stage: Stage) -> set[str]:
    """A stage's name, and that of the template that it comes from."""
    return {stage.name, stage.name.removesuffix(_in_file(stage)) + (stage.group or _in_file(stage))}


def _in_file(stage: Stage) -> str:
    return stage.name.removeprefix(f"{stage.file}:")


def _inspect(project: DvcProject, manifest: Manifest, stage: Stage) -> StageDeps:
    closure = find_closure(project.root, stage, code=project.code())
    scripts = [dep for dep in stage.deps if dep.endswith(SCRIPTS) and not manifest.is_data(dep)]
    there = {dep for dep in scripts if (project.root / dep).exists()}
    return StageDeps(
        stage=stage.name,
        file=stage.file,
        missing=undeclared_code(manifest, stage, closure.files),
        gone=tuple(dep for dep in scripts if dep not in there),
        unreached=tuple(
            dep for dep in scripts if dep in there and dep.endswith(".py") and dep not in closure.files
        ),
        unknown=closure.unknown,
    )


def write_deps(project: DvcProject, found: Sequence[StageDeps]) -> tuple[str, ...]:
    """Add what is missing to the dvc.yaml files; which files changed, relative to the project's root.

    All other bytes stay. The instances of a template get what any of them lacks. DVC itself reads the files
    afterwards; where it refuses them, or an instance has no file that another one has, all are put back.

    Raises:
        DepsNotWritable: with the stage and the reason; no file has changed then.
    """
    manifest = project.manifest()
    lacking = [each for each in found if each.missing]
    if not lacking:
        return ()
    before = {file: _read(project.root / file) for file in sorted({each.file for each in lacking})}
    after = {file: _edited(manifest, file, text, lacking) for file, text in before.items()}
    try:
        for file, text in after.items():
            replace_file((project.root / file).resolve(), text)
        _verify(project.root, manifest, lacking)
    except BaseException:
        for file, text in before.items():
            replace_file((project.root / file).resolve(), text)
        raise
    return tuple(after)


def _read(path: Path) -> str:
    # Not read_text, which would forget how lines end.
    return path.read_bytes().decode()


def _edited(manifest: Manifest, file: str, text: str, lacking: Sequence[StageDeps]) -> str:
    added: dict[str, dict[str, None]] = {}
    for each in lacking:
        if each.file == file:
            stage = manifest.stage(each.stage)
            paths = {_written(path, stage): None for path in each.missing}
            added.setdefault(stage.group or _in_file(stage), {}).update(paths)
    try:
        return add_deps(text, {name: list(paths) for name, paths in added.items()})
    except NotEditable as error:
        raise DepsNotWritable(file, error.stage, tuple(added.get(error.stage, ())), error.reason) from error


def _written(path: str, stage: Stage) -> str:
    """A path as dvc.yaml says it: relative to the stage's working directory, no template."""
    return posixpath.relpath(path, stage.wdir).replace("${", r"\${")


def _verify(root: Path, before: Manifest, lacking: Sequence[StageDeps]) -> None:
    """That DVC reads the files, and that each dependency that is new in any stage is there."""
    missing = {each.stage: each.missing for each in lacking}
    try:
        manifest = DvcProject(root).manifest()
    except ManifestFailed as error:
        first = lacking[0]
        raise DepsNotWritable(first.file, first.stage, first.missing, str(error)) from error
    for stage in manifest.stages:
        new = set(stage.deps) - set(before.stage(stage.name).deps)
        absent = tuple(sorted(path for path in new if not (root / path).exists()))
        if absent:
            reason = "another stage of the same template has it, and this one has no such file"
            raise DepsNotWritable(stage.file, stage.name, absent, reason)
        still = undeclared_code(manifest, stage, missing.get(stage.name, ()))
        if still:
            raise DepsNotWritable(stage.file, stage.name, still, "they did not arrive in the stage")
