"""A clone of a snapshot: the same state in other files, with DVC's shared cache, gone afterwards."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from ml_assets.dvc._internals.repo import open_repo
from ml_assets.dvc.clone import clone, clone_environment
from ml_assets.dvc.snapshot import copy_lent, take_snapshot
from ml_assets_tests.dvc.experiments.batches import unchanged
from ml_assets_tests.factories import run, write

SECRET = "not-to-be-seen"


def test_it_has_the_edited_state_at_the_same_commit_and_its_own_head(root: Path, tmp_path: Path) -> None:
    write(root, {"params.yaml": "offset: 7\n", "notes.txt": "untracked"})
    snapshot = take_snapshot(root)
    copy_lent(snapshot, tmp_path / "lent")
    with unchanged(root), clone(snapshot, into=tmp_path / "clone", lent=tmp_path / "lent") as copy:
        assert (copy / "params.yaml").read_text() == "offset: 7\n"
        assert (copy / "notes.txt").read_text() == "untracked"
        assert run("git", "rev-parse", "HEAD", cwd=copy).stdout.strip() == snapshot.baseline
        changed = run("git", "status", "--porcelain", cwd=copy).stdout.splitlines()
        assert changed == ["M  params.yaml", "?? notes.txt"]
        write(copy, {"params.yaml": "offset: 8\n"})
        run("git", "commit", "-q", "-a", "-m", "in the clone", cwd=copy)
    assert not (tmp_path / "clone").exists()


def test_dvc_takes_data_from_the_shared_cache_and_keeps_its_databases_in_the_clone(
    root: Path, tmp_path: Path
) -> None:
    with clone(take_snapshot(root), into=tmp_path / "clone") as copy:
        with open_repo(copy) as repo:
            repo.checkout(force=True)
            assert Path(repo.cache.local.path).is_relative_to(root)
            assert repo.status() == {}
            # By default DVC keeps them where nobody removes them.
            assert Path(repo.site_cache_dir).is_relative_to(copy / ".dvc/tmp/site")
        assert (copy / "data/raw/3.txt").read_text() == "3"
        assert not (copy / ".dvc/cache").exists()
        assert (copy / ".dvc/tmp/site").is_dir()


def test_local_configuration_goes_along_readable_by_its_owner_alone_and_paths_mean_the_same(
    root: Path, tmp_path: Path
) -> None:
    keys = f"url = s3://bucket/dvc\n    secret_access_key = {SECRET}"
    write(root, {".dvc/config.local": f"['remote \"bucket\"']\n    {keys}\n"})
    with clone(take_snapshot(root), into=tmp_path / "clone") as copy:
        local = copy / ".dvc" / "config.local"
        assert stat.S_IMODE(local.stat().st_mode) == 0o600
        with open_repo(copy) as repo:
            remotes = repo.config["remote"]
        assert remotes["bucket"]["secret_access_key"] == SECRET
        assert Path(remotes["store"]["url"]).resolve() == root.parent / "project-remote"
        assert SECRET not in run("git", "status", "--porcelain", cwd=copy).stdout


def test_who_commits_and_what_git_ignores_locally_go_along(root: Path, tmp_path: Path) -> None:
    run("git", "config", "user.name", 'A "quoted" name', cwd=root)
    write(root, {".git/info/exclude": "*.scratch\n"})
    with clone(take_snapshot(root), into=tmp_path / "clone") as copy:
        assert run("git", "config", "user.name", cwd=copy).stdout == 'A "quoted" name\n'
        write(copy, {"x.scratch": ""})
        assert run("git", "status", "--porcelain", cwd=copy).stdout == ""


def test_of_a_shallow_clone_too(root: Path, tmp_path: Path) -> None:
    run("git", "clone", "-q", "--depth", "1", root.as_uri(), "shallow", cwd=tmp_path)
    with clone(take_snapshot(tmp_path / "shallow"), into=tmp_path / "clone") as copy:
        assert run("git", "log", "--format=%s", cwd=copy).stdout == "ran\n"


def test_it_is_removed_when_something_fails_in_it(root: Path, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), clone(take_snapshot(root), into=tmp_path / "clone"):
        raise ZeroDivisionError
    assert not (tmp_path / "clone").exists()


def test_python_imports_the_clones_code_where_paths_name_the_workspaces(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(root / "src"), "/elsewhere"]))
    monkeypatch.setattr(sys, "path", [str(root / "src"), *sys.path])
    found = clone_environment(take_snapshot(root), tmp_path / "clone")["PYTHONPATH"].split(os.pathsep)
    assert found == [str(tmp_path / "clone"), str(tmp_path / "clone" / "src"), "/elsewhere"]


def test_stages_of_all_clones_remember_in_the_project(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clone's own memory would go with it."""
    snapshot = take_snapshot(root)
    found = clone_environment(snapshot, tmp_path / "clone")["ML_ASSETS_MEMORY"]
    monkeypatch.setenv("ML_ASSETS_MEMORY", "/somewhere")
    assert Path(found) == Path(snapshot.top, snapshot.project, ".ml_assets/memory")
    assert clone_environment(snapshot, tmp_path / "clone")["ML_ASSETS_MEMORY"] == "/somewhere"
