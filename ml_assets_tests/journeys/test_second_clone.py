"""Somebody else's clone gets what the demo made from the S3 remote, to the byte, and has nothing to run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ml_assets.demo.feed import FIRST_DAY, Feed
from ml_assets.demo.s3 import EmbeddedS3
from ml_assets_tests.factories import BIN, environment, run
from ml_assets_tests.journeys.conftest import FinishedDemo
from ml_assets_tests.journeys.test_demo_once import DAYS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

RESULTS = ("models/model.joblib", "models/card.json", "evaluation/metrics.json", "evaluation/plots/roc.csv")

Dvc = Callable[..., str]


@pytest.fixture
def dvc(demo_once: FinishedDemo) -> Iterator[Dvc]:
    """The `dvc` command, in an environment that points at the demo's bucket, served again."""
    with EmbeddedS3(data=demo_once.checkout.s3_data, port=0) as server:
        env = environment(**server.env())

        def command(*arguments: str, cwd: Path) -> str:
            return run(BIN / "dvc", *arguments, cwd=cwd, env=env).stdout

        yield command


def _published(demo: FinishedDemo) -> Path:
    """The demo's clone with its lock and its raw data's .dvc file committed, as after any `dvc repro`."""
    project = demo.checkout.project
    run("git", "add", "dvc.lock", "data/raw.dvc", cwd=project)
    run("git", "commit", "-q", "--allow-empty", "-m", "what the landings came to", cwd=project)
    return project


def _clone(project: Path, root: Path) -> Path:
    run("git", "clone", "-q", project, root, cwd=root.parent)
    return root


def test_a_fresh_clone_pulls_the_same_bytes_and_repro_runs_nothing(
    demo_once: FinishedDemo, dvc: Dvc, tmp_path: Path
) -> None:
    project = _published(demo_once)
    elsewhere = _clone(project, tmp_path / "elsewhere")
    assert not (elsewhere / RESULTS[0]).exists()

    dvc("pull", "-r", "s3remote", cwd=elsewhere)

    for name in RESULTS:
        assert (elsewhere / name).read_bytes() == (project / name).read_bytes()
    printed = dvc("repro", cwd=elsewhere)
    assert "Running stage" not in printed
    assert printed.count("didn't change, skipping") == 5
    assert run("git", "status", "--porcelain", cwd=elsewhere).stdout == ""


def test_work_by_hand_goes_back_through_the_same_remote(
    demo_once: FinishedDemo, dvc: Dvc, tmp_path: Path
) -> None:
    mine = _clone(_published(demo_once), tmp_path / "mine")
    dvc("pull", "-q", "-r", "s3remote", cwd=mine)
    feed = Feed()
    for name, body in feed.csv_of(feed.days(first=FIRST_DAY, count=DAYS + 1)[-1]).items():
        (mine / "data" / "raw" / name).write_bytes(body)

    dvc("add", "-q", "data/raw", cwd=mine)
    assert dvc("repro", cwd=mine).count("Running stage") == 4
    assert "pushed" in dvc("push", "-r", "s3remote", cwd=mine)
    run("git", "commit", "-qam", "one more day, by hand", cwd=mine)

    theirs = _clone(mine, tmp_path / "theirs")
    dvc("pull", "-q", "-r", "s3remote", cwd=theirs)
    for name in RESULTS:
        assert (theirs / name).read_bytes() == (mine / name).read_bytes()
    assert (theirs / RESULTS[0]).read_bytes() != (demo_once.checkout.project / RESULTS[0]).read_bytes()
