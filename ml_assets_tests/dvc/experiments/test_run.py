"""Experiments run in clones, and end as what `dvc exp run` would have made."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest

from ml_assets.dvc._internals.repo import open_repo
from ml_assets.dvc.events import Outcome, StageFinished
from ml_assets.dvc.experiments.errors import ExperimentsFailed
from ml_assets.dvc.experiments.events import ExperimentEvent, ExperimentProgress
from ml_assets.dvc.experiments.found import find_experiment
from ml_assets.dvc.experiments.launch import run_experiments
from ml_assets.dvc.experiments.plan import plan_experiments
from ml_assets.dvc.experiments.values import ExperimentRequest
from ml_assets.dvc.project import DvcProject
from ml_assets_tests.dvc.experiments.batches import at, files_at, lines, run_batch, saved, unchanged
from ml_assets_tests.factories import dvc, run, write
from ml_assets_tests.processes import assert_gone


def tree(root: Path, rev: str) -> str:
    return run("git", "rev-parse", f"{rev}^{{tree}}", cwd=root).stdout


def message_and_parents(root: Path, rev: str) -> str:
    return run("git", "log", "-1", "--format=%B%P", rev, cwd=root).stdout


def scratch(project: DvcProject) -> list[Path]:
    return list((project.private_dir / "experiments").iterdir())


def until_failure(
    project: DvcProject, request: ExperimentRequest
) -> tuple[list[ExperimentEvent], ExperimentsFailed]:
    """The events of a batch of which some fail, and its error."""
    found: list[ExperimentEvent] = []
    events = run_experiments(project, plan_experiments(project.root, request))
    try:
        found.extend(iter(events.__next__, None))
    except ExperimentsFailed as error:
        return found, error
    raise AssertionError("no experiment failed")


def test_it_is_the_commit_that_dvc_exp_run_makes_and_dvc_knows_it(
    project: DvcProject, tmp_path: Path
) -> None:
    by_hand = Path(shutil.copytree(project.root, tmp_path / "by-hand", symlinks=True))
    for root in (project.root, by_hand):
        write(root, {"total.py": (root / "total.py").read_text() + "# edited, not committed\n"})
    dvc("exp", "run", "-q", "-S", "offset=5", "-n", "five", cwd=by_hand)
    with unchanged(project.root):
        events = run_batch(project, "offset=5", name="five")
        (rev,) = saved(events).values()
        theirs = find_experiment(by_hand, "five").rev
        assert tree(project.root, rev) == tree(by_hand, theirs)
        assert message_and_parents(project.root, rev) == message_and_parents(by_hand, theirs)
        shown = json.loads(dvc("exp", "show", "--json", cwd=project.root))
    (experiment,) = shown[1]["experiments"]
    assert (experiment["name"], experiment["revs"][0]["rev"]) == ("five", rev)
    assert experiment["revs"][0]["data"]["metrics"]["total.json"]["data"] == {"total": 17}
    assert scratch(project) == []


def test_dvcs_own_commands_take_it(project: DvcProject, tmp_path: Path) -> None:
    (rev,) = saved(run_batch(project, "offset=5", name="five")).values()
    run("git", "clone", "-q", "--bare", project.root, "shared.git", cwd=tmp_path)
    run("git", "remote", "add", "shared", tmp_path / "shared.git", cwd=project.root)
    with open_repo(project.root) as repo:
        metrics = repo.experiments.diff(a_rev="HEAD", b_rev="five")["metrics"]
        assert metrics["total.json"]["total"] == {"old": 13, "new": 17, "diff": 4}
        repo.experiments.push("shared", "five")
        repo.experiments.branch("five", "from-five")
        repo.experiments.apply("five")
    assert rev in run("git", "for-each-ref", "refs/exps", cwd=tmp_path / "shared.git").stdout
    assert run("git", "rev-parse", "from-five", cwd=project.root).stdout.strip() == rev
    assert json.loads((project.root / "total.json").read_text()) == {"total": 17}
    with open_repo(project.root) as repo:
        assert repo.status() == {}


def test_several_run_at_once_and_a_failure_stops_no_other_and_keeps_nothing(project: DvcProject) -> None:
    picky = (project.root / "total.py").read_text() + "assert offset != 6, 'six is refused'\n"
    write(project.root, {"total.py": picky})
    request = ExperimentRequest(overrides=("offset=5,6,7",), name="many", jobs=3)
    events, error = until_failure(project, request)

    kept = {name: at(project.root, rev, "params.yaml") for name, rev in saved(events).items()}
    assert kept == {"many-1": "offset: 5\n", "many-3": "offset: 7\n"}
    kinds = [type(event).__name__ for event in events]
    first_end = min(kinds.index("ExperimentSaved"), kinds.index("ExperimentBroke"))
    assert kinds[:first_end].count("ExperimentStarted") == 3

    assert set(error.reasons) == {"many-2"}
    assert "six is refused" in error.reasons["many-2"]
    assert "many-2" not in run("git", "for-each-ref", cwd=project.root).stdout
    assert scratch(project) == []


def test_what_did_not_change_is_not_run(project: DvcProject) -> None:
    ends = [event.event for event in run_batch(project, "offset=5") if isinstance(event, ExperimentProgress)]
    outcomes = {end.stage: end.outcome for end in ends if isinstance(end, StageFinished)}
    assert outcomes == {"double": Outcome.UNCHANGED, "total": Outcome.RAN}


LOOK = """\
import helper, os
print(helper.__file__, os.environ["DVC_EXP_NAME"], os.environ["DVC_ROOT"])
"""


def test_it_runs_on_what_the_person_sees_and_keeps_what_stages_declare(
    project: DvcProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project.root
    run("git", "rm", "-q", "--cached", "total.py", cwd=root)
    run("git", "commit", "-q", "-m", "total.py is not tracked", cwd=root)
    edited = {"data/raw/1.txt": "10", "src/helper.py": "", "total.py": LOOK + (root / "total.py").read_text()}
    write(root, edited)
    monkeypatch.setenv("PYTHONPATH", f"{root / 'src'}:{Path(__file__).parents[3]}")
    events = run_batch(project, "offset=5", name="five")
    (rev,) = saved(events).values()

    assert "total 35" in lines(events), "data edited since `dvc add` is what it runs on"
    assert "total.py" in files_at(root, rev), "untracked and declared by a stage"
    assert "src/helper.py" not in files_at(root, rev), "untracked and only lent"
    (line,) = [line for line in lines(events) if "helper.py" in line]
    where, name, dvc_root = line.split()
    assert Path(where).is_relative_to(project.private_dir / "experiments"), "code of the clone"
    assert (name, dvc_root) == ("five", str(root))


def test_data_that_is_in_no_cache_is_named_before_a_command_runs(project: DvcProject) -> None:
    shutil.rmtree(project.root / "data/raw")
    shutil.rmtree(project.root / ".dvc/cache")
    events, error = until_failure(project, ExperimentRequest())
    (reason,) = error.reasons.values()
    assert "dvc fetch data/raw" in reason
    assert lines(events) == []


def test_only_targets_are_brought_up_to_date_and_the_rest_of_the_lock_stays_honest(
    project: DvcProject,
) -> None:
    write(project.root, {"data/raw/1.txt": "10"})
    events = run_batch(project, "offset=5", targets=("double",))
    (rev,) = saved(events).values()
    before, after = (at(project.root, each, "dvc.lock").partition("  total:") for each in ("HEAD", rev))
    assert after[0] != before[0]
    assert after[2] == before[2]


def test_dvc_exp_save_would_call_what_did_not_run_up_to_date(project: DvcProject) -> None:
    """The control of the test above: why an experiment is not made by `dvc exp save`."""
    write(project.root, {"params.yaml": "offset: 5\n"})
    with open_repo(project.root) as repo:
        rev = repo.experiments.save(name="saved")
    assert "offset: 5" in at(project.root, rev, "dvc.lock")
    assert json.loads((project.root / "total.json").read_text()) == {"total": 13}


@pytest.mark.slow
def test_a_project_below_the_top_of_git(project: DvcProject, tmp_path: Path) -> None:
    top = tmp_path / "top"
    shutil.copytree(project.root, top / "inner", symlinks=True, ignore=shutil.ignore_patterns(".git"))
    run("git", "init", "-q", cwd=top)
    run("git", "add", "-A", cwd=top)
    run("git", "commit", "-q", "-m", "start", cwd=top)
    with unchanged(top):
        (rev,) = saved(run_batch(DvcProject(top / "inner"), "offset=5")).values()
    assert at(top, rev, "inner/params.yaml") == "offset: 5\n"


SLEEPER = """\
import os, pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(os.getpid(), child.pid, flush=True)
time.sleep(60)
"""


def test_closing_the_iterator_stops_all_commands_and_removes_the_clones(project: DvcProject) -> None:
    write(project.root, {"double.py": SLEEPER})
    batch = plan_experiments(project.root, ExperimentRequest(overrides=("offset=5,6,7",), jobs=2))
    events = run_experiments(project, batch)
    pids: list[int] = []
    while len(pids) < 4:
        pids += [int(word) for line in lines([next(events)]) for word in line.split()]
    started = time.monotonic()
    events.close()
    assert time.monotonic() - started < 3
    assert_gone(pids, within=1)
    assert scratch(project) == []
    assert "refs/exps" not in run("git", "for-each-ref", cwd=project.root).stdout
