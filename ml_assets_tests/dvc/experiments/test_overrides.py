"""Overrides mean what they mean to `dvc exp run -S`, and mistakes are found before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_assets.dvc.experiments.errors import OverrideInvalid
from ml_assets.dvc.experiments.overrides import check, expand
from ml_assets_tests.factories import write


@pytest.mark.parametrize(
    ("texts", "combinations"),
    [
        ([], [{}]),
        (["a=1"], [{"params.yaml": ("a=1",)}]),
        (["a=[1,2]"], [{"params.yaml": ("a=[1,2]",)}]),
        (["a=1,2"], [{"params.yaml": ("a=1",)}, {"params.yaml": ("a=2",)}]),
        (["a=choice(x,y)"], [{"params.yaml": ("a=x",)}, {"params.yaml": ("a=y",)}]),
        (["a=range(1,6,2)"], [{"params.yaml": (f"a={n}",)} for n in (1, 3, 5)]),
        (
            ["a=1,2", "other.json:b.c=x,y", "d=3"],
            [{"params.yaml": (f"a={a}", "d=3"), "other.json": (f"b.c={b}",)} for a in "12" for b in "xy"],
        ),
    ],
    ids=str,
)
def test_several_values_make_a_sweep_and_several_sweeps_the_product(
    texts: list[str], combinations: list[object]
) -> None:
    assert list(expand(texts)) == combinations


@pytest.mark.parametrize("text", ["a", "a=1,,2", "a=interval(0,1)", "a=glob(*)"])
def test_what_cannot_be_read_or_has_no_end_is_refused_by_its_text(text: str) -> None:
    with pytest.raises(OverrideInvalid, match=r"params\.yaml") as caught:
        expand([text])
    assert caught.value.overrides == (text,)


def test_a_key_that_the_file_does_not_have_is_refused_unless_it_is_added(tmp_path: Path) -> None:
    write(tmp_path, {"params.yaml": "model:\n  C: 1.0  # kept\n", "more.toml": "[a]\nb = 1\n"})
    check(tmp_path, {"params.yaml": ("model.C=2", "+model.new=3"), "more.toml": ("a.b=2",)}, composed=None)
    assert (tmp_path / "params.yaml").read_text() == "model:\n  C: 1.0  # kept\n"
    with pytest.raises(OverrideInvalid, match=r"model\.D") as caught:
        check(tmp_path, {"params.yaml": ("model.D=2",)}, composed=None)
    assert caught.value.path == tmp_path / "params.yaml"


def test_a_params_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(OverrideInvalid, match=r"parms\.yaml.*no such file"):
        check(tmp_path, {"parms.yaml": ("+a=1",)}, composed=None)
