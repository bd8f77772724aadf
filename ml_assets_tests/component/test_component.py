"""A DVC repository in a Dagster project by YAML: settings, names, neighbours, mistakes."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Literal

import pytest
from dagster import AssetSpec, Definitions

from ml_assets_tests.component.conftest import DgProject
from ml_assets_tests.factories import make_project, write

PROJECT = "../../../../pipeline"


def specs(defs: Definitions) -> dict[str, AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}


def deps(spec: AssetSpec) -> list[str]:
    return [dep.asset_key.to_user_string() for dep in spec.deps]


def test_the_path_is_relative_to_the_yaml_file(dg_project: DgProject, pipeline: Path) -> None:
    dg_project.add("numbers", {"project": PROJECT})
    found = specs(dg_project.load())
    assert {name: deps(spec) for name, spec in found.items()} == {
        "raw": [],
        "double": ["raw"],
        "total": ["double"],
    }


def test_every_setting_may_be_said_in_yaml_with_templates(
    dg_project: DgProject, pipeline: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUCKET", "arrivals")
    landing = {"bucket": "{{ env.BUCKET }}", "prefix": "new", "interval_seconds": 77}
    attributes = {"project": "{{ context.project_root }}/../pipeline", "landing": landing, "mlflow": {}}
    dg_project.add("numbers", attributes)
    defs = dg_project.load()
    (sensor,) = defs.sensors or ()
    assert sensor.description == "Watches s3://arrivals/new/"
    assert sensor.minimum_interval_seconds == 77
    assert "mlflow_run" in specs(defs)


def test_yaml_wins_over_the_projects_own_file_which_says_the_rest(
    dg_project: DgProject, pipeline: Path
) -> None:
    write(pipeline, {"ml_assets.toml": '[mlflow]\n[landing]\nbucket = "by-file"\n'})
    dg_project.add("numbers", {"project": PROJECT, "landing": {"bucket": "by-yaml"}})
    defs = dg_project.load()
    (sensor,) = defs.sensors or ()
    assert sensor.description == "Watches s3://by-yaml/landing/"
    assert "mlflow_run" in specs(defs)


def test_translation_changes_assets_and_keeps_them_together(dg_project: DgProject, pipeline: Path) -> None:
    translation = {
        "key_prefix": "team",
        "group_name": "numbers",
        "description": "{{ item.name if item.cmd is defined else item.path }}, of {{ item.file }}",
        "tags": {"tier": "gold"},
    }
    dg_project.add("numbers", {"project": PROJECT, "mlflow": {}, "translation": translation})
    found = specs(dg_project.load())
    assert {name: deps(spec) for name, spec in found.items()} == {
        "team/raw": [],
        "team/double": ["team/raw"],
        "team/total": ["team/double"],
        "mlflow_run": ["team/total"],
    }
    assert found["team/double"].description == "double, of dvc.yaml"
    assert found["team/raw"].description == "data/raw, of data/raw.dvc"
    assert found["team/double"].group_name == "numbers"
    assert found["team/double"].tags["tier"] == "gold"
    assert found["team/double"].kinds == {"dvc"}


def test_two_repositories_live_in_one_code_location(dg_project: DgProject, pipeline: Path) -> None:
    shutil.copytree(pipeline, pipeline.parent / "pipeline-b")
    dg_project.add("one", {"project": PROJECT})
    dg_project.add("more/two", {"project": f"../{PROJECT}-b", "translation": {"key_prefix": "b"}})
    defs = dg_project.load()
    found = specs(defs)
    assert sorted(found) == ["b/double", "b/raw", "b/total", "double", "raw", "total"]
    assert deps(found["b/double"]) == ["b/raw"]
    names = {asset.op.name for asset in defs.resolve_asset_graph().assets_defs if len(asset.keys) == 2}
    assert names == {"one", "more_two"}
    # Of a whole code location, and so not for one component to choose.
    assert defs.executor is None


@pytest.mark.parametrize("form", ["yaml", "python"])
def test_what_is_scaffolded_loads(
    dg_project: DgProject, pipeline: Path, form: Literal["yaml", "python"]
) -> None:
    dg_project.scaffold("numbers", form=form, project_path=str(pipeline / "data"))
    assert sorted(specs(dg_project.load())) == ["double", "raw", "total"]


def test_without_a_path_the_repository_around_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_project(tmp_path / "around", {"dvc.yaml": "stages:\n  a:\n    cmd: 'true'\n"})
    dg_project = DgProject.make(root)
    monkeypatch.syspath_prepend(str(root))
    dg_project.scaffold("a", form="yaml", project_path=None)
    assert list(specs(dg_project.load())) == ["a"]
    # The control: a misspelt folder does not find the repository around it.
    dg_project.add("a", {"project": "../../pipelien"})
    assert "pipelien" in _failure(dg_project)


def _failure(dg_project: DgProject) -> str:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - Dagster wraps what components raise
        dg_project.load().resolve_all_asset_specs()
    errors: list[BaseException] = [caught.value]
    while (cause := errors[-1].__cause__) is not None:
        errors.append(cause)
    return "\n".join(str(error) for error in errors)


def test_a_path_without_a_repository_is_named(dg_project: DgProject, pipeline: Path) -> None:
    dg_project.add("numbers", {"project": "../../../../pipelines"})
    told = _failure(dg_project)
    assert f"No DVC repository (a folder with `.dvc/`) at or above '{pipeline}s'" in told
    assert "dvc init" in told


@pytest.mark.parametrize(
    ("attributes", "named"),
    [
        ({"remmote": "x"}, "remmote"),
        ({"landing": {"bucket": "b", "interval_seconds": 0}}, "interval_seconds"),
    ],
)
def test_a_wrong_setting_is_named(
    dg_project: DgProject, pipeline: Path, attributes: dict[str, object], named: str
) -> None:
    dg_project.add("numbers", {"project": PROJECT, **attributes})
    told = _failure(dg_project)
    assert named in told
    assert "defs.yaml" in told
