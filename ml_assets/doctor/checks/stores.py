"""Whether the stores of Dagster and MLflow were made whole: two processes at once break a fresh one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from ml_assets.doctor.finding import Finding, error
from ml_assets.doctor.site import Site
from ml_assets.models.settings import sqlite_path

DAGSTER_STORES = ("history/runs.db", "history/runs/index.db", "schedules/schedules.db")
BUSY_SECONDS = 1.0


def dagster_stores(site: Site) -> Iterator[Finding]:
    """Runs, events and schedules below DAGSTER_HOME."""
    for name in DAGSTER_STORES if site.dagster_home else ():
        file = Path(str(site.dagster_home)) / name
        if file.exists() and (problem := _problem(file)):
            yield error(
                file,
                f"{problem}, so that Dagster cannot open it",
                f"stop Dagster, `mv '{file}' '{file}.broken'`, start one process and wait until it is up",
            )


def mlflow_store(site: Site) -> Iterator[Finding]:
    """The tracking database, where it is a file; its runs are made again from the ledger."""
    if not site.settings.tracks_runs:
        return
    path = sqlite_path(_tracking_uri(site))
    file = site.root / path if path else None
    if file is not None and file.exists() and (problem := _problem(file)):
        yield error(
            file,
            f"{problem}, so that MLflow cannot open it",
            f"stop MLflow, `mv '{file}' '{file}.broken'` and start one process first",
        )


def mlflow_folder(site: Site) -> Iterator[Finding]:
    """MLflow 3 no longer opens a folder as a store."""
    uri = _tracking_uri(site)
    if uri.startswith("file:") or ("://" not in uri and uri != "databricks"):
        yield error(
            "MLFLOW_TRACKING_URI",
            f"'{uri}' is a folder, which MLflow refuses as a store by default",
            "use a database: `export MLFLOW_TRACKING_URI=sqlite:///$PWD/.ml_assets/mlflow.db`",
        )


def _tracking_uri(site: Site) -> str:
    return site.environ.get("MLFLOW_TRACKING_URI") or site.settings.mlflow.tracking_uri


def _problem(file: Path) -> str | None:
    """Why a store cannot be used, or None."""
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)) as store:
            tables = {
                name for (name,) in store.execute("select name from sqlite_master where type = 'table'")
            }
            if "alembic_version" not in tables:
                return "it was not finished when it was made"
            heads = [head for (head,) in store.execute("select version_num from alembic_version")]
    except sqlite3.OperationalError as busy:
        return None if "locked" in str(busy) else f"it cannot be read ({busy})"
    except sqlite3.DatabaseError as broken:
        return f"it is no database ({broken})"
    if len(heads) != 1:
        return f"it has {len(heads)} versions at once ({', '.join(heads)})"
    return None
