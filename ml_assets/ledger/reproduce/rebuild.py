"""Rebuilds a record in an empty folder: code out of Git, inputs from the remote, the stages run again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ml_assets.dvc.clone import clone_environment, make_clone
from ml_assets.dvc.errors import DvcBridgeError
from ml_assets.dvc.events import Event, OnFailure, Redo
from ml_assets.dvc.git import git
from ml_assets.dvc.lockfile import LockedStage, output_paths, read_locks
from ml_assets.dvc.manifest import Manifest
from ml_assets.dvc.pinned_clone import require_commit
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.remote import pull
from ml_assets.dvc.restore import write_texts
from ml_assets.dvc.runner import run_stages
from ml_assets.dvc.sha256 import sha256_of
from ml_assets.dvc.snapshot import Snapshot, snapshot_of_commit
from ml_assets.dvc.variables import with_variables
from ml_assets.ledger.errors import NoCommitRecorded, NotEmpty
from ml_assets.ledger.newest_state import State
from ml_assets.ledger.origin import collect
from ml_assets.ledger.record import GitState, RunRecord
from ml_assets.ledger.reproduce.verdict import Rebuilt
from ml_assets.ledger.run_record import read_all_metrics


@dataclass(frozen=True)
class Rebuild:
    """A record's code and texts in the folder `into`; nothing is pulled or run yet."""

    record: RunRecord
    into: Path
    project: DvcProject
    snapshot: Snapshot
    remote: str | None

    @classmethod
    def start(
        cls, record: RunRecord, state: State, *, source: Path, into: Path, remote: str | None
    ) -> Rebuild:
        """Check the record's code out into `into`, which is empty or not there yet.

        Args:
            source: the project whose Git repository has the commit, and whose DVC configuration is used.
            remote: name of the DVC remote; None for the default one.

        Raises:
            NotEmpty, NoCommitRecorded, CommitUnknown, GitFailed.
        """
        if into.exists() and any(into.iterdir()):
            raise NotEmpty(folder=str(into))
        if record.git is None:
            raise NoCommitRecorded(number=record.number)
        require_commit(source, record.git.commit)
        into.parent.mkdir(parents=True, exist_ok=True)
        if into.exists():
            into.rmdir()
        snapshot = snapshot_of_commit(source, record.git.commit)
        root = make_clone(snapshot, into=into.resolve(), own_cache=True)
        if record.git.patch:
            # Git reads a patch from here with a newline at its end only.
            git(into, "apply", "--whitespace=nowarn", "-", stdin=record.git.patch)
        write_texts(root, {**state.texts, **state.small_outputs})
        return cls(record, into.resolve(), DvcProject(root), snapshot, remote)

    def restore(self) -> None:
        """Bring all data and outputs that the record names from the remote. Raises TransferFailed."""
        pull(self.project.root, [], remote=self.remote)

    def run(self, *, jobs: int, tell: Callable[[Iterator[Event]], None]) -> Rebuilt:
        """Bring the inputs, run every stage, and look what came out; a stage that fails is told.

        `tell` is given the events of each run, and must take all of them.

        Raises:
            TransferFailed: an input is not on the remote.
        """
        manifest = self.project.manifest()
        recorded = read_locks(self.project.root, manifest)
        frozen = [stage.name for stage in manifest.stages if stage.frozen and stage.name in recorded]
        sources = [source.file for source in manifest.sources if (self.project.root / source.file).exists()]
        if sources or frozen:
            pull(self.project.root, [*sources, *frozen], remote=self.remote)
        stages = [name for name in recorded if not manifest.stage(name).frozen]
        failed = self._run(stages, jobs, tell)
        found = self._what_ran()
        culprits = [] if failed else _culprits(stages, recorded, found)
        # The first one only: those below it may have been led astray by it.
        unsteady = [stage for stage in culprits[:1] if self._is_unsteady(stage, found[stage], tell)]
        return self._rebuilt(recorded, found, failed=failed, culprits=culprits, unsteady=unsteady)

    def _run(self, stages: list[str], jobs: int, tell: Callable[[Iterator[Event]], None]) -> str | None:
        variables = {
            **clone_environment(self.snapshot, self.into),
            # What the checkout remembers is no evidence.
            "ML_ASSETS_MEMORY": str(self.into / ".dvc" / "tmp" / "memory"),
        }
        events = run_stages(self.project, stages, redo=Redo.ALL, on_failure=OnFailure.KEEP_GOING, jobs=jobs)
        try:
            with with_variables(variables), closing(events):
                tell(events)
        except DvcBridgeError as error:
            return str(error)
        return None

    def _what_ran(self) -> dict[str, LockedStage]:
        """Where a stage failed, its old entry stays in dvc.lock, and its outputs are not there."""
        manifest = self.project.manifest()
        found = read_locks(self.project.root, manifest)
        return {
            name: locked
            for name, locked in found.items()
            if all((self.project.root / out.path).exists() for out in locked.outs)
        }

    def _is_unsteady(self, stage: str, first: LockedStage, tell: Callable[[Iterator[Event]], None]) -> bool:
        if self._run([stage], 1, tell):
            return True
        again = read_locks(self.project.root, self.project.manifest())[stage]
        return again.outs != first.outs

    def _rebuilt(
        self,
        recorded: Mapping[str, LockedStage],
        found: Mapping[str, LockedStage],
        *,
        failed: str | None,
        culprits: list[str],
        unsteady: list[str],
    ) -> Rebuilt:
        manifest, root = self.project.manifest(), self.project.root
        outs = [
            out
            for stage in manifest.stages
            if stage.name in found
            for out in output_paths(stage, found[stage.name]).values()
        ]
        memory = self.project.private_dir / "sha256"
        return Rebuilt(
            md5s={out.path: out.md5 for out in outs},
            sha256s={out.path: sha256_of(root / out.path, memory=memory) for out in outs},
            metrics=read_all_metrics(root, manifest),
            environment=collect(root).environment,
            failed=failed,
            culprits=culprits,
            unsteady=unsteady,
            lost_code=lost_code(self.record.git),
            other_inputs=_other_inputs(manifest, recorded, found),
        )


def lost_code(state: GitState | None) -> list[str]:
    """In words, what of the code nothing has kept."""
    if state is None:
        return ["the code was in no Git repository"]
    lost = []
    if state.dirty_sha256 and not state.patch:
        lost.append(
            "uncommitted changes ran that the record could not keep (too large, not text, or with a secret "
            "in them)"
        )
    if state.untracked:
        lost.append(f"files ran or lay there that Git did not have: {', '.join(state.untracked[:5])}")
    return lost


def _culprits(
    stages: list[str], recorded: Mapping[str, LockedStage], found: Mapping[str, LockedStage]
) -> list[str]:
    """The stages whose input was the recorded one, and their output was not."""
    return [
        stage
        for stage in stages
        if stage in found
        and found[stage].outs != recorded[stage].outs
        and _hashes(found[stage]) == _hashes(recorded[stage])
    ]


def _other_inputs(
    manifest: Manifest, recorded: Mapping[str, LockedStage], found: Mapping[str, LockedStage]
) -> list[str]:
    """Files of the repository that stages read, and that are not the recorded ones."""
    return sorted(
        {
            path
            for stage in recorded.keys() & found.keys()
            for path, md5 in _hashes(found[stage]) - _hashes(recorded[stage])
            if path not in manifest.producers()
        }
    )


def _hashes(locked: LockedStage) -> set[tuple[str, str]]:
    return {(dep.path, dep.md5) for dep in locked.deps}
