"""Decorator, component and `ml-assets init` say the same of a repository."""

# No `from __future__ import annotations`: Dagster looks at the annotations of the asset function.
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dagster import AssetExecutionContext, AssetSpec, Definitions, MaterializeResult

from ml_assets.assets import DvcProject, DvcResource, DvcRunConfig, build_source_assets, dvc_assets
from ml_assets.component import DvcProjectComponent
from ml_assets.scaffold.adoption import plan_adoption
from ml_assets.scaffold.change import make
from ml_assets.settings import Settings, SettingsTable
from ml_assets_tests.component.conftest import DgProject
from ml_assets_tests.factories import write

SETTINGS = (
    '[landing]\nbucket = "b"\ninto = "data/raw"\ntogether = ["one", "two"]\n[mlflow]\nexperiment = "e"\n'
)
IN_YAML = {
    "landing": {"bucket": "b", "into": "data/raw", "together": ["one", "two"]},
    "mlflow": {"experiment": "e"},
}


def by_decorator(root: Path) -> Definitions:
    project = DvcProject(root)

    @dvc_assets(project=project)
    def pipeline(
        context: AssetExecutionContext, config: DvcRunConfig, dvc: DvcResource
    ) -> Iterator[MaterializeResult[None]]:
        yield from dvc.run(context=context, redo=config.redo)

    dvc = DvcResource(project_dir=str(root))
    return Definitions(assets=[pipeline, *build_source_assets(project=project)], resources={"dvc": dvc})


def by_init(root: Path) -> Definitions:
    make(plan_adoption(DvcProject(root)).changes)
    defs = runpy.run_path(str(root / "ml_assets_definitions.py"))["defs"]
    assert isinstance(defs, Definitions)
    return defs


def by_component(dg_project: DgProject, **attributes: object) -> Definitions:
    dg_project.add("numbers", {"project": "../../../../pipeline", **attributes})
    return dg_project.load()


def plain(defs: Definitions) -> dict[str, dict[str, Any]]:
    """Every attribute of every asset, but what says which YAML or Python file it was made by.

    The asset `ledger` is in a project's own code location alone: of several, it would be one.
    """
    specs = {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}
    return {name: _attributes(spec) for name, spec in specs.items() if name != "ledger"}


def _attributes(spec: AssetSpec) -> dict[str, Any]:
    ours = {name: value for name, value in spec.metadata.items() if not name.startswith("dagster/")}
    return {
        "deps": [dep.asset_key for dep in spec.deps],
        "description": spec.description,
        "group": spec.group_name,
        "owners": list(spec.owners),
        "tags": dict(spec.tags),
        "code_version": spec.code_version,
        "automation": spec.automation_condition,
        "metadata": ours,
    }


def test_the_three_ways_give_equal_assets(pipeline: Path, dg_project: DgProject) -> None:
    decorated = plain(by_decorator(pipeline))
    assert sorted(decorated) == ["double", "raw", "total"]
    assert plain(by_component(dg_project)) == decorated
    assert plain(by_init(pipeline)) == decorated


def test_the_same_settings_in_toml_and_in_yaml_give_equal_definitions(
    pipeline: Path, dg_project: DgProject
) -> None:
    component = by_component(dg_project, **IN_YAML)
    in_yaml = plain(component)
    write(pipeline, {"ml_assets.toml": SETTINGS})
    adopted = by_init(pipeline)
    assert plain(adopted) == in_yaml
    assert sorted(in_yaml) == ["double", "mlflow_run", "raw", "total"]
    for each in ("sensors", "jobs", "schedules"):
        names = [one.name for one in getattr(component, each) or ()]
        found = [one.name for one in getattr(adopted, each) or () if "ledger_audit" not in one.name]
        # Two components in a code location may not have jobs of one name.
        assert found == [name.replace("_numbers", "") for name in names]


def test_the_components_schema_has_each_setting() -> None:
    """A setting added to the table is one of the component's YAML by that alone."""
    schema = DvcProjectComponent.model().model_json_schema()["properties"]
    assert set(schema) == {*SettingsTable.model_fields, "project", "translation"}
    assert set(Settings.model_fields) == {*SettingsTable.model_fields, "root", "home"}
