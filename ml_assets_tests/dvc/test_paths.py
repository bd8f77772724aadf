"""Which paths hold which: found by walking up, with the answer of comparing all pairs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ml_assets.dvc.manifest import overlaps
from ml_assets.dvc.paths import PathIndex, ancestors

PARTS = st.lists(st.sampled_from("abc"), min_size=1, max_size=4)
PATHS = st.builds(
    lambda start, parts: start + "/".join(parts), st.sampled_from(["", "../", "/"]), PARTS
) | st.just(".")


@given(st.lists(PATHS, max_size=6, unique=True), PATHS)
def test_the_index_finds_what_comparing_all_pairs_finds(owned: list[str], asked: str) -> None:
    index = PathIndex((path, path) for path in owned)
    assert set(index.overlapping(asked)) == {path for path in owned if overlaps(path, asked)}


def test_everything_in_the_project_is_below_its_root_and_nothing_else_is() -> None:
    assert list(ancestors("a/b/c")) == ["a/b", "a", "."]
    assert list(ancestors("../a/b")) == ["../a", ".."]
    assert list(ancestors("/a/b")) == ["/a"]
    assert list(ancestors("s3://bucket/key/x")) == ["s3://bucket/key", "s3://bucket"]


def test_each_owner_is_named_once_however_many_paths_it_has() -> None:
    index = PathIndex([("out/1", "make"), ("out/2", "make"), ("out/3", "other")])
    assert index.overlapping("out", "out/1") == ("make", "other")
