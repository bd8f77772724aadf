"""The files of a tracked folder, by DVC's private names: compared and added in one go, its listing read once.

DVC's own `add` reads and writes the folder's listing again for each file, and its `data status` builds three
indexes of all files, of which each costs more than looking at the files does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dvc.repo import Repo, lock_repo
from dvc.stage.decorators import rwlocked
from dvc_data.hashfile.db import add_update_tree
from dvc_data.hashfile.hash_info import HashInfo
from dvc_data.hashfile.meta import Meta
from dvc_data.hashfile.tree import Tree

from ml_assets.dvc._internals.transfers import LEGACY, save_to_cache
from ml_assets.dvc.files import replace_file
from ml_assets.dvc.lockfile import read_dvc_file
from ml_assets.dvc.parts import Listing, Part, divide, divided_folders, listing_hash, parts_text, whole_text

__all__ = ["Survey", "add_files", "survey"]


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


@dataclass(frozen=True)
class _Folder:
    """The folder that the .dvc file of `stage` tracks, in one output or in many."""

    stage: Any

    @property
    def path(self) -> str:
        return str(self.stage.path).removesuffix(".dvc")

    @property
    def parts(self) -> dict[str, str]:
        """Path of each part from the folder (`""`: all of it) → its hash."""
        return {self.key(out.fs_path): out.hash_info.value for out in self.stage.outs}

    @property
    def handling(self) -> Any:
        """DVC's ways with the files: the same for all parts."""
        return self.stage.outs[0]

    def key(self, path: str | Path) -> str:
        return str(path)[len(self.path) + 1 :]

    def files(self) -> dict[str, str] | None:
        """All files that are listed; None where a listing is not in the cache."""
        found: dict[str, str] = {}
        for part, md5 in self.parts.items():
            listed = self._listed(md5)
            if listed is None:
                return None
            prefix = f"{part}/" if part and "" not in listed else part
            found |= {f"{prefix}{path}": each for path, each in listed.items()}
        return found

    def _listed(self, md5: str) -> dict[str, str] | None:
        if not md5.endswith(".dir"):
            return {"": md5}
        try:
            content = Path(self.handling.cache.oid_to_path(md5)).read_bytes()
            return {entry["relpath"]: entry["md5"] for entry in json.loads(content)}
        except (FileNotFoundError, ValueError):
            return None

    def found(self) -> dict[str, str]:
        """The files that are there; those that DVC has seen as they are get no new hash."""
        if not Path(self.path).exists():
            return {}
        _, _, tree = self._build(self.path, dry_run=True)
        return {"/".join(key): hash_info.value for key, _, hash_info in tree}

    def save(self, file: Path) -> tuple[str, int]:
        """Put a file into the cache, and link it to there where DVC is told to; its hash and size."""
        out = self.handling
        hardlink = next(iter(out.cache.cache_types), None) == "hardlink"
        staging, meta, built = self._build(str(file))
        save_to_cache(staging, out.cache, {built.hash_info}, shallow=False, hardlink=hardlink)
        out._checkout(str(file), out.fs, built, out.cache, relink=True, state=out.repo.state, old=built)
        return built.hash_info.value, meta.size

    def save_listing(self, files: Listing) -> Any:
        """Last: whoever finds a listing takes it that its files are there."""
        tree = Tree()  # type: ignore[no-untyped-call]
        for path, md5 in files.items():
            tree.add(tuple(path.split("/")), None, HashInfo("md5", md5))
        tree.digest()
        return add_update_tree(self.handling.cache, tree)

    def _build(self, path: str, **options: Any) -> Any:
        out = self.handling
        return out._build(
            out.cache, path, out.fs, out.hash_name, ignore=out.dvcignore, no_progress_bar=True, **options
        )


def survey(repo: Repo, dvc_file: Path) -> Survey:
    """Compare the files with what is tracked, each looked at once."""
    folder = _Folder(repo.stage.load_one(str(dvc_file)))
    expected = folder.files()
    if expected is None:
        return Survey(is_known=False)
    found = folder.found()
    return Survey(
        foreign=tuple(sorted(path for path, md5 in found.items() if expected.get(path) != md5)),
        missing=tuple(sorted(expected.keys() - found.keys())),
    )


def add_files(
    repo: Repo, dvc_file: Path, files: Sequence[Path], *, gone: Iterable[Path] = (), most: int
) -> None:
    """Track `files`, absolute paths inside the folder, and stop to track those that are `gone`.

    `most` is for how many files a listing is good; see `parts.divide`.
    """
    with lock_repo(repo), repo.scm_context():
        stage = repo.stage.load_one(str(dvc_file))
        if stage.outs[0].hash_name == LEGACY:
            # Today's files have other hashes than that listing's: DVC makes a new one of the whole folder.
            repo.add([stage.outs[0].fs_path])
        else:
            _add(stage, files, gone, most)


@rwlocked(write=["outs"])  # type: ignore[untyped-decorator]
def _add(stage: Any, files: Sequence[Path], gone: Iterable[Path], most: int) -> None:
    folder = _Folder(stage)
    before = folder.files()
    if before is None:
        raise FileNotFoundError(f"a listing that '{stage.relpath}' names is not in the cache")
    saved = {folder.key(file): folder.save(file) for file in files}
    after = {**before, **{path: md5 for path, (md5, _) in saved.items()}}
    for path in gone:
        after.pop(folder.key(path), None)
    size = _size(folder, before, after, saved)
    parts = divide(after, most=most, divided=divided_folders(folder.parts))
    if "" in folder.parts and "" in parts:
        _write_one(folder, after, size)
    else:
        _write_parts(folder, parts, after, size, touched={*saved, *(folder.key(path) for path in gone)})
    stage.repo.scm_context.ignore(folder.path)


def _write_one(folder: _Folder, files: Listing, size: int | None) -> None:
    out = folder.handling
    tree = folder.save_listing(files)
    out.meta = Meta(nfiles=len(files), size=size, isdir=True)
    out.obj, out.hash_info, out.files = tree, tree.hash_info, None
    folder.stage.dump()


def _write_parts(
    folder: _Folder, parts: Mapping[str, Listing], files: Listing, size: int | None, *, touched: set[str]
) -> None:
    old, text = folder.parts, folder.stage._stage_text
    name = Path(folder.path).name
    saved = {part: _saved(folder, part, listing, old.get(part), touched) for part, listing in parts.items()}
    counts = {"nfiles": len(files), **({} if size is None else {"size": size})}
    if "" in saved:
        text = whole_text(text, name, {"md5": saved[""].md5, **counts})
    else:
        text = parts_text(text, name, saved, {"md5": listing_hash(files), **counts})
    replace_file(Path(folder.stage.path), text)


def _saved(folder: _Folder, part: str, files: Listing, before: str | None, touched: set[str]) -> Part:
    if "" in files:
        return Part(files[""], 1)
    prefix = f"{part}/" if part else ""
    if before is not None and not any(path.startswith(prefix) for path in touched):
        return Part(before, len(files))
    return Part(folder.save_listing(files).hash_info.value, len(files))


def _size(
    folder: _Folder, before: Listing, after: Listing, saved: Mapping[str, tuple[str, int]]
) -> int | None:
    """The folder's size is only known where files came to it; DVC leaves it out elsewhere, too."""
    tracked = read_dvc_file(Path(folder.stage.path))
    known = tracked.size if tracked else None
    if known is None or after == before:
        return known
    only_more = len(after) == len(before) + len(saved)
    return known + sum(size for _, size in saved.values()) if only_more else None
