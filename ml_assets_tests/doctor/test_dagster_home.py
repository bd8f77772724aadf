"""Where Dagster keeps its runs, and the stores in it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from dotenv import dotenv_values

from ml_assets.doctor.finding import Severity
from ml_assets_tests.doctor.conftest import Look
from ml_assets_tests.factories import run, write


def make_store(file: Path, *heads: str) -> Path:
    """A SQLite store as alembic leaves it, with that many heads."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file)) as store, store:
        store.execute("create table alembic_version (version_num varchar(32) not null)")
        store.executemany("insert into alembic_version values (?)", [(head,) for head in heads])
    return file


def test_without_a_home_nothing_is_remembered(look: Look, root: Path) -> None:
    assert look("dagster-home") == []
    (found,) = look("dagster-home", DAGSTER_HOME="")
    assert found.severity is Severity.WARNING
    assert "is not set" in found.what
    run("sh", "-c", found.remedy.strip("`"), cwd=root)
    assert look("dagster-home", **dotenv_values(root / ".env")) == []
    assert ".dagster" not in run("git", "status", "--porcelain", cwd=root).stdout
    for check in ("run-monitoring", "run-retries", "dagster-stores"):
        assert look(check, DAGSTER_HOME="") == []


def test_a_home_that_dagster_refuses(look: Look, tmp_path: Path) -> None:
    (missing,) = look("dagster-home", DAGSTER_HOME=str(tmp_path / "not-there"))
    (relative,) = look("dagster-home", DAGSTER_HOME="here")
    assert missing.severity is relative.severity is Severity.ERROR
    run("sh", "-c", missing.remedy.strip("`"), cwd=tmp_path)
    assert look("dagster-home", DAGSTER_HOME=str(tmp_path / "not-there")) == []


@pytest.mark.parametrize("check", ["run-monitoring", "run-retries"])
def test_settings_that_a_killed_or_failed_run_needs(look: Look, root: Path, home: Path, check: str) -> None:
    assert look(check) == []
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    (found,) = look(check)
    run("sh", "-c", found.remedy.strip("`"), cwd=root)
    assert look(check) == []


def test_retries_matter_where_the_landing_asks_for_them(look: Look, root: Path, home: Path) -> None:
    (home / "dagster.yaml").unlink()
    assert look("run-retries")[0].severity is Severity.INFO
    write(root, {"pyproject.toml": '[tool.ml_assets.landing]\nbucket = "b"\nrun_retries = 2\n'})
    assert look("run-retries")[0].severity is Severity.WARNING


def test_a_store_with_two_heads_is_an_error(look: Look, home: Path) -> None:
    file = make_store(home / "history" / "runs.db", "7f2b1a4ca7a5")
    assert look("dagster-stores") == []
    file.unlink()
    make_store(file, "7f2b1a4ca7a5", "284a732df317")
    (found,) = look("dagster-stores")
    assert found.severity is Severity.ERROR
    assert "2 versions at once (7f2b1a4ca7a5, 284a732df317)" in found.what
    assert found.where == str(file)


def test_a_store_that_was_not_finished_or_is_none_is_an_error(look: Look, home: Path) -> None:
    schedules = home / "schedules" / "schedules.db"
    schedules.parent.mkdir()
    with closing(sqlite3.connect(schedules)) as store, store:
        store.execute("create table jobs (id integer)")
    index = home / "history" / "runs" / "index.db"
    index.parent.mkdir(parents=True)
    index.write_text("this is no database at all" * 10)
    broken, unfinished = look("dagster-stores")
    assert "no database" in broken.what
    assert "not finished" in unfinished.what


def test_a_store_that_dagster_itself_made_is_fine(
    look: Look, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dagster import DagsterInstance

    monkeypatch.setenv("DAGSTER_HOME", str(home))
    with DagsterInstance.get() as instance:
        instance.get_run_records(limit=1)
        instance.all_instigator_state()
    assert (home / "history" / "runs.db").exists()
    assert look("dagster-stores") == []


def test_mlflows_store_is_looked_at_too(look: Look, root: Path) -> None:
    write(root, {"pyproject.toml": "[tool.ml_assets.mlflow]\n"})
    assert look("mlflow-store") == []
    file = make_store(root / ".ml_assets" / "mlflow.db", "a", "b")
    (found,) = look("mlflow-store")
    assert found.where == str(file)


@pytest.mark.parametrize(
    ("uri", "refused"),
    [
        ("file:///tmp/mlruns", True),
        ("./mlruns", True),
        ("sqlite:////tmp/mlflow.db", False),
        ("https://mlflow.example.com", False),
        ("databricks", False),
    ],
)
def test_a_folder_is_no_store_of_mlflow_any_more(look: Look, uri: str, refused: bool) -> None:  # noqa: FBT001
    assert bool(look("mlflow-folder", MLFLOW_TRACKING_URI=uri)) is refused
