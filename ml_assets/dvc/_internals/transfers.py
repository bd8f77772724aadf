"""DVC's copying, by private names: what it is about to upload is seen first, what it fails to save raises."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dvc.output
import dvc.repo.push
import dvc_data.hashfile.status
import dvc_data.hashfile.transfer
import dvc_data.index.push
from dvc.exceptions import DvcException
from dvc_data.hashfile.hash import file_md5

from ml_assets.dvc.objects import CacheObject

__all__ = ["legacy_hash", "save_to_cache", "upload_guard"]

# Gets what DVC is about to upload, and what is neither here nor there; raises to prevent it.
UploadGuard = Callable[[Sequence[CacheObject], Sequence[CacheObject]], None]
LEGACY = "md5-dos2unix"

_active = threading.local()
_failures: dict[str, BaseException] = {}


@contextmanager
def upload_guard(check: UploadGuard) -> Iterator[None]:
    """Within this context and thread, `check` sees what DVC is about to upload, after its one listing."""
    _active.check, _active.refused = check, False
    try:
        yield
    finally:
        del _active.check, _active.refused


def legacy_hash(path: Path) -> str:
    """The hash of a file by the rule of DVC 2: that of its text with Unix line ends."""
    return str(file_md5(str(path), name=LEGACY))


def _guard(new: Callable[[], Sequence[CacheObject]], missing: Callable[[], Sequence[CacheObject]]) -> None:
    check: UploadGuard | None = getattr(_active, "check", None)
    if check is None:
        return
    here, nowhere = new(), missing()
    try:
        if here or nowhere:
            check(here, nowhere)
    except BaseException:
        _active.refused = True
        raise


def _compare_status(src: Any, dest: Any, *args: Any, **options: Any) -> Any:
    status = _original_compare_status(src, dest, *args, **options)
    _guard(lambda: _objects(src, status.new), lambda: _objects(src, status.missing))
    return status


def _objects(cache: Any, hashes: Iterable[Any]) -> list[CacheObject]:
    return [_object(each, cache.oid_to_path(each.value)) for each in hashes]


def _object(hash_info: Any, path: str) -> CacheObject:
    return CacheObject(hash_info.value, Path(path), legacy=hash_info.name == LEGACY)


def _apply(diff: Any, *args: Any, **options: Any) -> Any:
    # How files reach a remote that keeps versions: it has them by name, and is compared by name.
    places = diff.new.storage_map
    _guard(
        lambda: [_object(each.hash_info, places.get_cache(each)[1]) for each in diff.files_create],
        lambda: [],
    )
    return _original_apply(diff, *args, **options)


def _update_meta(*args: Any, **options: Any) -> None:
    # Called even after a push that failed, and then writes .dvc files that name nothing.
    if not getattr(_active, "refused", False):
        _original_update_meta(*args, **options)


def save_to_cache(src: Any, cache: Any, hashes: Any, **options: Any) -> Any:
    """DVC's transfer into the cache; raises what kept a file from being saved."""
    # Where the cache's disk is full, DVC logs it, goes on, and records the folder in dvc.lock as saved.
    result = _original_otransfer(src, cache, hashes, **options)
    failures = [_failures.pop(each.value, None) for each in result.failed]
    if failures:
        raise next(filter(None, failures), None) or DvcException(f"{len(failures)} files were not saved")
    return result


def _remember_failure(oid: str, error: BaseException) -> None:
    _failures[oid] = error
    _original_log_exception(oid, error)


# Their own annotations do not show what they import.
_status: Any = dvc_data.hashfile.status
_transfer: Any = dvc_data.hashfile.transfer
_index_push: Any = dvc_data.index.push
_repo_push: Any = dvc.repo.push
_original_compare_status, _status.compare_status = _status.compare_status, _compare_status
_original_apply, _index_push.apply = _index_push.apply, _apply
_original_update_meta, _repo_push._update_meta = _repo_push._update_meta, _update_meta
_original_otransfer, dvc.output.otransfer = dvc.output.otransfer, save_to_cache
_original_log_exception, _transfer._log_exception = _transfer._log_exception, _remember_failure
