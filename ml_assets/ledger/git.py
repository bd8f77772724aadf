"""The state of the code in Git: commit, and what is not committed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Sequence
from hashlib import file_digest
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from ml_assets.ledger.errors import GitUnreadable
from ml_assets.ledger.record import GitState

PATCH_LIMIT = 256 * 1024
UNTRACKED_LIMIT = 100

# Ignored files never reach a diff; these names stay out even where somebody committed one. DVC writes
# passwords of remotes into .dvc/config unless it is told `--local`.
SECRET_FILES = (".env", ".env.*", ".dvc/config", ".dvc/config.local")
# DVC adds a line for each output, and no stage reads them.
NO_CODE = (".gitignore",)
_EVERYTHING_BUT = (".", *(f":(exclude,glob)**/{name}" for name in (*SECRET_FILES, *NO_CODE)))

# The same bytes whatever the user's own configuration says.
_DIFF = (
    "-c", "core.quotePath=false", "-c", "diff.noprefix=false", "-c", "diff.mnemonicPrefix=false",
    "diff", "HEAD", "--binary", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames",
    "--no-relative", "--full-index", "--",
)  # fmt: skip


def git_state(root: Path, *, without: Iterable[str] = ()) -> GitState | None:
    """Commit, patch against it and untracked names; None outside of Git and before the first commit.

    `without` are paths below `root` that a record keeps in another way, such as dvc.lock: they are no code.

    The patch is of what lies below `root`, with paths from the repository's top, where it is applied: what a
    person edits elsewhere in a larger repository is no business of this project. Raises GitUnreadable.
    """
    top = _top(root)
    if top is None:
        return None
    commit = _commit(top)
    if commit is None:
        return None
    digest, patch = _patch(root, without)
    return GitState(commit=commit, dirty_sha256=digest, patch=patch, untracked=_untracked(root, without))


def _top(root: Path) -> Path | None:
    resolved = root.resolve()
    return next((folder for folder in (resolved, *resolved.parents) if (folder / ".git").exists()), None)


def _commit(top: Path) -> str | None:
    with TemporaryFile() as out:
        done = _run(top, ["rev-parse", "--verify", "--quiet", "HEAD"], out)
        # How --quiet says that there is no commit yet.
        if done.returncode == 1 and not done.stderr.strip():
            return None
        _check(done, top)
        return _read(out).decode().strip()


def _patch(top: Path, without: Iterable[str]) -> tuple[str | None, str | None]:
    """Digest of the whole patch, and its text when it is text and small enough to keep."""
    with TemporaryFile() as out:
        _check(_run(top, [*_DIFF, *_EVERYTHING_BUT, *_excluded(without)], out), top)
        size = out.tell()
        if size == 0:
            return None, None
        out.seek(0)
        digest = file_digest(out, "sha256").hexdigest()
        return digest, _text(_read(out)) if size <= PATCH_LIMIT else None


def _text(patch: bytes) -> str | None:
    try:
        return patch.decode()
    except UnicodeDecodeError:
        return None


def _excluded(paths: Iterable[str]) -> list[str]:
    return [f":(exclude,literal){path}" for path in paths]


def _untracked(top: Path, without: Iterable[str]) -> tuple[str, ...]:
    others = [*(f":(exclude,glob)**/{name}" for name in NO_CODE), *_excluded(without)]
    with TemporaryFile() as out:
        _check(_run(top, ["ls-files", "--others", "--exclude-standard", "-z", "--", ".", *others], out), top)
        names = _read(out).decode(errors="replace").split("\0")
    return tuple(sorted(filter(None, names))[:UNTRACKED_LIMIT])


def _run(top: Path, arguments: Sequence[str], out: IO[bytes]) -> subprocess.CompletedProcess[bytes]:
    """Git's output goes to a file: a patch of a gigabyte is hashed and never held in memory."""
    # Without GIT_OPTIONAL_LOCKS=0 a diff rewrites the index under the hands of whoever edits.
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=top, env=environment, stdout=out, stderr=subprocess.PIPE, check=False
        )
    except OSError as error:
        raise GitUnreadable(root=str(top), cause=f"git does not start ({error.strerror})") from error
    out.seek(0, os.SEEK_END)
    return done


def _read(out: IO[bytes]) -> bytes:
    out.seek(0)
    return out.read()


def _check(done: subprocess.CompletedProcess[bytes], top: Path) -> None:
    if done.returncode != 0:
        raise GitUnreadable(root=str(top), cause=done.stderr.decode(errors="replace").strip())
