"""All checks, in the order in which they are asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from ml_assets.doctor.checks import (
    buckets,
    cache,
    cache_objects,
    code_location,
    dagster_home,
    git_state,
    imports,
    interpreters,
    landing,
    lock_files,
    locks,
    machine,
    project,
    raw_data,
    remote,
    run_cache,
    secrets,
    stores,
    telemetry,
    versions,
)
from ml_assets.doctor.finding import Finding
from ml_assets.doctor.site import Site


class Depth(Enum):
    """How long a check may take: seconds, or as long as reading the whole cache."""

    SHALLOW = "shallow"
    DEEP = "deep"


@dataclass(frozen=True)
class Check:
    """One question about a site; `name` is how findings and people refer to it."""

    name: str
    look: Callable[[Site], Iterable[Finding]]
    depth: Depth = Depth.SHALLOW


CHECKS = (
    Check("project", project.readable),
    Check("requirements", versions.requirements),
    Check("antlr", versions.antlr),
    Check("dagster-train", versions.dagster_train),
    Check("git", git_state.git_state),
    Check("lock-conflicts", lock_files.conflicts),
    Check("torn-lock", lock_files.torn_locks),
    Check("lock-in-git", lock_files.lock_in_git),
    Check("credentials-in-git", secrets.committed_credentials),
    Check("dotenv-in-git", secrets.committed_dotenv),
    Check("locks", locks.locks),
    Check("hardlink-lock", locks.hardlink_lock),
    Check("network-disk", locks.network_disk),
    Check("disk-space", machine.disk_space),
    Check("cache-permissions", cache.cache_permissions),
    Check("cache-type", cache.cache_type),
    Check("cache-disk", cache.cache_disk),
    Check("site-cache", cache.site_cache),
    Check("checksum-jobs", cache.checksum_jobs),
    Check("remote", remote.remote_known),
    Check("remote-folder", remote.remote_folder),
    Check("remote-answers", remote.remote_answers),
    Check("remote-run-cache", remote.remote_run_cache),
    Check("buckets", buckets.buckets_answer),
    Check("raw-record", raw_data.raw_record),
    Check("raw-size", raw_data.raw_size),
    Check("imported-folder", raw_data.imported_folders),
    Check("stage-interpreter", interpreters.stage_interpreters),
    Check("python-by-hand", interpreters.python_by_hand),
    Check("undeclared-imports", imports.undeclared_imports),
    Check("run-cache", run_cache.never_cached),
    Check("dagster-home", dagster_home.home),
    Check("run-monitoring", dagster_home.run_monitoring),
    Check("run-retries", dagster_home.run_retries),
    Check("dagster-stores", stores.dagster_stores),
    Check("mlflow-store", stores.mlflow_store),
    Check("mlflow-folder", stores.mlflow_folder),
    Check("code-location", code_location.same_location),
    Check("source-folder", code_location.source_folder),
    Check("ignored-modules", code_location.ignored_modules),
    Check("landing-sensor", landing.sensor_stopped),
    Check("dvc-telemetry", telemetry.dvc_analytics),
    Check("dagster-telemetry", telemetry.dagster_telemetry),
    Check("mlflow-telemetry", telemetry.mlflow_telemetry),
    Check("openmp", machine.openmp),
    Check("cache-objects", cache_objects.cache_objects, Depth.DEEP),
    Check("cache-leftovers", cache_objects.leftovers, Depth.DEEP),
)
