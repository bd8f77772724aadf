"""An entry is read without YAML as it is read with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ml_assets.dvc.lock_block import parse_block
from ml_assets.dvc.lock_text import LockText
from ml_assets.dvc.lockfile import LockedStage, read_lock

LOCK = Path("dvc.lock")
HASH = "3a0c4f5cc6bddae44d0086181394b1b4"

hashes = st.one_of(
    st.sampled_from([HASH, f"{HASH}.dir", "1" * 32, f"{'1' * 29}e12", "0" * 32]),
    st.text("0123456789abcdef", min_size=32, max_size=32),
)
names = st.one_of(
    st.sampled_from(
        ["data/raw", "a.py", "yes", "null", "12", "1.5", "é/x", "a b/c", "#x/y", "x: y", "s3://b/k"]
    ),
    st.text("ab/._-1", min_size=1, max_size=8),
)
items = st.fixed_dictionaries(
    {"path": names, "hash": st.just("md5"), "md5": hashes},
    optional={"size": st.integers(0, 10**12), "nfiles": st.integers(0, 9), "isexec": st.booleans()},
)
entries = st.fixed_dictionaries(
    {"cmd": st.one_of(st.text(min_size=1, max_size=200), st.lists(names, min_size=1, max_size=3))},
    optional={
        "deps": st.lists(items, min_size=1, max_size=4),
        "params": st.dictionaries(names, st.dictionaries(names, st.one_of(st.integers(), names)), max_size=2),
        "outs": st.lists(items, min_size=1, max_size=4),
    },
)


@given(st.dictionaries(st.sampled_from(["train", "train@0", "x y"]), entries, min_size=1))
def test_it_is_what_the_parser_reads(stages: dict[str, Any]) -> None:
    text = yaml.safe_dump({"schema": "2.0", "stages": stages}, sort_keys=False, allow_unicode=True)
    parsed = LockText.parse(text)
    if parsed is not None:
        read: dict[str, LockedStage] = {
            name: parse_block(block, path=LOCK) for name, block in parsed.blocks.items()
        }
        assert read == read_lock(text, path=LOCK)


def test_a_plain_entry_needs_no_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    block = (
        f"  s:\n    cmd: a\n    deps:\n    - path: data/raw\n      hash: md5\n      md5: {HASH}\n"
        f"      size: 3\n    outs:\n    - path: out.txt\n      hash: md5\n      md5: {HASH}\n"
    )
    parse_block(block, path=LOCK)
    monkeypatch.setattr("ml_assets.dvc.lock_block.read_lock", None)
    other = parse_block(block.replace(HASH, "f" * 32), path=LOCK)
    assert [each.md5 for each in (*other.deps, *other.outs)] == ["f" * 32] * 2
