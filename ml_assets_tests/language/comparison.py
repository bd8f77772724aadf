"""One project twice: what `dvc repro` leaves behind in the one, and Dagster over ours in the other."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dagster import AssetKey, DagsterInstance

from ml_assets.assets.keys import META_KEY_FILE, META_KEY_STAGE
from ml_assets.code_location import build_definitions
from ml_assets.dvc.events import Outcome, StageFinished
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.runner import run_stages
from ml_assets_tests.factories import run, write
from ml_assets_tests.language.feature import OUTSIDE, Feature, Files
from ml_assets_tests.language.plain_dvc import PlainDvc

QUIET = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}
Contents = Mapping[str, bytes]
NOT_COMPARED = {".git", "tmp", ".ml_assets", "ml_assets", "__pycache__"}


@dataclass(frozen=True)
class Round:
    """What is in both copies after both have run, and the data versions that Dagster has of ours."""

    ours: Contents
    theirs: Contents
    statuses: tuple[str, str]
    versions: Mapping[AssetKey, str]

    def assert_equal(self, folder: str = "") -> None:
        """The same files with the same bytes below `folder`, and the same objects in the cache."""
        ours, theirs = below(self.ours, folder), below(self.theirs, folder)
        assert sorted(ours) == sorted(theirs)
        assert {name: text for name, text in ours.items() if theirs[name] != text} == {}
        assert self.statuses[0] == self.statuses[1]


@dataclass(frozen=True)
class Comparison:
    """Two copies of a project at `by_hand` and `ours`, in which the same is done."""

    plain: PlainDvc
    by_hand: Path
    ours: DvcProject

    @classmethod
    def alone(cls, feature: Feature, *, folder: Path, plain: PlainDvc) -> Comparison:
        """A fresh pair of a project that has one feature, at its root."""
        return cls._made([(feature, ".")], folder, plain)

    @classmethod
    def bundle(cls, features: Iterable[Feature], *, folder: Path, plain: PlainDvc) -> Comparison:
        """A fresh pair of a project that has many features, each in a folder of its name."""
        return cls._made([(feature, feature.name) for feature in features], folder, plain)

    @classmethod
    def _made(cls, places: list[tuple[Feature, str]], folder: Path, plain: PlainDvc) -> Comparison:
        root = folder / "by-hand"
        start_repository(root, plain)
        for feature, place in places:
            lay_out(feature, root, root / place, folder / "outside", plain)
        run("git", "add", "-A", cwd=root)
        run("git", "commit", "-q", "-m", "start", cwd=root)
        ours = Path(shutil.copytree(root, folder / "ours", symlinks=True))
        return cls(plain, root, DvcProject(ours))

    def write(self, files: Files, *, below: str = ".") -> None:
        for root in (self.by_hand, self.ours.root):
            write(root / below, files)

    def materialize_both(self) -> Round:
        """`dvc repro` of all pipelines here, a materialization of all assets in Dagster there."""
        versions = materialize_all(self.ours)
        return self._after_dvc(versions)

    def repro_both(self) -> Round:
        """`dvc repro` of all pipelines here, our runner without Dagster there."""
        stages = [stage.name for stage in self.ours.manifest().stages]
        list(run_stages(self.ours, stages, jobs=2))
        return self._after_dvc({})

    def _after_dvc(self, versions: Mapping[AssetKey, str]) -> Round:
        self.plain("repro", "-q", "--all-pipelines", cwd=self.by_hand)
        roots = (self.ours.root, self.by_hand)
        ours, theirs = (contents(root) for root in roots)
        one, other = (self.plain("status", cwd=root) for root in roots)
        return Round(ours, theirs, (one, other), versions)

    def run_again(self) -> set[str]:
        """Run all stages of ours; the names of those that were not unchanged."""
        stages = [stage.name for stage in self.ours.manifest().stages]
        ended = [event for event in run_stages(self.ours, stages) if isinstance(event, StageFinished)]
        assert len(ended) == len(stages)
        return {event.stage for event in ended if event.outcome is not Outcome.UNCHANGED}


def start_repository(root: Path, plain: PlainDvc) -> None:
    root.mkdir(parents=True)
    run("git", "init", "-q", "-b", "main", cwd=root)
    plain("init", "-q", cwd=root)
    plain("remote", "add", "-q", "-d", "store", "../store", cwd=root)


def lay_out(feature: Feature, root: Path, place: Path, outside: Path, plain: PlainDvc) -> None:
    """Put a feature's files into the folder `place` of the project at `root`, and run its `dvc` commands."""
    place.mkdir(exist_ok=True)
    write(outside, feature.outside or {})
    write(place, {name: text.replace(OUTSIDE, str(outside)) for name, text in feature.files.items()})
    write(root, feature.at_root)
    feature.prepare(place, outside, plain)
    for command in feature.setup:
        plain(*(part.replace(OUTSIDE, str(outside)) for part in command), cwd=place)


def below(found: Contents, folder: str) -> Contents:
    """Of `found`, what is in `folder`, and in the cache, which all folders share."""
    return {name: text for name, text in found.items() if name.startswith((folder, ".dvc/cache"))}


def contents(root: Path) -> Contents:
    """All files of a project and of its cache; of the cache the names alone, which are the hashes."""
    found: dict[str, bytes] = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root)
        if path.is_file() and not NOT_COMPARED.intersection(name.parts) and not _ours_alone(name):
            found[str(name)] = b"" if name.parts[:2] == (".dvc", "cache") else _bytes(path)
    return found


def _ours_alone(name: Path) -> bool:
    # Our run cache leaves out stages that run code which is not in their deps, and notes whose it was. What
    # `dvc pull` brings from where an import comes from, which Dagster does before a run, DVC keeps in `fs`.
    return name.parts[:2] == (".dvc", "cache") and name.parts[2:3] in {("runs",), ("fs",)}


def _bytes(path: Path) -> bytes:
    # DVC appends to .gitignore as stages end, and side by side they end in any order.
    content = path.read_bytes()
    return b"".join(sorted(content.splitlines(keepends=True))) if path.name == ".gitignore" else content


def materialize_all(project: DvcProject) -> dict[AssetKey, str]:
    """Materialize every asset of the project's code location in one run; the data version by key."""
    job = build_definitions(project).resolve_implicit_global_asset_job_def()
    with DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance, run_config=QUIET)
    assert result.success
    versions: dict[AssetKey, str] = {}
    for event in result.get_asset_materialization_events():
        materialization = event.step_materialization_data.materialization
        versions[materialization.asset_key] = (materialization.tags or {})["dagster/data_version"]
    return versions


def stage_edges(project: DvcProject) -> set[tuple[str, str]]:
    """(stage, stage or .dvc file that it depends on) pairs, as Dagster shows them."""
    definitions = build_definitions(project)
    specs = definitions.resolve_all_asset_specs()
    files = [spec for spec in specs if META_KEY_STAGE in spec.metadata or META_KEY_FILE in spec.metadata]
    names = {spec.key: spec.metadata.get(META_KEY_STAGE) or spec.metadata[META_KEY_FILE] for spec in files}
    return {(str(names[spec.key]), str(names[dep.asset_key])) for spec in specs for dep in spec.deps}
