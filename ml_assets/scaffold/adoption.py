"""A DVC repository becomes a Dagster code location: which files that takes, before any is written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ml_assets.dvc.manifest import Manifest, Stage, overlaps
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.remotes import default_remote, remote_url
from ml_assets.scaffold.change import Change
from ml_assets.scaffold.errors import FileInTheWay, NothingToShow
from ml_assets.scaffold.ignored import plan_ignored
from ml_assets.scaffold.pyproject import Pyproject
from ml_assets.scaffold.settings_file import plan_settings
from ml_assets.scaffold.template import render
from ml_assets.scaffold.workspace import (
    DEFINITIONS,
    CodeLocation,
    asked_first,
    location_name,
    ours,
    plan_workspace,
)

USES_US = re.compile(r"^\s*(?:from|import) ml_assets\b", re.MULTILINE)


@dataclass(frozen=True)
class Adoption:
    """What to write, and what to know of the repository.

    `asked_first` are the code locations that a bare `dagster dev` loads by pyproject.toml, in place of those
    in workspace.yaml; None: it reads workspace.yaml.
    """

    root: Path
    manifest: Manifest
    changes: tuple[Change, ...]
    asked_first: tuple[CodeLocation, ...] | None

    @property
    def needs_workspace_option(self) -> bool:
        """Whether a bare `dagster dev` would not find this code location."""
        found = self.asked_first
        return found is not None and not any(each.target == DEFINITIONS for each in found)


def plan_adoption(project: DvcProject, *, remote: str | None = None) -> Adoption:
    """What is missing for `dagster dev`; no changes where nothing is.

    Args:
        remote: the DVC remote that runs shall push to. Without one, nothing is pushed even where DVC has a
            default remote: a first look must not write into a shared place.

    Raises:
        NothingToShow, FileInTheWay, FileUnreadable, RemoteUnknown, ManifestFailed.
    """
    manifest, root = project.manifest(), project.root
    if not (manifest.stages or manifest.sources or (root / "dvc.yaml").exists()):
        raise NothingToShow(root)
    remote_url(root, remote)
    pyproject = Pyproject.read(root)
    first = asked_first(pyproject)
    locations = _locations(root, pyproject, first or [])
    settings = plan_settings(
        pyproject,
        name=locations[-1].name,
        remote=remote,
        default=default_remote(root),
        # A line more in it would make such a stage run again.
        apart=any(_reads(stage, pyproject.path.name) for stage in manifest.stages),
    )
    planned = (plan_workspace(root, locations), _plan_definitions(root), settings, *plan_ignored(root))
    return Adoption(
        root=root,
        manifest=manifest,
        changes=tuple(change for change in planned if change),
        asked_first=None if first is None else tuple(first),
    )


def _reads(stage: Stage, path: str) -> bool:
    # Of params, DVC looks at the named keys; a stage that names none takes the whole file.
    return any(overlaps(dep, path) for dep in stage.deps) or stage.params.get(path) == ()


def _locations(root: Path, pyproject: Pyproject, first: list[CodeLocation]) -> list[CodeLocation]:
    """Those that pyproject.toml names, and ours as the last one."""
    if any(each.target == DEFINITIONS for each in first):
        return sorted(first, key=lambda each: each.target == DEFINITIONS)
    return [*first, ours(location_name(pyproject, root, taken=[each.name for each in first]))]


def _plan_definitions(root: Path) -> Change | None:
    path = root / f"{DEFINITIONS}.py"
    if not path.exists():
        return Change(path, None, render(f"adopt/{DEFINITIONS}.py"), "makes the assets from dvc.yaml")
    # People go on from it: with a translator of their own, with other assets beside.
    if path.is_file() and USES_US.search(path.read_text(encoding="utf-8", errors="replace")):
        return None
    raise FileInTheWay(path, "Rename it, then run again: Dagster would load it in place of ours.")
