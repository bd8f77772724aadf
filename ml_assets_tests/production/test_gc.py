"""`ml-assets gc`: the ledger keeps what its records name; what goes is said before, and nothing else goes."""

from __future__ import annotations

import json
import multiprocessing
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from ml_assets.ledger import collecting
from ml_assets.ledger.audit.collect import opened
from ml_assets.ledger.audit.plan import Keep
from ml_assets.ledger.audit.verify import verify
from ml_assets.ledger.collecting import Collected, finished, refuse_collected, wait_for_collection
from ml_assets.ledger.record import GcDraft, GcRecord, RunRecord
from ml_assets.ledger.store import Ledger
from ml_assets_tests.factories import BIN, dvc, run
from ml_assets_tests.landing.killed import Death, die_at
from ml_assets_tests.ledger.drafts import ORIGIN, a_run
from ml_assets_tests.production.by_hand import copied


@pytest.fixture
def project(three_days: Path, tmp_path: Path) -> Path:
    """Three days, each pushed; Git has the first commit alone."""
    return copied(three_days, tmp_path)


def ledger_of(root: Path) -> Ledger:
    return Ledger.open(".ml_assets/ledger", root=root)


def runs(root: Path) -> list[RunRecord]:
    return [record for record in ledger_of(root).records() if isinstance(record, RunRecord)]


def models_on_remote(root: Path) -> list[bool]:
    """For each run, whether its model is on the remote."""
    found = []
    for record in runs(root):
        (md5,) = [out.md5 for out in record.outputs if out.path == "model.txt"]
        found.append((root.parent / "project-remote" / "files" / "md5" / md5[:2] / md5[2:]).exists())
    return found


def gc(root: Path, *arguments: str) -> Any:
    return json.loads(run(BIN / "ml-assets", "gc", *arguments, "--json", cwd=root).stdout)


def is_intact(root: Path) -> bool:
    return verify(ledger_of(root), root=root, remote=None, deep=True).intact


def test_control_dvcs_own_collection_loses_two_of_three_models(project: Path) -> None:
    dvc("gc", "-c", "-a", "-f", cwd=project)

    assert models_on_remote(project) == [False, False, True]
    assert not is_intact(project)


def test_three_kept_runs_lose_nothing(project: Path) -> None:
    assert gc(project, "--keep", "last=3", "--grace", "0", "--yes") == {"record": None, "deleted": 0}

    assert models_on_remote(project) == [True, True, True]
    assert is_intact(project)


def test_what_goes_is_shown_first_and_nothing_else_goes(project: Path) -> None:
    shown = gc(project, "--keep", "last=1", "--grace", "0")
    assert models_on_remote(project) == [True, True, True]

    done = gc(project, "--keep", "last=1", "--grace", "0", "--yes")

    # Of each of two days: total, model and the listing of raw; the files of raw are the third day's too.
    assert shown["objects"] == done["deleted"] == 6
    assert shown["given_up"] == [[1, 2]]
    assert models_on_remote(project) == [False, False, True]
    record = ledger_of(project).get(done["record"])
    assert isinstance(record, GcRecord)
    assert (record.given_up, record.keep) == (((1, 2),), ("last=1",))
    # What was given up is no damage, and what is kept is whole.
    assert is_intact(project)
    assert gc(project, "--keep", "last=1", "--grace", "0", "--yes") == {"record": None, "deleted": 0}


def test_what_a_branch_of_git_names_stays(project: Path) -> None:
    """The state of the second day is committed on a branch, which is not checked out."""
    second = runs(project)[1]
    run("git", "checkout", "-q", "-b", "second", cwd=project)
    newest = (project / "dvc.lock").read_text()
    (project / "dvc.lock").write_text(second.dvc_lock)
    run("git", "add", "-f", "dvc.lock", cwd=project)
    run("git", "commit", "-q", "-m", "second", cwd=project)
    run("git", "checkout", "-q", "main", cwd=project)
    (project / "dvc.lock").write_text(newest)

    gc(project, "--keep", "last=1", "--grace", "0", "--yes")

    assert models_on_remote(project) == [False, True, True]


def test_what_is_new_stays_and_a_dangling_push_goes_when_it_is_old(project: Path) -> None:
    (project / "dangling.txt").write_text("of no record")
    dvc("add", "-q", "dangling.txt", cwd=project)
    dvc("push", "-q", cwd=project)
    (project / "dangling.txt.dvc").unlink()

    assert gc(project, "--keep", "all")["young"] == 1
    assert gc(project, "--keep", "all", "--grace", "0", "--yes")["deleted"] == 1

    assert is_intact(project)


def test_what_to_keep_has_to_be_said(project: Path) -> None:
    done = subprocess.run(
        [str(BIN / "ml-assets"), "gc", "--keep", "newest"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "--keep last=30" in done.stderr


def _gc_and_die(root: Path, death: Death) -> None:
    die_at(death)
    ledger = ledger_of(root)
    keep = [Keep.parse("last=1")]
    with opened(ledger, root=root, remote=None, keep=keep, grace_seconds=0) as collection:
        collection.collect()


@pytest.mark.parametrize(
    "death",
    [
        pytest.param(Death("before", "ml_assets.ledger.store.Ledger._put"), marks=pytest.mark.slow),
        Death("after", "ml_assets.ledger.store.Ledger._put"),
        pytest.param(
            Death("after", "ml_assets.dvc._internals.remote_store.RemoteStore.delete_run_entries"),
            marks=pytest.mark.slow,
        ),
        Death("after", "dvc_objects.db.ObjectDB.delete", nth=2),
        pytest.param(
            Death("after", "ml_assets.dvc._internals.remote_store.RemoteStore.delete"),
            marks=pytest.mark.slow,
        ),
    ],
    ids=str,
)
def test_killed_at_any_step_nothing_kept_is_lost_and_the_next_one_ends_it(
    project: Path, death: Death
) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_gc_and_die, args=(project, death))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL

    assert models_on_remote(project)[-1]
    newest = runs(project)[-1]
    gc(project, "--keep", "last=1", "--grace", "0", "--yes")

    assert models_on_remote(project) == [False, False, True]
    assert runs(project)[-1] == newest
    assert is_intact(project)


def _collection(ledger: Ledger) -> GcRecord:
    draft = GcDraft(**dict(ORIGIN), remote="there", keep=("all",), objects=1, size=1)
    record = ledger.append(lambda _: draft)
    assert isinstance(record, GcRecord)
    return record


def test_a_record_waits_for_the_collection_and_is_refused_when_one_came_in_between(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "POLL_SECONDS", 0.01)
    ledger, cache, told = Ledger.open("ledger", root=tmp_path), tmp_path / "cache.json", list[str]()
    ledger.append(lambda _: a_run())
    since = wait_for_collection(ledger, cache=cache, tell=told.append)
    record = _collection(ledger)

    with pytest.raises(Collected):
        refuse_collected(ledger, ledger.head(), since=since)

    def wait() -> int:
        return wait_for_collection(ledger, cache=cache, tell=told.append)

    waiting = threading.Thread(target=wait)
    waiting.start()
    waiting.join(0.2)
    assert waiting.is_alive()
    finished(ledger, record)
    waiting.join(5)

    assert not waiting.is_alive()
    assert told == ["waiting for the collection of garbage of record 2 to end"]
    refuse_collected(ledger, ledger.head(), since=wait())
