"""How DVC's files are written and read here: whole or not at all, dvc.lock in order and entry by entry."""

from __future__ import annotations

import hashlib
import io
import pickle
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from dvc.dvcfile import Lockfile
from dvc.stage import serialize
from dvc.utils import strictyaml
from dvc.utils.serialize import _common, _yaml

from ml_assets.dvc.files import replace_file
from ml_assets.dvc.lock_text import HEADER, LockText

PARSED_TEXTS = 4096

# dvc.lock → (the entries that it had, the order of a serial repro).
_orders: dict[Path, tuple[list[str], list[str]]] = {}
# Digests of texts of dvc.lock that DVC itself would write back byte for byte.
_canonical: set[str] = set()
# (digest of a text, schema that it follows): validating 200 stages takes a second, and each stage asks.
_valid: set[tuple[str, int]] = set()


@contextmanager
def lock_order(
    root: Path, stages: Sequence[tuple[str, str]], before: Mapping[str, Sequence[str]] | None = None
) -> Iterator[None]:
    """Within this context new entries of each dvc.lock are written in the order of `stages`.

    `stages` are (dvc.yaml, stage) pairs in the order of a serial `dvc repro`, which appends entries as
    stages end; side by side they end in any order. Entries that are there already keep their places:
    those of now, or where several processes write, those that were there `before` the first one began
    (dvc.lock, relative to the root → names).
    """
    locks: dict[Path, list[str]] = {}
    for file, name in stages:
        locks.setdefault((root / file).with_suffix(".lock"), []).append(name)
    _orders.update({lock: (_entries(root, lock, before), names) for lock, names in locks.items()})
    try:
        yield
    finally:
        for lock in locks:
            _orders.pop(lock, None)


def _entries(root: Path, lock: Path, before: Mapping[str, Sequence[str]] | None) -> list[str]:
    if before is not None:
        return list(before.get(lock.relative_to(root).as_posix(), ()))
    return list(_yaml.load_yaml(str(lock)).get("stages") or {}) if lock.exists() else []


def _in_order(path: Path, names: Sequence[str]) -> list[str]:
    if path not in _orders:
        return list(names)
    before, planned = _orders[path]
    new = [name for name in planned if name in names and name not in before]
    return [*(name for name in names if name not in new), *new]


def _put_in_order(path: Path, data: Any) -> None:
    if path in _orders and data.get("stages"):
        stages = data["stages"]
        for name in _in_order(path, list(stages)):
            stages[name] = stages.pop(name)


def _dump_stages(lockfile: Lockfile, stages: Sequence[Any], **options: Any) -> None:
    """`Lockfile.dump_stages`, which parses and writes all entries anew, for one entry."""
    path = Path(lockfile.path).absolute()
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    blocks = _blocks(before)
    new = _rendered([serialize.to_lockfile(stage, **options) for stage in stages])
    if blocks is None or new is None:
        _original_dump_stages(lockfile, stages, **options)
        return
    updated = blocks.updated(new.blocks)
    after = updated.ordered(_in_order(path, list(updated.blocks))).text
    if after != before:
        replace_file(path, after)
        _canonical.add(_digest(after))
        if (_digest(before), id(Lockfile.SCHEMA)) in _valid:
            _valid.add((_digest(after), id(Lockfile.SCHEMA)))
        lockfile.repo.scm_context.track_file(lockfile.relpath)


def _blocks(text: str) -> LockText | None:
    """The blocks of a lock file that DVC would write back as it is; None for any other."""
    blocks = LockText.parse(text)
    if blocks is None or not text or _digest(text) in _canonical:
        return blocks
    if _yaml.parse_yaml(text, "dvc.lock") != _assembled(blocks) or _dumped(_reread(text)) != text:
        return None
    _canonical.add(_digest(text))
    return blocks


def _rendered(entries: Sequence[Mapping[str, Any]]) -> LockText | None:
    stages = {name: entry for each in entries for name, entry in each.items()}
    text = _dumped({"schema": "2.0", "stages": stages})
    # DVC's writer loses blanks where it breaks a long command, one more each time that it writes the file.
    return LockText.parse(text) if _dumped(_reread(text)) == text else None


def _dumped(data: Any) -> str:
    text: str = _yaml.dumps_yaml(data)
    return text


def _reread(text: str) -> Any:
    return _yaml.parse_yaml_for_update(text, "dvc.lock")


def _assembled(blocks: LockText) -> dict[str, Any]:
    parsed = [pickle.loads(_parsed(block)) for block in blocks.blocks.values()]  # noqa: S301 - bytes of our own
    return {"schema": "2.0", "stages": {name: entry for each in parsed for name, entry in each.items()}}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _dump_data(path: Any, data: Any, dumper: Any, fs: Any = None, **options: Any) -> None:
    # DVC rewrites dvc.lock in place: at 200 stages 45 % of concurrent reads saw it empty or cut, and a
    # kill -9 in between leaves it so.
    if fs is not None and getattr(fs, "protocol", "local") != "local":
        _original_dump_data(path, data, dumper, fs=fs, **options)
        return
    _put_in_order(Path(path).absolute(), data)
    text = io.StringIO()
    dumper(data, text, **options)
    replace_file(Path(path), text.getvalue())


def _parse_yaml(text: str, path: Any, typ: str = "safe") -> Any:
    # DVC reads dvc.yaml, dvc.lock and the params again for each stage, with a parser in pure Python: most of
    # its time where nothing changed. "rt" keeps comments, for files that are about to be rewritten.
    if typ != "safe":
        return _original_parse_yaml(text, path, typ)
    if text.startswith(HEADER) and _digest(text) in _canonical:
        blocks = LockText.parse(text)
        if blocks is not None:
            return _assembled(blocks)
    try:
        return pickle.loads(_parsed(text))  # noqa: S301 - bytes of our own
    except _yaml.YAMLFileCorruptedError:
        pass
    return _original_parse_yaml(text, path)  # whose error names the file, and has no other behind it


def _validate(data: Any, schema: Any, text: str | None = None, **context: Any) -> Any:
    known = (_digest(text), id(schema)) if text is not None else None
    if known in _valid:
        return data
    valid = _original_validate(data, schema, text=text, **context)
    if known is not None:
        _valid.add(known)
    return valid


@lru_cache(maxsize=PARSED_TEXTS)
def _parsed(text: str) -> bytes:
    # Pickled, so that each caller gets values of its own to change.
    return pickle.dumps(_original_parse_yaml(text, "dvc.yaml"))


_original_parse_yaml = _yaml.parse_yaml
_yaml.parse_yaml = _parse_yaml
strictyaml.parse_yaml = _parse_yaml
_original_validate = strictyaml.validate
strictyaml.validate = _validate
_original_dump_data = _common._dump_data
_common._dump_data = _dump_data
_yaml._dump_data = _dump_data
_original_dump_stages = Lockfile.dump_stages
Lockfile.dump_stages = _dump_stages
