"""The files of a tracked folder, by DVC's private names: compared and added in one go, its listing read once.

DVC's own `add` reads and writes the folder's listing again for each file, and its `data status` builds three
indexes of all files, of which each costs more than looking at the files does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dvc.repo import Repo, lock_repo
from dvc.stage.decorators import rwlocked
from dvc_data.hashfile.db import add_update_tree
from dvc_data.hashfile.meta import Meta
from dvc_data.hashfile.tree import Tree

from ml_assets.dvc._internals.transfers import LEGACY, save_to_cache

__all__ = ["Survey", "add_files", "survey"]

Key = tuple[str, ...]
# The hash of each file by the parts of its path from the folder.
Files = dict[Key, str]


@dataclass(frozen=True)
class Survey:
    """How a folder's files differ from what its .dvc file says, by their paths from the folder.

    `is_known` is False where the listing is not in the cache: then nothing can be told to differ.
    """

    is_known: bool = True
    foreign: tuple[str, ...] = ()
    """Files that were added or changed by hand."""
    missing: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        return self.is_known and not self.foreign and not self.missing


def survey(repo: Repo, dvc_file: Path) -> Survey:
    """Compare the files with what is tracked; those that DVC has seen as they are get no new hash."""
    out = _folder(repo, dvc_file)
    listed = out.get_obj()
    if listed is None:
        return Survey(is_known=False)
    expected, found = _files(listed), _found(out)
    foreign = [key for key, md5 in found.items() if expected.get(key) != md5]
    missing = [key for key in expected if key not in found]
    return Survey(foreign=_paths(foreign), missing=_paths(missing))


def add_files(repo: Repo, dvc_file: Path, files: Sequence[Path], *, gone: Iterable[Path] = ()) -> None:
    """Track `files`, absolute paths inside the folder, and stop to track those that are `gone`."""
    with lock_repo(repo), repo.scm_context():
        stage = _folder(repo, dvc_file).stage
        if stage.outs[0].hash_name == LEGACY:
            # Today's files have other hashes than that listing's: DVC makes a new one of the whole folder.
            repo.add([stage.outs[0].fs_path])
        else:
            _add_outs(stage, files, gone)


@rwlocked(write=["outs"])  # type: ignore[untyped-decorator]
def _add_outs(stage: Any, files: Sequence[Path], gone: Iterable[Path]) -> None:
    (out,) = stage.outs
    new = {_key(out, file): _save(out, file) for file in files}
    before = out.get_dir_cache()
    if before is None:
        raise FileNotFoundError(f"the listing {out.hash_info.value} of {out} is not in the cache")
    tree = _changed(before, new, [_key(out, file) for file in gone])
    out.meta = _meta(out, before, tree, new)
    # After its files: whoever finds the listing takes it that they are there.
    add_update_tree(out.cache, tree)
    out.obj, out.hash_info, out.files = tree, tree.hash_info, None
    out.ignore()
    stage.dump()


def _folder(repo: Repo, dvc_file: Path) -> Any:
    (out,) = repo.stage.load_one(str(dvc_file)).outs
    return out


def _files(tree: Any) -> Files:
    return {key: hash_info.value for key, _, hash_info in tree}


def _found(out: Any) -> Files:
    if not out.exists:
        return {}
    _, _, tree = out._build(
        out.cache,
        out.fs_path,
        out.fs,
        out.hash_name,
        ignore=out.dvcignore,
        dry_run=True,
        no_progress_bar=True,
    )
    return _files(tree)


def _save(out: Any, file: Path) -> tuple[Any, Any]:
    """Put a file into the cache, and link it to there where DVC is told to; its meta and its hash."""
    hardlink = next(iter(out.cache.cache_types), None) == "hardlink"
    staging, meta, built = out._build(
        out.cache, str(file), out.fs, out.hash_name, ignore=out.dvcignore, no_progress_bar=True
    )
    save_to_cache(staging, out.cache, {built.hash_info}, shallow=False, hardlink=hardlink)
    out._checkout(str(file), out.fs, built, out.cache, relink=True, state=out.repo.state, old=built)
    return meta, built.hash_info


def _changed(before: Any, new: dict[Key, tuple[Any, Any]], gone: Iterable[Key]) -> Any:
    left = set(gone) | new.keys()
    tree = Tree()  # type: ignore[no-untyped-call]
    for key, meta, hash_info in before:
        if key not in left:
            tree.add(key, meta, hash_info)
    for key, (meta, hash_info) in new.items():
        tree.add(key, meta, hash_info)
    tree.digest()
    return tree


def _meta(out: Any, before: Any, tree: Any, new: dict[Key, tuple[Any, Any]]) -> Any:
    """The folder's size is only known where files came to it; DVC leaves it out elsewhere, too."""
    if tree.hash_info == out.hash_info:
        return out.meta
    size = out.meta.size if out.meta else None
    only_more = size is not None and len(tree) == len(before) + len(new)
    total = size + sum(meta.size for meta, _ in new.values()) if only_more else None
    return Meta(nfiles=len(tree), size=total, isdir=True)


def _key(out: Any, file: Path) -> Key:
    return tuple(out.fs.parts(out.fs.relpath(str(file), out.fs_path)))


def _paths(keys: Iterable[Key]) -> tuple[str, ...]:
    return tuple(sorted("/".join(key) for key in keys))
