"""Asset specs of a project's stages and of its tracked sources, pure values from the manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from dagster import AssetDep, AssetKey, AssetSpec

from ml_assets.assets.errors import AssetKeyTaken
from ml_assets.assets.translator import DvcTranslator, DvcTranslatorData, asset_key
from ml_assets.dvc.manifest import Manifest, Source, Stage
from ml_assets.dvc.project import DvcProject


def build_dvc_asset_specs(
    *, project: DvcProject, translator: DvcTranslator | None = None, sources: tuple[str, ...] = ()
) -> list[AssetSpec]:
    """One spec a stage, in the order in which the stages run.

    Args:
        sources: paths that will be tracked once something lands there, though no .dvc file says so yet.

    Raises:
        AssetKeyTaken: two stages have one key.
    """
    project = project.pinned()
    manifest = with_sources(project.manifest(), sources)
    translate = translator or DvcTranslator()

    def spec_of(item: Stage | Source) -> AssetSpec:
        return translate.get_asset_spec(DvcTranslatorData(project=project, manifest=manifest, item=item))

    specs = {stage.name: spec_of(stage) for stage in manifest.stages}
    _require_distinct_keys(manifest, specs)
    project.code().save()
    renamed = {asset_key(stage, manifest): specs[stage.name].key for stage in manifest.stages}
    if translator is not None:
        renamed |= {asset_key(source, manifest): spec_of(source).key for source in manifest.sources}
    return [_after(spec, renamed) for spec in specs.values()]


def _after(spec: AssetSpec, renamed: Mapping[AssetKey, AssetKey]) -> AssetSpec:
    """The spec with its inputs under the names that the translator gave to them."""
    deps = [AssetDep(renamed[dep.asset_key]) if dep.asset_key in renamed else dep for dep in spec.deps]
    return spec.replace_attributes(deps=deps)


def source_spec(*, project: DvcProject, path: str, translator: DvcTranslator | None = None) -> AssetSpec:
    """The spec of the tracked source at `path`, whether it is tracked yet or not."""
    manifest = with_sources(project.manifest(), (path,))
    source = next(source for source in manifest.sources if source.path == path)
    return (translator or DvcTranslator()).get_asset_spec(
        DvcTranslatorData(project=project, manifest=manifest, item=source)
    )


def _require_distinct_keys(manifest: Manifest, specs: Mapping[str, AssetSpec]) -> None:
    owner: dict[AssetKey, Stage] = {}
    for stage in manifest.stages:
        other = owner.setdefault(specs[stage.name].key, stage)
        if other is not stage:
            raise AssetKeyTaken(specs[stage.name].key, other, stage)


def with_sources(manifest: Manifest, paths: tuple[str, ...]) -> Manifest:
    """The manifest with `paths` as tracked sources, also before their first `dvc add`."""
    known = {source.path for source in manifest.sources}
    new = tuple(Source(path=path, file=f"{path}.dvc") for path in paths if path not in known)
    return replace(manifest, sources=(*manifest.sources, *new))
