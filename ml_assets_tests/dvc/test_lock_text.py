"""dvc.lock entry by entry: the bytes that DVC writes when it writes all of them anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from dvc.utils.serialize import _yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_assets.dvc.lock_text import LockText

NAMES = st.from_regex(r"[A-Za-z_][\w-]{0,8}(@[\w.-]{1,5})?|\d{1,4}|true|null|größe", fullmatch=True)
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=90) | st.sampled_from(
    [
        "echo a && echo b",
        "echo '# no comment'",
        "a: b",
        "line\nline\n",
        "  - x",
        "&a *a",
        "x" * 200,
        "y z " * 60,
    ]
)
SCALARS = WORDS | st.integers() | st.floats(allow_nan=False) | st.booleans() | st.none()
PARAMS = st.dictionaries(WORDS, SCALARS | st.lists(SCALARS, max_size=3), max_size=3)
ENTRIES = st.builds(
    lambda cmd, path, params: {
        "cmd": cmd,
        "deps": [{"path": path, "hash": "md5", "md5": "d41d8cd98f00b204e9800998ecf8427e", "size": 0}],
        "params": {"params.yaml": params},
        "outs": [{"path": path, "hash": "md5", "md5": "c.dir", "size": 1, "nfiles": 2}],
    },
    WORDS | st.lists(WORDS, min_size=1, max_size=2),
    WORDS,
    PARAMS,
)
# A parser in pure Python takes its time, on a busy machine more than Hypothesis grants.
WITHOUT_HURRY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60)
LOCKS = st.dictionaries(NAMES, ENTRIES, min_size=1, max_size=4)


def written(stages: Mapping[str, Any]) -> str:
    """What DVC writes."""
    return str(_yaml.dumps_yaml({"schema": "2.0", "stages": dict(stages)}))


@WITHOUT_HURRY
@given(LOCKS)
def test_blocks_are_the_text_and_each_is_its_entry(stages: dict[str, Any]) -> None:
    text = written(stages)
    blocks = LockText.parse(text)
    if blocks is None:
        return  # left to DVC
    assert blocks.text == text
    assert list(blocks.blocks) == list(stages)
    parsed = _yaml.parse_yaml(text, "dvc.lock")["stages"]
    assert [_yaml.parse_yaml(block, "dvc.lock") for block in blocks.blocks.values()] == [
        {name: entry} for name, entry in parsed.items()
    ]


@WITHOUT_HURRY
@given(LOCKS, NAMES, ENTRIES)
def test_a_changed_entry_gives_the_bytes_of_a_whole_write(
    stages: dict[str, Any], name: str, entry: dict[str, Any]
) -> None:
    before, new = LockText.parse(written(stages)), LockText.parse(written({name: entry}))
    if before is None or new is None:
        return
    assert before.updated(new.blocks).text == written({**stages, name: entry})


ORDINARY = "schema: '2.0'\nstages:\n  train@a:\n    cmd: echo a && echo b\n  '12':\n    cmd: echo\n"


def test_what_dvc_writes_day_by_day_is_in_blocks() -> None:
    blocks = LockText.parse(ORDINARY)
    assert blocks is not None
    assert list(blocks.blocks) == ["train@a", "12"]
    assert blocks.ordered(["12", "train@a"]).blocks["12"] == "  '12':\n    cmd: echo\n"


@pytest.mark.parametrize(
    "text",
    [
        ORDINARY.replace("'2.0'", "2.0"),
        ORDINARY + "  # a note\n",
        ORDINARY.replace("echo\n", "&id001 echo\n"),
        ORDINARY + "datasets: []\n",
        ORDINARY.rstrip("\n"),
        ORDINARY + "  train@a:\n    cmd: again\n",
        "train@a:\n  cmd: echo\n",
        "<<<<<<< HEAD\n" + ORDINARY,
    ],
)
def test_whatever_looks_otherwise_is_left_to_dvc(text: str) -> None:
    assert LockText.parse(text) is None
