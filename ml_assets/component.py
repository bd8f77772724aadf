"""`ml_assets.DvcProjectComponent`: a DVC project as a component of a Dagster project, set up in YAML."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dagster import (
    AssetAttributesModel,
    AssetSpec,
    Component,
    ComponentLoadContext,
    Definitions,
    ResolutionContext,
    Resolvable,
    Scaffolder,
    ScaffoldRequest,
    scaffold_component,
    scaffold_with,
)
from dagster.components.utils import TranslatorResolvingInfo
from pydantic import BaseModel, Field

from ml_assets.assets import DvcProject, DvcTranslator, DvcTranslatorData
from ml_assets.code_location import build_project_definitions
from ml_assets.dvc.errors import NotADvcProject
from ml_assets.scaffold.template import render
from ml_assets.settings import SettingsTable

NOT_IN_AN_OP = re.compile(r"[^A-Za-z0-9_]+")


class DvcProjectAttributes(SettingsTable):
    """`attributes` of the component's YAML: where the project is, how its assets look, and every setting.

    Settings that are not given are those of the project's own file.
    """

    project: str = Field(description="Path of the DVC repository, relative to this file.")
    translation: AssetAttributesModel | str | None = Field(  # type: ignore[valid-type]
        default=None,
        description=(
            "Attributes of its assets. Templates may use `item`, the stage (name, file, desc, meta, …) or "
            "the tracked data (path, file, …), and `spec`, the asset without this translation."
        ),
    )

    def settings(self, context: ResolutionContext) -> SettingsTable:
        """The settings that are given, templates in them rendered."""
        given = self.model_dump(exclude_unset=True, exclude={"project", "translation"})
        return SettingsTable.model_validate(context.resolve_value(given))


class DvcProjectParams(BaseModel):
    """Options of `dg scaffold defs ml_assets.DvcProjectComponent`."""

    project_path: str | None = Field(
        default=None,
        description="Path of the DVC repository; default: the one that the Dagster project is in.",
    )


class DvcProjectScaffolder(Scaffolder[DvcProjectParams]):
    """Writes the YAML, or the Python, that names an existing DVC repository."""

    @classmethod
    def get_scaffold_params(cls) -> type[DvcProjectParams]:
        return DvcProjectParams

    def scaffold(self, request: ScaffoldRequest[DvcProjectParams]) -> None:
        """Raises NotADvcProject, before anything is written."""
        given = request.params.project_path
        project = _project_at(Path(given) if given else request.target_path.parent)
        folder = request.target_path.parent if request.append else request.target_path
        path = os.path.relpath(project.root, folder.resolve())
        if request.scaffold_format == "python":
            # Dagster's own would be a function without a body.
            (folder / "component.py").write_text(render("adopt/component.py", project=path), encoding="utf-8")
        else:
            scaffold_component(request, {"project": path})


class YamlTranslator(DvcTranslator):
    """Changes each asset as the component's `translation` says."""

    def __init__(self, info: TranslatorResolvingInfo) -> None:
        super().__init__()
        self._info = info

    def get_asset_spec(self, data: DvcTranslatorData) -> AssetSpec:
        spec = super().get_asset_spec(data)
        return self._info.get_asset_spec(spec, {"item": data.item, "spec": spec})


@scaffold_with(DvcProjectScaffolder)
@dataclass(frozen=True)
class DvcProjectComponent(Component, Resolvable):
    """A DVC repository as assets: one a stage of its dvc.yaml files, one a tracked path.

    Scaffold it with `dg scaffold defs ml_assets.DvcProjectComponent NAME --project-path PATH`.
    """

    project: DvcProject
    settings: SettingsTable = field(default_factory=SettingsTable)
    translator: DvcTranslator | None = None

    @classmethod
    def model(cls) -> type[BaseModel]:
        return DvcProjectAttributes

    @classmethod
    def resolve_from_model(cls, context: ResolutionContext, model: Any) -> DvcProjectComponent:
        """Raises NotADvcProject: `project` names no DVC repository."""
        path = context.resolve_source_relative_path(str(context.resolve_value(model.project)))
        return cls(
            project=_project_at(path),
            settings=model.settings(context),
            translator=_translator(context, model),
        )

    def build_defs(self, context: ComponentLoadContext) -> Definitions:
        """Raises ManifestFailed, SettingsInvalid."""
        return build_project_definitions(
            self.project, translator=self.translator, over=self.settings, name=_op_name(context)
        )


def _project_at(path: Path) -> DvcProject:
    # A misspelt folder must not find the repository around it.
    if not path.is_dir():
        raise NotADvcProject(path)
    return DvcProject.find(path)


def _translator(context: ResolutionContext, model: DvcProjectAttributes) -> YamlTranslator | None:
    if model.translation is None:
        return None
    return YamlTranslator(TranslatorResolvingInfo(model.translation, context, model_key="translation"))


def _op_name(context: ComponentLoadContext) -> str:
    """The component's own name, so that two of them in one code location have two ops."""
    path, defs = context.path.with_suffix(""), context.defs_module_path
    inside = path.relative_to(defs) if path.is_relative_to(defs) else path
    return NOT_IN_AN_OP.sub("_", inside.as_posix()).strip("_") or "pipeline"
