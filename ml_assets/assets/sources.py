"""Tracked paths that nothing of ours makes: observable, with the hash in their .dvc file as version."""

import warnings
from collections.abc import Callable

from dagster import (
    AssetsDefinition,
    AssetSpec,
    BetaWarning,
    DataVersion,
    ObserveResult,
    multi_observable_source_asset,
)

from ml_assets.assets.specs import source_spec
from ml_assets.assets.translator import DvcTranslator
from ml_assets.dvc.lockfile import read_source
from ml_assets.dvc.manifest import Source
from ml_assets.dvc.project import DvcProject


def build_source_assets(
    *, project: DvcProject, translator: DvcTranslator | None = None, without: tuple[str, ...] = ()
) -> list[AssetsDefinition]:
    """One observable source asset a tracked path (`dvc add`, `dvc import`), but those in `without`.

    Observing reads the .dvc file; it neither fetches nor hashes data.
    """
    project = project.pinned()
    return [
        _observable(project, source, source_spec(project=project, path=source.path, translator=translator))
        for source in project.manifest().sources
        if source.path not in without
    ]


def _observable(project: DvcProject, source: Source, spec: AssetSpec) -> AssetsDefinition:
    def observe() -> ObserveResult:
        tracked = read_source(project.root, source)
        # An import that was never downloaded has no hash yet, and so no version.
        version = DataVersion(tracked.md5) if tracked else None
        return ObserveResult(asset_key=spec.key, data_version=version)

    with warnings.catch_warnings():
        # It says so each time that a code location loads, once a tracked path, and nobody can act on it.
        warnings.simplefilter("ignore", BetaWarning)
        # Dagster ships this one decorator untyped.
        decorate: Callable[[Callable[[], ObserveResult]], AssetsDefinition] = multi_observable_source_asset(
            name=f"observe_{'__'.join(spec.key.path)}", specs=[spec]
        )
        return decorate(observe)
