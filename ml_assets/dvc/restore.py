"""Brings a workspace to a recorded state: the texts that DVC keeps in Git, and the data that they name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from ml_assets.dvc.errors import TransferFailed
from ml_assets.dvc.files import replace_file
from ml_assets.dvc.lockfile import output_paths, read_locks
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.remote import pull
from ml_assets.dvc.remotes import remote_url


def restore(
    project: DvcProject,
    *,
    texts: Mapping[str, str],
    small_outputs: Mapping[str, str],
    remote: str | None,
    progress: Callable[[str], None] = lambda _: None,
) -> bool:
    """Make the workspace what `texts` (of dvc.lock and .dvc files, by path) name; whether anything changed.

    Where the texts are those of now, data is looked for only when some of it is not here at all.

    Raises:
        TransferFailed: tracked data is neither in the cache nor on the remote.
    """
    changed = write_texts(project.root, texts)
    write_texts(project.root, small_outputs)
    if not changed and not _missing(project):
        return False
    progress(f"bringing the workspace to what the ledger says ({', '.join(changed) or 'data is missing'})")
    _check_out(project, remote, progress)
    return True


def write_texts(root: Path, texts: Mapping[str, str]) -> list[str]:
    """Write each text that is another than the file's, and say which those were."""
    changed = [path for path, text in texts.items() if _text(root / path) != text]
    for path in changed:
        _write(root / path, texts[path])
    return changed


def _missing(project: DvcProject) -> bool:
    """Whether data that a text names is not here at all; half of it is for DVC to see."""
    return any(not (project.root / path).exists() for path in (*_outputs(project), *_sources(project)))


def _outputs(project: DvcProject) -> list[str]:
    manifest = project.manifest()
    locked = read_locks(project.root, manifest)
    return [
        out.path
        for stage in manifest.stages
        if stage.name in locked
        for out in output_paths(stage, locked[stage.name]).values()
    ]


def _sources(project: DvcProject) -> dict[str, str]:
    """Path → .dvc file of what is tracked."""
    sources = project.manifest().sources
    return {source.path: source.file for source in sources if (project.root / source.file).exists()}


def _check_out(project: DvcProject, remote: str | None, progress: Callable[[str], None]) -> None:
    from ml_assets.dvc._internals.repo import open_repo

    with open_repo(project.root) as repo:
        repo.checkout(force=True, allow_missing=True)
    if not _missing(project):
        return
    if remote_url(project.root, remote) is None:
        progress("some of it is not in the cache, and there is no remote: stages make it anew")
        return
    # What stages read has to be there; what they make, they can make again.
    pull(project.root, list(_sources(project).values()), remote=remote)
    try:
        pull(project.root, [], remote=remote)
    except TransferFailed as error:
        progress(f"stages make anew what is not on the remote: {error}")


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # It may be a link into DVC's cache.
    path.unlink(missing_ok=True)
    replace_file(path, text)
