"""What other machines need besides outputs: the run cache's entries of stages, and all that these name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ml_assets.dvc.code_state import CodeMarks, Mark, entry_digest
from ml_assets.dvc.integrity import only_intact
from ml_assets.dvc.lockfile import read_locks
from ml_assets.dvc.manifest import Manifest, Source
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.remote import pull, push, transferring


def push_results(project: DvcProject, stages: Sequence[str], *, remote: str | None) -> int:
    """Push all that another machine needs to have `stages` without running them; how many objects were new.

    Raises:
        TransferFailed: naming the remote and the remedy; what was pushed stays there.
    """
    sources = _sources_read(project.manifest(), stages)
    sent = push(project.root, [*(source.file for source in sources), *stages], remote=remote)
    return sent + push_run_cache(project, stages, remote=remote)


def push_run_cache(project: DvcProject, stages: Sequence[str], *, remote: str | None) -> int:
    """Push the run cache's entries of `stages` as dvc.lock has them; how many objects were new.

    Before them go the outputs that DVC does not cache (`cache: false`, metrics mostly): `dvc push` forgets
    them, and another machine runs the stage again for that. What DVC caches has been pushed before this. A
    stage with `push: false` stays here. Marks of the code that made the results go along.

    Raises:
        TransferFailed: naming the remote and the remedy.
        CacheDamaged: an object is not what its name says; nothing was pushed.
    """
    from ml_assets.dvc._internals.cache import RemoteRuns, SharedCloud
    from ml_assets.dvc._internals.repo import open_repo

    with (
        only_intact(project.root),
        transferring("push --run-cache", project.root, remote),
        open_repo(project.root) as repo,
        repo.lock,
    ):
        repo.cloud = SharedCloud(repo, {})
        runs = RemoteRuns(repo, remote)
        sent = runs.put(repo.stage.get_target(name) for name in stages)
        runs.put_marks(_marks(project, stages, Path(repo.cache.legacy.path)))
        return sent


def _marks(project: DvcProject, stages: Sequence[str], cache_dir: Path) -> dict[str, list[str]]:
    marks, locked = CodeMarks.beside(cache_dir), read_locks(project.root, project.manifest())
    entries = [entry_digest(locked[name]) for name in stages if name in locked]
    made = {entry: [code for code, mark in marks.of(entry).items() if mark is Mark.MADE] for entry in entries}
    return {entry: codes for entry, codes in made.items() if codes}


def pull_missing_sources(
    root: Path, manifest: Manifest, stages: Sequence[str], *, remote: str | None
) -> None:
    """Bring the tracked paths that `stages` read and that are not here at all.

    Raises:
        TransferFailed: naming the remote and the remedy.
    """
    sources = _sources_read(manifest, stages)
    missing = [source.file for source in sources if not (root / source.path).exists()]
    if missing:
        pull(root, missing, remote=remote)


def _sources_read(manifest: Manifest, stages: Sequence[str]) -> list[Source]:
    read = {source.path: source for name in stages for source in manifest.sources_of(manifest.stage(name))}
    return [read[path] for path in sorted(read)]
