"""Whether a remote has what dvc.lock says that stages made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ml_assets.dvc.remote import transferring


def missing_on_remote(
    root: Path, stages: Sequence[str], *, remote: str | None
) -> Mapping[str, Sequence[str]]:
    """Stage → the cache objects of its outputs that the remote lacks; `push: false` ones are not expected.

    Raises:
        TransferFailed: the remote cannot be asked.
    """
    from ml_assets.dvc._internals.cache import missing_objects
    from ml_assets.dvc._internals.repo import open_repo

    with transferring("status -c", root, remote), open_repo(root) as repo, repo.lock:
        return {name: missing_objects(repo, repo.stage.get_target(name), remote) for name in stages}
