"""Dagster Pipes for stage scripts: what a script reports joins its stage's materialization.

A script calls `dagster_pipes.open_dagster_pipes()` as under any Pipes client; run by plain `dvc repro` the
same call does nothing. A stage asks for it (`meta: {dagster: {pipes: true}}`), since it costs look-ups for
each asset.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import dagster_pipes
from dagster import (
    AssetCheckResult,
    AssetExecutionContext,
    AssetKey,
    MaterializeResult,
    PipesEnvContextInjector,
    PipesTempFileMessageReader,
    open_pipes_session,
)

from ml_assets.assets.keys import META_KEY_STAGE

CONTEXT = dagster_pipes.DAGSTER_PIPES_CONTEXT_ENV_VAR
# What Pipes tells of each asset of the step, by key.
BY_ASSET = ("code_version_by_asset_key", "provenance_by_asset_key")

Reported = Sequence[MaterializeResult[Any] | AssetCheckResult]


@contextmanager
def pipes_session(
    context: AssetExecutionContext, stage: str, key: AssetKey, reported: dict[str, Reported]
) -> Iterator[Mapping[str, str]]:
    """The environment in which a stage's script finds Dagster; what it reports is in `reported` then."""
    with open_pipes_session(context, PipesEnvContextInjector(), PipesTempFileMessageReader()) as session:
        yield _of_one_asset(session.get_bootstrap_env_vars(), stage, key)
    reported[stage] = session.get_results(implicit_materializations=False)


def _of_one_asset(environment: Mapping[str, str], stage: str, key: AssetKey) -> dict[str, str]:
    """The step has many assets; the script shall see its own, so that it need not name it."""
    params: Any = dagster_pipes.decode_param(environment[CONTEXT])
    data, own = params["data"], key.to_escaped_user_string()
    data["asset_keys"] = [own]
    data["extras"] = {**(data.get("extras") or {}), META_KEY_STAGE: stage}
    for name in BY_ASSET:
        data[name] = {own: (data.get(name) or {}).get(own)}
    return {**environment, CONTEXT: dagster_pipes.encode_param(params)}


def reported_metadata(reported: Reported, key: AssetKey) -> dict[str, Any]:
    """Metadata that the script reported for its asset."""
    found: dict[str, Any] = {}
    for each in reported:
        if isinstance(each, MaterializeResult) and each.asset_key == key:
            found |= dict(each.metadata or {})
    return found
