"""A tracked folder that is too much for one listing: its .dvc file names a part for each folder in it.

`data/raw.dvc` then has the outputs `raw/flights`, `raw/weather` …, each with a listing of its own, so that a
new file makes one small listing anew. The .dvc file stays one: it changes in one act, and Git, the ledger and
`dvc pull` know it by its name. A .dvc file in each folder would lie among the data: `data/raw` would have
another hash with every change of such a file, and stages would read them as data.

The .dvc file also keeps, under `meta`, the hash that DVC gives the whole folder, as it stands in dvc.lock.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from ml_assets.dvc.yaml12 import Loader

# What makes one .dvc file long: DVC reads all of it at each command.
MOST_LOOSE_FILES = 100
MOST_FOLDERS = 2_000

META = "ml_assets"
# What an output may say beside its content, and each part of it says too.
_HANDLING = ("remote", "push", "persist")


Listing = Mapping[str, str]
"""The hash of each file by its path from the folder; of a file by itself, that of `""`."""
Entry = Mapping[str, Any]
"""An output as a .dvc file lists it."""


@dataclass(frozen=True)
class Part:
    """A part of a folder: the hash of its listing, or of a file by itself, and how many files it has."""

    md5: str
    files: int


def divide(files: Listing, *, most: int, divided: Collection[str] = ()) -> dict[str, Listing]:
    """The files by part (`""`: all of them): a folder of more than `most` files is divided by its folders.

    So are those in `divided`, whatever they have: what was divided once does not go to and fro. A folder
    without folders, with many files beside them or with very many of them stays one.
    """
    return _divide("", files, most, divided)


def _divide(folder: str, files: Listing, most: int, divided: Collection[str]) -> dict[str, Listing]:
    if len(files) <= most and folder not in divided:
        return {folder: files}
    loose: dict[str, Listing] = {}
    inner: dict[str, dict[str, str]] = {}
    for path, md5 in files.items():
        name, slash, rest = path.partition("/")
        if slash:
            inner.setdefault(name, {})[rest] = md5
        else:
            loose[_join(folder, name)] = {"": md5}
    if not inner or len(loose) > MOST_LOOSE_FILES or len(inner) > MOST_FOLDERS:
        return {folder: files}
    parts = loose
    for name, below in inner.items():
        parts |= _divide(_join(folder, name), below, most, divided)
    return parts


def divided_folders(parts: Iterable[str]) -> set[str]:
    """The folders that are divided where these are the parts."""
    names = [part.split("/") for part in parts if part]
    return {"/".join(each[:depth]) for each in names for depth in range(len(each))}


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def listing_hash(files: Listing) -> str:
    """DVC's hash of a folder with these files."""
    entries = [{"md5": files[path], "relpath": path} for path in sorted(files)]
    return hashlib.md5(json.dumps(entries).encode(), usedforsecurity=False).hexdigest() + ".dir"


def parts_text(before: str, name: str, parts: Mapping[str, Part], whole: Entry) -> str:
    """The text of the .dvc file of the folder `name`; what `before` says beside the content is kept."""
    content = yaml.load(before, Loader)  # noqa: S506 - a safe loader
    outs = content["outs"]
    same = {key: outs[0][key] for key in _HANDLING if key in outs[0]}
    entries = [
        {"path": f"{name}/{path}", "hash": "md5", "md5": part.md5, **_count(part), **same}
        for path, part in sorted(parts.items())
    ]
    kept = {key: value for key, value in content.items() if key not in {"outs", "md5"}}
    if not _is_divided(outs, name):
        kept = {**{key: outs[0][key] for key in ("desc",) if key in outs[0]}, **kept}
        kept["meta"] = {**(outs[0].get("meta") or {}), **(kept.get("meta") or {})}
    kept["meta"] = {**(kept.get("meta") or {}), META: {"whole": dict(whole), "parts": _digest(entries)}}
    return yaml.safe_dump({"outs": entries, **kept}, sort_keys=False, allow_unicode=True)


def whole_text(before: str, name: str, whole: Entry) -> str:
    """The text of the .dvc file of the folder `name` when all of it is one output again."""
    content = yaml.load(before, Loader)  # noqa: S506 - a safe loader
    out = {"path": name, "hash": "md5", **whole}
    out |= {key: content["outs"][0][key] for key in _HANDLING if key in content["outs"][0]}
    kept = {key: value for key, value in content.items() if key not in {"outs", "md5"}}
    meta = {key: value for key, value in (kept.pop("meta", None) or {}).items() if key != META}
    return yaml.safe_dump(
        {"outs": [out], **kept, **({"meta": meta} if meta else {})}, sort_keys=False, allow_unicode=True
    )


def whole_entry(content: Mapping[str, Any], name: str) -> Entry | None:
    """The output that a .dvc file of the folder `name` is about, as if it were one; None without any.

    Of parts that were changed by hand the whole's hash is not known: a digest of theirs stands for it.
    """
    outs = content.get("outs") or ()
    if not outs or not _is_divided(outs, name):
        return outs[0] if outs else None
    kept = _table(_table(content.get("meta")).get(META))
    if kept.get("parts") == (digest := _digest(outs)):
        return {"path": name, **_table(kept.get("whole"))}
    return {"path": name, "md5": digest, "nfiles": sum(out.get("nfiles") or 1 for out in outs)}


def part_paths(text: str, name: str) -> tuple[str, ...]:
    """The parts, by their paths from the folder, in the text of a .dvc file of the folder `name`."""
    content = yaml.load(text, Loader)  # noqa: S506 - a safe loader
    outs = content.get("outs") or ()
    return tuple(str(out["path"])[len(name) + 1 :] for out in outs) if _is_divided(outs, name) else ()


def _is_divided(outs: Sequence[Entry], name: str) -> bool:
    return all(str(out["path"]).startswith(f"{name}/") for out in outs)


def _count(part: Part) -> dict[str, int]:
    return {"nfiles": part.files} if part.md5.endswith(".dir") else {}


def _digest(outs: Iterable[Entry]) -> str:
    lines = sorted(f"{out['path']}:{out.get('md5')}" for out in outs)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
