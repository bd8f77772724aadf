"""Uploads of what is new in a tracked folder, by DVC's private names.

DVC's own `push` builds an index of all files, and asks the remote for each. A listing that is on the remote
vouches for its files: DVC uploads it after them, and takes it so itself.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from dvc.exceptions import DvcException, UploadError
from dvc.repo import Repo, lock_repo
from dvc_data.hashfile import transfer
from dvc_data.hashfile.hash_info import HashInfo

__all__ = ["push_new"]

Output = Mapping[str, Any]


def push_new(repo: Repo, outs: Iterable[Output], before: Iterable[Output], remote: str | None) -> int | None:
    """Upload what `outs` name more than `before`, both as .dvc files list them; how many objects that were.

    None when only DVC itself can tell: a remote or data of a kind of its own, an earlier listing that is not
    here or that the remote has not.

    Raises DVC's exceptions; the new listings are not on the remote then.
    """
    found = repo.cloud.get_remote(name=remote, command="push")
    if found.worktree or found.fs.version_aware or not all(_is_plain(out) for out in (*outs, *before)):
        return None
    there = found.odb
    with lock_repo(repo):
        old, new = _hashes(before), _hashes(outs)
        vouching = {each.value for each in old if each.isdir}
        if not vouching or vouching - set(there.oids_exist(vouching, jobs=there.fs.jobs)):
            return None
        here = repo.cache.local
        known, wanted = _files(here, old - new), _files(here, new - old)
        if known is None or wanted is None:
            return None
        # A file that was tracked by itself has nobody to vouch for it.
        alone = {each for each in new if not each.isdir}
        listings = {each for each in new - old if each.isdir}
        return _upload(here, there, (wanted - known) | alone) + _upload(here, there, listings)


def _is_plain(out: Output) -> bool:
    return out.get("hash") == "md5" and "md5" in out and not {"files", "cloud", "remote", "push"} & out.keys()


def _hashes(outs: Iterable[Output]) -> set[HashInfo]:
    return {HashInfo("md5", out["md5"]) for out in outs}


def _files(cache: Any, hashes: Collection[HashInfo]) -> set[HashInfo] | None:
    """What the listings among `hashes` list; None when one is not here."""
    places = [Path(cache.oid_to_path(each.value)) for each in hashes if each.isdir]
    try:
        listings = [json.loads(place.read_bytes()) for place in places]
    except (FileNotFoundError, ValueError):
        return None
    return {HashInfo("md5", entry["md5"]) for listing in listings for entry in listing}


def _upload(here: Any, there: Any, hashes: Collection[HashInfo]) -> int:
    done = transfer.transfer(
        here, there, hashes, jobs=there.fs.jobs, cache_odb=here, shallow=True, validate_status=_refuse_lost
    )
    if done.failed:
        raise UploadError(len(done.failed))
    return len(done.transferred)


def _refuse_lost(status: Any) -> None:
    if status.missing:
        lost = ", ".join(sorted(each.value for each in status.missing)[:3])
        raise DvcException(
            f"{len(status.missing)} objects are neither in the cache nor on the remote: {lost}"
        )
