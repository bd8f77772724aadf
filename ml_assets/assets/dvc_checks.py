"""Asset checks of DVC's state: is an asset in sync with dvc.lock, on the remote, intact in the cache."""

# No `from __future__ import annotations`: Dagster looks at the annotations of the check function.
from collections.abc import Callable, Iterator, Sequence

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckKey,
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSpec,
    AssetKey,
    Failure,
    multi_asset_check,
)

from ml_assets.assets.keys import META_KEY_STAGE
from ml_assets.assets.partitions import split_partitioned
from ml_assets.assets.specs import build_dvc_asset_specs
from ml_assets.assets.translator import DvcTranslator
from ml_assets.dvc.errors import DvcBridgeError
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.remotes import remote_url

# How many objects a result names; the rest is counted.
SHOWN = 10

DESCRIPTIONS = {
    "in_sync": "What is in the workspace is what dvc.lock says: `dvc repro` would run nothing",
    "pushed": "The DVC remote has all that dvc.lock says of the outputs",
    "cache_intact": "Each cache object of the outputs is what its name says, read again from disk",
}

# The names of the selected stages → whether each passes, and what is wrong with it.
Check = Callable[[DvcProject, Sequence[str], str | None], Iterator[tuple[str, str]]]


def build_dvc_checks(
    *,
    project: DvcProject,
    kinds: Sequence[str],
    remote: str | None = None,
    name: str = "pipeline",
    translator: DvcTranslator | None = None,
    sources: tuple[str, ...] = (),
) -> list[AssetChecksDefinition]:
    """One check a stage and kind, of `in_sync`, `pushed` and `cache_intact`, in one step a kind.

    `pushed` is left out where no remote is configured. Checks run whenever their assets are materialized, and
    by themselves; `cache_intact` reads all outputs from disk. Partitioned groups have none: Dagster's checks
    know no partitions.

    Raises:
        ManifestFailed, AssetKeyTaken, MetaInvalid, RemoteUnknown.
    """
    project = project.pinned()
    specs = build_dvc_asset_specs(project=project, translator=translator, sources=sources)
    plain = split_partitioned(project.manifest(), specs).plain
    keys = {str(spec.metadata[META_KEY_STAGE]): spec.key for spec in plain}
    asked = [kind for kind in kinds if kind != "pushed" or remote_url(project.root, remote)]
    return [_checks(project, kind, keys, remote, name) for kind in asked] if keys else []


def _checks(
    project: DvcProject, kind: str, keys: dict[str, AssetKey], remote: str | None, name: str
) -> AssetChecksDefinition:
    specs = [AssetCheckSpec(kind, asset=key, description=DESCRIPTIONS[kind]) for key in keys.values()]
    stages = {key: stage for stage, key in keys.items()}

    @multi_asset_check(name=f"{name}_{kind}", specs=specs, can_subset=True)
    def check(context: AssetCheckExecutionContext) -> Iterator[AssetCheckResult]:
        selected: list[AssetCheckKey] = sorted(context.selected_asset_check_keys)
        names = [stages[each.asset_key] for each in selected]
        try:
            wrong = dict(CHECKS[kind](DvcProject(project.root).pinned(), names, remote))
        except DvcBridgeError as error:
            raise Failure(str(error)) from error
        for each in selected:
            found = wrong.get(stages[each.asset_key])
            yield AssetCheckResult(
                passed=found is None, asset_key=each.asset_key, check_name=kind, description=found
            )

    return check


def _out_of_sync(project: DvcProject, names: Sequence[str], _: str | None) -> Iterator[tuple[str, str]]:
    from ml_assets.dvc.schedule import make_schedule
    from ml_assets.dvc.survey import stage_codes, up_to_date

    # All of them: a stage is out of sync below one that is.
    schedule = make_schedule(project.manifest(), {stage.name for stage in project.manifest().stages})
    done = up_to_date(project, schedule, stage_codes(project, schedule))
    always = {stage.name for stage in project.manifest().stages if stage.always_changed}
    for name in names:
        if name not in done | always:
            yield (
                name,
                f"`dvc status {name}` says what changed; materialize it, or `ml-assets repro {name}`",
            )


def _unpushed(project: DvcProject, names: Sequence[str], remote: str | None) -> Iterator[tuple[str, str]]:
    from ml_assets.dvc.on_remote import missing_on_remote

    for name, objects in missing_on_remote(project.root, names, remote=remote).items():
        if objects:
            flag = f" -r {remote}" if remote else ""
            yield name, f"{_listed(objects)} are not on the remote; `dvc push{flag} {name}`"


def _damaged(project: DvcProject, names: Sequence[str], _: str | None) -> Iterator[tuple[str, str]]:
    from ml_assets.dvc.integrity import cache_intact

    for name in names:
        integrity = cache_intact(project, name)
        if not integrity.passed:
            objects = [each.object.md5 for each in integrity.damaged]
            yield name, f"{_listed(objects)} are damaged; `ml-assets doctor --deep` says how to mend them"


def _listed(objects: Sequence[str]) -> str:
    more = f" and {len(objects) - SHOWN} more" if len(objects) > SHOWN else ""
    return f"{len(objects)} cache objects ({', '.join(objects[:SHOWN])}{more})"


CHECKS: dict[str, Check] = {"in_sync": _out_of_sync, "pushed": _unpushed, "cache_intact": _damaged}
