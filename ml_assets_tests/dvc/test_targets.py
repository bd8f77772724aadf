"""What a person may name for a run, as `dvc repro` takes it."""

from __future__ import annotations

import pytest

from ml_assets.dvc.errors import UnknownStage
from ml_assets.dvc.manifest import Manifest, Output, Stage
from ml_assets.dvc.targets import Direction, select_stages


def stage(name: str, *reads: str, file: str = "dvc.yaml", group: str | None = None) -> Stage:
    return Stage(
        name=name,
        file=file,
        wdir=".",
        cmd=("true",),
        deps=tuple(f"{other}.txt" for other in reads),
        params={},
        outs=(Output(f"{name}.txt"),),
        group=group,
    )


PIPELINE = Manifest(
    stages=(
        stage("raw"),
        stage("train@a", "raw", group="train"),
        stage("train@b", "raw", group="train"),
        stage("sub/dvc.yaml:one@x:y", file="sub/dvc.yaml", group="one"),
        stage("sub/dvc.yaml:two", "train@b", file="sub/dvc.yaml"),
    ),
    sources=(),
)


@pytest.mark.parametrize(
    ("target", "selected"),
    [
        ("train@a", ("raw", "train@a")),
        ("dvc.yaml:train@a", ("raw", "train@a")),
        ("train", ("raw", "train@a", "train@b")),
        ("dvc.yaml", ("raw", "train@a", "train@b")),
        ("sub/dvc.yaml:two", ("raw", "train@b", "sub/dvc.yaml:two")),
        ("./sub/dvc.yaml", ("raw", "train@b", "sub/dvc.yaml:one@x:y", "sub/dvc.yaml:two")),
        ("sub/dvc.yaml:one", ("sub/dvc.yaml:one@x:y",)),
    ],
)
def test_a_target_is_a_stage_a_group_or_a_file(target: str, selected: tuple[str, ...]) -> None:
    assert select_stages(PIPELINE, [target], Direction.UPSTREAM) == selected


def test_downstream_of_a_group() -> None:
    assert select_stages(PIPELINE, ["train"], Direction.DOWNSTREAM) == (
        "train@a",
        "train@b",
        "sub/dvc.yaml:two",
    )


def test_a_name_inside_a_nested_file_is_none_at_the_root() -> None:
    with pytest.raises(UnknownStage, match=r"'two'.*sub/dvc\.yaml:two"):
        select_stages(PIPELINE, ["two"], Direction.UPSTREAM)


def test_of_very_many_stages_the_likeliest_are_named() -> None:
    many = Manifest(stages=tuple(stage(f"s{number}") for number in range(500)), sources=())
    with pytest.raises(UnknownStage, match=r"'s4x'.*s4.*and 488 more") as caught:
        many.stage("s4x")
    assert len(str(caught.value)) < 300
