"""Tracked paths that nothing of ours makes: observable, with the hash in their .dvc file as version."""

from collections.abc import Callable

from dagster import AssetsDefinition, DataVersion, ObserveResult, multi_observable_source_asset

from ml_assets.assets.keys import META_KEY_FILE
from ml_assets.assets.specs import source_spec
from ml_assets.assets.translator import DvcTranslator
from ml_assets.dvc.lockfile import read_dvc_file
from ml_assets.dvc.project import DvcProject


def build_source_assets(
    *, project: DvcProject, translator: DvcTranslator | None = None, without: tuple[str, ...] = ()
) -> list[AssetsDefinition]:
    """One observable source asset a tracked path (`dvc add`, `dvc import`), but those in `without`.

    Observing reads the .dvc file; it neither fetches nor hashes data.
    """
    paths = [source.path for source in project.manifest().sources if source.path not in without]
    return [_observable(project, path, translator) for path in paths]


def _observable(project: DvcProject, path: str, translator: DvcTranslator | None) -> AssetsDefinition:
    spec = source_spec(project=project, path=path, translator=translator)
    file = project.root / str(spec.metadata[META_KEY_FILE])

    def observe() -> ObserveResult:
        tracked = read_dvc_file(file)
        # An import that was never downloaded has no hash yet, and so no version.
        version = DataVersion(tracked.md5) if tracked else None
        return ObserveResult(asset_key=spec.key, data_version=version)

    # Dagster ships this one decorator untyped.
    decorate: Callable[[Callable[[], ObserveResult]], AssetsDefinition] = multi_observable_source_asset(
        name=f"observe_{'__'.join(spec.key.path)}", specs=[spec]
    )
    return decorate(observe)
