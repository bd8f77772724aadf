"""Asset specs of a project's stages and of its tracked sources, pure values from the manifest."""

from __future__ import annotations

from dataclasses import replace

from dagster import AssetSpec

from ml_assets.assets.translator import DvcTranslator, DvcTranslatorData
from ml_assets.dvc.manifest import Manifest, Source
from ml_assets.dvc.project import DvcProject


def build_dvc_asset_specs(
    *, project: DvcProject, translator: DvcTranslator | None = None, sources: tuple[str, ...] = ()
) -> list[AssetSpec]:
    """One spec a stage, in the order in which the stages run.

    Args:
        sources: paths that will be tracked once something lands there, though no .dvc file says so yet.
    """
    manifest = with_sources(project.manifest(), sources)
    translator = translator or DvcTranslator()
    return [
        translator.get_asset_spec(DvcTranslatorData(project=project, manifest=manifest, item=stage))
        for stage in manifest.stages
    ]


def source_spec(*, project: DvcProject, path: str, translator: DvcTranslator | None = None) -> AssetSpec:
    """The spec of the tracked source at `path`, whether it is tracked yet or not."""
    manifest = with_sources(project.manifest(), (path,))
    source = next(source for source in manifest.sources if source.path == path)
    return (translator or DvcTranslator()).get_asset_spec(
        DvcTranslatorData(project=project, manifest=manifest, item=source)
    )


def with_sources(manifest: Manifest, paths: tuple[str, ...]) -> Manifest:
    """The manifest with `paths` as tracked sources, also before their first `dvc add`."""
    known = {source.path for source in manifest.sources}
    new = tuple(Source(path=path, file=f"{path}.dvc") for path in paths if path not in known)
    return replace(manifest, sources=(*manifest.sources, *new))
