"""Asset specs of a project's stages and of its tracked sources, pure values from the manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from dagster import AssetDep, AssetKey, AssetSpec

from ml_assets.assets.asset_keys import asset_key, require_distinct
from ml_assets.assets.translator import DvcTranslator, DvcTranslatorData
from ml_assets.dvc.manifest import Manifest, Source, Stage
from ml_assets.dvc.project import DvcProject


def build_dvc_asset_specs(
    *, project: DvcProject, translator: DvcTranslator | None = None, sources: tuple[str, ...] = ()
) -> list[AssetSpec]:
    """One spec a stage, in the order in which the stages run.

    Args:
        sources: paths that will be tracked once something lands there, though no .dvc file says so yet.

    Raises:
        AssetKeyTaken: two stages or tracked paths have one key.
        MetaInvalid: `meta.dagster` of one says what Dagster does not take.
    """
    project = project.pinned()
    return list(_specs(project, project.manifest(), translator, sources))


# Assets, checks and what hangs on the last assets ask one after the other while a code location loads.
# Manifests are compared by identity, so that the next load asks anew.
@lru_cache(maxsize=4)
def _specs(
    project: DvcProject, manifest: Manifest, translator: DvcTranslator | None, sources: tuple[str, ...]
) -> tuple[AssetSpec, ...]:
    manifest = with_sources(manifest, sources)
    translator = translator or DvcTranslator()
    items: list[Stage | Source] = [*manifest.sources, *manifest.stages]
    translated = [
        (item, translator.get_asset_spec(DvcTranslatorData(project=project, manifest=manifest, item=item)))
        for item in items
    ]
    require_distinct((item, spec.key) for item, spec in translated)
    project.code().save()
    renamed = {asset_key(item, manifest): spec.key for item, spec in translated}
    return tuple(_after(spec, renamed) for item, spec in translated if isinstance(item, Stage))


def source_spec(*, project: DvcProject, path: str, translator: DvcTranslator | None = None) -> AssetSpec:
    """The spec of the tracked source at `path`, whether it is tracked yet or not."""
    manifest = with_sources(project.manifest(), (path,))
    return (translator or DvcTranslator()).get_asset_spec(
        DvcTranslatorData(project=project, manifest=manifest, item=manifest.source(path))
    )


def _after(spec: AssetSpec, renamed: Mapping[AssetKey, AssetKey]) -> AssetSpec:
    """The spec with its inputs under the names that the translator gave to them."""
    deps = [
        dep if (key := renamed.get(dep.asset_key, dep.asset_key)) == dep.asset_key else AssetDep(key)
        for dep in spec.deps
    ]
    return spec.replace_attributes(deps=deps)


def with_sources(manifest: Manifest, paths: tuple[str, ...]) -> Manifest:
    """The manifest with `paths` as tracked sources, also before their first `dvc add`."""
    known = {source.path for source in manifest.sources}
    new = tuple(Source(path=path, file=f"{path}.dvc") for path in paths if path not in known)
    return replace(manifest, sources=(*manifest.sources, *new)) if new else manifest
