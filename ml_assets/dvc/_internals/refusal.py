"""What DVC says when it refuses a project's files, in words and with the file that it means."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dvc.config import ConfigError
from dvc.repo.index import Index
from voluptuous import MultipleInvalid

from ml_assets.dvc._internals.repo import DvcException, open_repo
from ml_assets.dvc.pipeline_files import pipeline_digests


def reason(error: BaseException) -> str:
    """DVC's own words, and those of the errors below, which know line and column."""
    return "\n".join(dict.fromkeys(text for each in _chain(error) for text in _texts(each) if text))


def refused_file(root: Path, error: BaseException) -> str | None:
    """The file that cannot be read, relative to `root`; None where the files do not go together."""
    if isinstance(error, ConfigError):
        return ".dvc/config"
    for each in _chain(error):
        path = getattr(each, "path", None)
        if isinstance(path, str) and path and (root / path).is_file():
            return (root / path).resolve().relative_to(root.resolve()).as_posix()
    return _first_refused(root)


def _first_refused(root: Path) -> str | None:
    with open_repo(root) as repo:
        for file in sorted(pipeline_digests(root)):
            if file.endswith(("dvc.yaml", ".dvc")) and not _is_readable(repo, root / file):
                return file
    return None


def _is_readable(repo: Any, path: Path) -> bool:
    if repo.scm_context.scm.is_ignored(str(path)) or repo.dvcignore.is_ignored_file(str(path)):
        return True  # DVC does not read it
    try:
        Index.from_file(repo, str(path))
    except Exception:  # noqa: BLE001 - any refusal, whatever its kind
        return False
    return True


def _texts(error: BaseException) -> Iterator[str]:
    if isinstance(error, MultipleInvalid):
        yield from (f"{'.'.join(str(part) for part in each.path)}: {each.msg}" for each in error.errors)
    elif isinstance(error, DvcException):
        yield str(error).strip()
    else:
        yield f"{type(error).__name__}: {error}"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__
