from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_assets.landing.errors import Rejected
from ml_assets.landing.paths import Room, relative_path

PREFIX = "landing/"


@pytest.mark.parametrize("key", ["flights/2013-01-01.csv", "a b+c%20ü.csv", "a/b/c/d.parquet", "~/x", "-rf"])
def test_a_harmless_key_is_its_own_path(key: str) -> None:
    assert relative_path(PREFIX + key, PREFIX) == PurePosixPath(key)


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("../evil.csv", "the name '..'"),
        ("flights/../../evil.csv", "the name '..'"),
        ("/etc/passwd", "an empty name"),
        ("flights//a.csv", "an empty name"),
        ("flights/", "an empty name"),
        ("./a.csv", "the name '.'"),
        ("a\\..\\b.csv", "a backslash"),
        ("a\nb.csv", "a control character"),
        ("a\x00b.csv", "a control character"),
        ("a\x85b.csv", "a control character"),
        ("x" * 256, "longer than 255 bytes"),
        ("ü" * 128, "longer than 255 bytes"),
        ("dvc.yaml", "means something to DVC"),
        ("sub/DVC.LOCK", "means something to DVC"),
        ("flights/x.csv.dvc", "means something to DVC"),
        (".dvcignore", "means something to DVC"),
    ],
)
def test_a_key_that_could_do_harm_is_refused(key: str, reason: str) -> None:
    with pytest.raises(Rejected, match=reason):
        relative_path(PREFIX + key, PREFIX)


def test_a_refused_key_is_shown_without_its_control_characters() -> None:
    with pytest.raises(Rejected) as caught:
        relative_path(f"{PREFIX}\x1b[31mred", PREFIX)

    assert "\x1b" not in caught.value.reason


@given(st.text(max_size=300))
def test_whatever_the_key_the_file_stays_below_the_folder(key: str) -> None:
    try:
        relative = relative_path(PREFIX + key, PREFIX)
    except Rejected:
        return
    placed = Path("/project/data/raw") / relative
    assert placed.resolve().is_relative_to("/project/data/raw")
    assert str(relative) == key


def test_a_file_cannot_stand_where_a_folder_is(tmp_path: Path) -> None:
    (tmp_path / "flights").mkdir()

    with pytest.raises(Rejected, match="'flights' is a folder"):
        Room(tmp_path).take(PurePosixPath("flights"))


def test_a_folder_cannot_stand_where_a_file_is(tmp_path: Path) -> None:
    (tmp_path / "flights").write_text("")

    with pytest.raises(Rejected, match="'flights' is a file"):
        Room(tmp_path).take(PurePosixPath("flights/a.csv"))


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [("a/b/c.csv", "a/b", "'a/b' is a folder"), ("a/b", "a/b/c.csv", "'a/b' is a file")],
)
def test_two_files_of_one_batch_cannot_stand_in_each_others_way(
    tmp_path: Path, first: str, second: str, reason: str
) -> None:
    room = Room(tmp_path)
    room.take(PurePosixPath(first))
    room.take(PurePosixPath("a/x.csv"))

    with pytest.raises(Rejected, match=reason):
        room.take(PurePosixPath(second))
