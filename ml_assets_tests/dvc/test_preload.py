"""What stages ask to have loaded, and in which order it is loaded."""

from __future__ import annotations

from typing import Any

import pytest

from ml_assets.dvc.errors import PreloadInvalid
from ml_assets.dvc.manifest import Manifest, Stage
from ml_assets.dvc.preload import levels, preloads


def pipeline(**asked: Any) -> Manifest:
    stages = [
        Stage(name, "dvc.yaml", ".", (f"python {name}.py",), (), {}, (), meta={"dagster": table})
        for name, table in asked.items()
    ]
    return Manifest(tuple(stages), ())


def test_only_selected_stages_that_ask_for_something_count() -> None:
    manifest = pipeline(a={"preload": ["yaml"]}, b={"preload": ["numpy"]}, c={}, d=None, e={"preload": []})
    assert preloads(manifest, ["a", "c", "d", "e"]) == {"a": ("yaml",)}


def test_each_level_is_what_no_stage_before_asks_for() -> None:
    manifest = pipeline(
        a={"preload": ["polars", "yaml"]},
        b={"preload": ["yaml"]},
        c={"preload": ["yaml", "pandas", "sklearn.ensemble"]},
    )
    assert levels(preloads(manifest, "abc")) == [["polars", "yaml"], ["pandas", "sklearn.ensemble"]]


@pytest.mark.parametrize("wrong", ["pandas", ["a-b"], ["a."], [1], {"pandas": True}, ["import os"]])
def test_anything_but_a_list_of_modules_is_refused_with_the_stage_and_an_example(wrong: object) -> None:
    with pytest.raises(
        PreloadInvalid, match=r"stage 'fit' in dvc.yaml.*\[pandas, sklearn.ensemble\]"
    ) as caught:
        preloads(pipeline(fit={"preload": wrong}), ["fit"])
    assert caught.value.found == wrong
