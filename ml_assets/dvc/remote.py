"""What goes to and comes from a DVC remote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ml_assets.dvc.errors import DvcBridgeError, TransferFailed
from ml_assets.dvc.integrity import only_intact
from ml_assets.dvc.storage import storage_failure


def push(root: Path, targets: Sequence[str], *, remote: str | None) -> int:
    """Push the outputs of stages or .dvc files; how many objects were new on the remote.

    Raises:
        TransferFailed: naming the remote and the remedy; what was pushed stays there.
        CacheDamaged: what would be pushed is not what its name says; nothing was.
    """
    with only_intact(root):
        return _transfer("push", root, targets, remote)


def pull(root: Path, targets: Sequence[str], *, remote: str | None) -> None:
    """Bring the outputs of stages or .dvc files from the remote into the cache and the workspace.

    Raises:
        TransferFailed: naming the remote and the remedy.
    """
    _transfer("pull", root, targets, remote)


def _transfer(verb: str, root: Path, targets: Sequence[str], remote: str | None) -> int:
    from ml_assets.dvc._internals.repo import open_repo

    with transferring(verb, root, remote), open_repo(root) as repo:
        done: Any = getattr(repo, verb)(targets=list(targets), remote=remote)
    return done if isinstance(done, int) else 0


@contextmanager
def transferring(verb: str, root: Path, remote: str | None) -> Iterator[None]:
    """Tells whatever goes wrong between us and a remote in words, with the remedy.

    Raises:
        TransferFailed, DiskFull, NotWritable.
    """
    try:
        yield
    except DvcBridgeError:
        raise
    except Exception as error:
        # DVC lets botocore's, aiohttp's and its own errors through here, with no base in common.
        disk = storage_failure(error, doing=f"the {verb}", root=root)
        raise disk or TransferFailed(verb, remote, failure(error)) from error


def failure(error: BaseException) -> str:
    """The innermost of an error's causes, which knows most."""
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{type(error).__name__}: {error}"
