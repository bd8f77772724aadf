"""Dependencies are added to the text of a dvc.yaml, and nothing else in it changes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from ml_assets.dvc.deps_text import NotEditable, add_deps


def added(text: str, *paths: str, stage: str = "a") -> str:
    return add_deps(text, {stage: list(paths)})


BLOCK = """\
# head
stages:
  a:   # the first
    cmd: python a.py   # runs
    deps:
      - data/raw   # data

      # scripts
      - a.py
    # outs follow
    outs: [x]
"""


def test_a_block_gets_lines_behind_its_last_item() -> None:
    assert added(BLOCK, "b.py", "c.py") == BLOCK.replace("- a.py\n", "- a.py\n      - b.py\n      - c.py\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("deps:\n    - x\n", "deps:\n    - x\n    - b.py\n"),
        ("deps:\n        -   x\n", "deps:\n        -   x\n        -   b.py\n"),
        ("deps:\n    - 'x'\n", "deps:\n    - 'x'\n    - 'b.py'\n"),
        ('deps:\n    - "x"\n', 'deps:\n    - "x"\n    - "b.py"\n'),
        ("deps:\n    - x  # why\n", "deps:\n    - x  # why\n    - b.py\n"),
        ("deps:\n    - ${x}\n", "deps:\n    - ${x}\n    - b.py\n"),
        ("deps:\n    - |-\n      x\n", "deps:\n    - |-\n      x\n    - b.py\n"),
        ("deps:\n    - long\n      name\n", "deps:\n    - long\n      name\n    - b.py\n"),
        ("deps: [x]\n", "deps: [x, b.py]\n"),
        ("deps: [x, ]  # y\n", "deps: [x, b.py, ]  # y\n"),
        ("deps: ['x']\n", "deps: ['x', 'b.py']\n"),
        ("deps: []\n", "deps: [b.py]\n"),
        ("deps: [ ] # none\n", "deps: [b.py ] # none\n"),
        ("deps: [\n      x,\n      y\n    ]\n", "deps: [\n      x,\n      y,\n      b.py\n    ]\n"),
        ("deps: [\n      x, # 1\n      y  # 2\n    ]\n",
         "deps: [\n      x, # 1\n      y,  # 2\n      b.py\n    ]\n"),
        ("deps: [\n      x,\n      y,\n    ]\n", "deps: [\n      x,\n      y,\n      b.py,\n    ]\n"),
        ("deps: [x,\n           y]\n", "deps: [x,\n           y,\n           b.py]\n"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("tail", ["", "    outs: [o]\n", "  z:\n    cmd: y\n", "# end\n"])
def test_each_form_of_sequence_keeps_its_style(before: str, after: str, tail: str) -> None:
    head = "stages:\n  a:\n    cmd: x\n    "
    assert added(head + before + tail, "b.py") == head + after + tail


@pytest.mark.parametrize(
    ("cmd", "tail"),
    [
        ("cmd: x", "\n    outs: [o]\n"),
        ("cmd: x  # why", "\n    # of outs\n    outs: [o]\n"),
        ("cmd: >-\n      x\n      y", "\n    outs: [o]\n"),
        ("cmd: |\n      x", "\n\n    outs: [o]\n"),
        ("cmd: |+\n      x\n\n", "    outs: [o]\n"),
        ("cmd:\n    - x\n    - y", "\n    outs: [o]\n"),
        ("cmd: [x, y]", "\n"),
        ("cmd: x", "\n"),
    ],
)
def test_a_stage_without_deps_gets_them_after_its_command(cmd: str, tail: str) -> None:
    head = f"stages:\n  a:\n    {cmd}"
    new = "    deps:\n      - b.py\n"
    text = head + tail
    assert added(text, "b.py") == head + ("" if head.endswith("\n") else "\n") + new + tail.removeprefix("\n")


def test_a_stage_in_braces_gets_them_in_braces() -> None:
    assert (
        added("stages: {a: {cmd: x, outs: [o]}}", "b.py") == "stages: {a: {cmd: x, deps: [b.py], outs: [o]}}"
    )
    text = '{"stages": {"a": {"cmd": "x"}}}'
    assert json.loads(added(text, "b.py").replace("deps: [b.py]", '"deps": ["b.py"]')) == {
        "stages": {"a": {"cmd": "x", "deps": ["b.py"]}}
    }


def test_a_last_line_without_end_stays_without_one() -> None:
    assert added("stages:\n  a:\n    cmd: x", "b") == "stages:\n  a:\n    cmd: x\n    deps:\n      - b"


def test_line_ends_and_the_mark_of_byte_order_are_kept() -> None:
    text = "\ufeff" + BLOCK.replace("\n", "\r\n")
    new = added(text, "b.py")
    assert new == text.replace("- a.py\r\n", "- a.py\r\n      - b.py\r\n")


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("a b.py", "a b.py"),
        ("ü.py", "ü.py"),
        ("../x.py", "../x.py"),
        ("123", "'123'"),
        ("null", "'null'"),
        ("2024-01-01", "'2024-01-01'"),
        ("a: b.py", "'a: b.py'"),
        ("a#b.py", "'a#b.py'"),
        ("it's.py", "'it''s.py'"),
        ("[x].py", "'[x].py'"),
        ("-x.py", "'-x.py'"),
        ("tab\t.py", '"tab\\t.py"'),
    ],
)
def test_names_are_quoted_where_yaml_needs_it(path: str, written: str) -> None:
    assert added("stages:\n  a:\n    cmd: x\n    deps: [y]\n", path).endswith(f"deps: [y, {written}]\n")


def test_templates_get_them_below_do_and_a_matrix_beside_it() -> None:
    a = "  a:\n    foreach: [1, 2]\n    do:\n      cmd: x ${item}\n"
    text = f"stages:\n{a}  m:\n    matrix: {{k: [1]}}\n    cmd: y\n"
    new = add_deps(text, {"a": ["a.py"], "m": ["m.py"]})
    assert new == (
        "stages:\n  a:\n    foreach: [1, 2]\n    do:\n      cmd: x ${item}\n      deps:\n        - a.py\n"
        "  m:\n    matrix: {k: [1]}\n    cmd: y\n    deps:\n      - m.py\n"
    )


SHARED = "stages:\n  a:\n    cmd: x\n    deps: &d\n      - s.py\n  b:\n    cmd: y\n    deps: *d\n"


def test_a_shared_sequence_gets_what_all_its_stages_need_once() -> None:
    new = add_deps(SHARED, {"a": ["n.py"], "b": ["n.py"]})
    assert new == SHARED.replace("- s.py\n", "- s.py\n      - n.py\n")


def test_a_stage_that_needs_more_than_its_sharers_gets_a_sequence_of_its_own() -> None:
    assert added(SHARED, "n.py", stage="b") == SHARED.replace("deps: *d", "deps: [s.py, n.py]")
    only_a = add_deps(SHARED, {"a": ["n.py"]})
    assert only_a == SHARED.replace("- s.py\n", "- s.py\n      - n.py\n").replace("*d", "[s.py]")


def test_merged_deps_are_overridden_with_all_that_they_were() -> None:
    text = "vars:\n  - base: &base {deps: [s.py]}\nstages:\n  a:\n    <<: *base\n    cmd: x\n"
    assert added(text, "n.py") == text + "    deps:\n      - s.py\n      - n.py\n"


def test_a_definition_that_two_templates_share_whole_is_refused() -> None:
    text = "stages:\n  a: {foreach: [1], do: &do {cmd: x}}\n  b: {foreach: [2], do: *do}\n"
    with pytest.raises(NotEditable, match="'b'"):
        added(text, "n.py")
    assert add_deps(text, {"a": ["n"], "b": ["n"]}) == text.replace("cmd: x", "cmd: x, deps: [n]")


@pytest.mark.parametrize(
    "text",
    [
        "stages:\n  a:\n    ? cmd\n    : x\n",
        "stages:\n  a:\n    cmd: x\n    deps:\n    -  # - why\n      y\n",
        "stages:\n  a:\n    cmd: x\n    deps: &x [y]\n    outs: *x\n",
        "stages:\n  b:\n    cmd: x\n",
    ],
)
def test_a_layout_that_is_not_understood_is_refused_rather_than_guessed(text: str) -> None:
    with pytest.raises(NotEditable, match="'a'"):
        added(text, "n.py")


@pytest.mark.parametrize(
    ("before", "put_in", "after"),
    [
        ("---\nstages:\n  a:\n    cmd: x\n    deps:\n    - y\n", "    - n.py\n", "...\n"),
        ("stages:\n  a:\n    ? deps\n    : - y\n", "      - n.py\n", "    ? cmd\n    : x\n"),
        ("stages:\n  a:\n    cmd: x\n    'deps' :\n    - &i y\n", "    - n.py\n", "    outs:\n    - *i\n"),
        ("stages:\n  a:\n    cmd: x\n    deps: !!seq [ # c ]\n      y", ",\n      n.py", " ] # ]\n"),
    ],
)
def test_what_yaml_allows_and_nobody_writes_is_kept_too(before: str, put_in: str, after: str) -> None:
    assert added(before + after, "n.py") == before + put_in + after


def test_nothing_to_add_changes_nothing() -> None:
    assert add_deps(SHARED, {}) == add_deps(SHARED, {"a": []}) == SHARED


# Random layouts: the text of each is written by hand, for a dumper would know only its own.
PATHS = st.sampled_from(
    ["a.py", "lib/b.py", "../c.py", "with space.py", "it's.py", "x: y.py", "ü.py", "12", "-d.py"]
)
COMMENTS = st.sampled_from(["", "", "  # why", "   # - not: an item"])
QUOTES = st.sampled_from(["plain", "'", '"'])


def quoted(path: str, quote: str) -> str:
    if quote == "plain" and path in ("a.py", "lib/b.py", "../c.py", "with space.py", "ü.py"):
        return path
    return json.dumps(path, ensure_ascii=False) if quote == '"' else "'" + path.replace("'", "''") + "'"


@st.composite
def sequences(draw: st.DrawFn, indent: str) -> str:
    """The part of a stage that says `deps`."""
    items = [quoted(path, draw(QUOTES)) for path in draw(st.lists(PATHS, max_size=3, unique=True))]
    form = draw(st.sampled_from(["none", "block", "flow", "flow lines"]))
    if form == "none":
        return ""
    if form == "block" and items:
        deeper = indent + " " * draw(st.integers(0, 4))
        gap = " " * draw(st.integers(1, 3))
        blank = draw(st.sampled_from(["", "\n", f"{indent}# of what follows\n"]))
        return f"{indent}deps:{draw(COMMENTS)}\n" + "".join(
            f"{blank}{deeper}-{gap}{item}{draw(COMMENTS)}\n" for item in items
        )
    if form == "flow lines" and items:
        comma = draw(st.sampled_from(["", ","]))
        lines = [f"{indent}    {item}," for item in items[:-1]] + [f"{indent}    {items[-1]}{comma}"]
        return (
            f"{indent}deps: [\n" + "".join(f"{line}{draw(COMMENTS)}\n" for line in lines) + f"{indent}  ]\n"
        )
    return f"{indent}deps: [{', '.join(items)}]{draw(COMMENTS)}\n"


@st.composite
def pipelines(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from(["", "# head\n\n", "vars: [p.yaml]\n"])) + "stages:\n"
    step = " " * draw(st.integers(1, 4))
    for name in ("a", "b", "c"):
        indent = step * 2
        text += f"{step}{name}:{draw(COMMENTS)}\n"
        if draw(st.booleans()):
            text += f"{indent}foreach: [1, 2]\n{indent}do:\n"
            indent = step * 3
        parts = [
            draw(st.sampled_from([f"{indent}cmd: x\n", f"{indent}cmd: >-\n{indent}  x\n{indent}  y\n"])),
            draw(sequences(indent)),
            draw(st.sampled_from(["", f"{indent}outs:\n{indent}- {name}.out\n", f"{indent}# last\n"])),
        ]
        text += "".join(draw(st.permutations(parts)))
    text = draw(st.sampled_from([text, text.replace("\n", "\r\n")]))
    return draw(st.sampled_from([text, text.rstrip("\r\n")]))


def loaded(text: str) -> dict[str, Any]:
    return {
        name: dict(stage.get("do", stage))
        for name, stage in YAML(typ="safe", pure=True).load(text)["stages"].items()
    }


@settings(max_examples=100, deadline=None)
@given(
    text=pipelines(), new=st.dictionaries(st.sampled_from("abc"), st.lists(PATHS, max_size=3, unique=True))
)
def test_any_layout_keeps_all_its_bytes_and_says_exactly_the_new_deps_too(
    text: str, new: dict[str, list[str]]
) -> None:
    result = add_deps(text, new)
    expected = loaded(text)
    for name, paths in new.items():
        if paths:
            expected[name]["deps"] = [*(expected[name].get("deps") or []), *paths]
    assert loaded(result) == expected
    assert keeps_each_line(text, result)
    assert result.count("\r\n") == (result.count("\n") if "\r\n" in text else 0)


def keeps_each_line(text: str, result: str) -> bool:
    """Whether all lines of the text follow in the result, each with at most one piece put into it."""
    rest = iter(result.split("\n"))
    return all(any(is_grown(line, new) for new in rest) for line in text.split("\n"))


def is_grown(line: str, new: str) -> bool:
    pairs = enumerate(zip(line, new, strict=False))
    same = next((at for at, (old, now) in pairs if old != now), min(len(line), len(new)))
    return len(new) >= len(line) and new.endswith(line[same:])
