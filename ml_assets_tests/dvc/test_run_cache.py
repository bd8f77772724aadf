"""A second, empty machine gets everything from the remote and runs nothing; plain DVC runs again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.counting_proxy import CountingProxy, counting_proxy
from ml_assets.demo.s3 import EmbeddedS3
from ml_assets.dvc.events import Outcome, StageFinished
from ml_assets.dvc.fetching import Fetching
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.run_cache import pull_missing_sources, push_results
from ml_assets.dvc.runner import run_stages
from ml_assets_tests.factories import dvc, make_project, run, write

STAGES = ("parts", "total", "report")
PIPELINE = """\
stages:
  parts:
    cmd: mkdir -p parts && for n in 1 2 3; do sed s/^/$n/ data.txt > parts/$n.txt; done
    deps: [data.txt]
    outs: [parts]
  total:
    cmd: cat parts/*.txt > total.txt && wc -c < total.txt > count.yaml
    deps: [parts]
    outs: [total.txt]
    metrics: [{count.yaml: {cache: false}}]
  report:
    cmd: cat total.txt count.yaml > report.txt
    deps: [total.txt, count.yaml]
    params: [title]
    outs: [report.txt]
"""
# Beside those for its objects, a stage may ask for its key and for the entry that it finds.
REQUESTS_PER_STAGE = 4


@pytest.fixture
def proxy(embedded_s3: EmbeddedS3, bucket: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[CountingProxy]:
    with counting_proxy(embedded_s3.endpoint) as counted:
        monkeypatch.setenv("AWS_ENDPOINT_URL", counted.endpoint)
        yield counted


@pytest.fixture
def pipeline(tmp_path: Path, bucket: str, proxy: CountingProxy) -> Path:
    """A project with its remote in S3 whose stages have run; data.txt is tracked; nothing is pushed."""
    root = make_project(tmp_path / "first", {"dvc.yaml": PIPELINE, "params.yaml": "title: a\n"})
    write(root, {"data.txt": "x\ny\n"})
    dvc("remote", "modify", "store", "url", f"s3://{bucket}/dvc", cwd=root)
    dvc("add", "-q", "data.txt", cwd=root)
    assert set(outcomes(root).values()) == {Outcome.RAN}
    run("git", "add", "-A", cwd=root)
    run("git", "commit", "-qm", "ran", cwd=root)
    return root


def outcomes(root: Path, *, fetching: Fetching | None = None) -> dict[str, Outcome]:
    events = run_stages(DvcProject(root), STAGES, fetching=fetching)
    return {event.stage: event.outcome for event in events if isinstance(event, StageFinished)}


def restored(root: Path) -> dict[str, Outcome]:
    project = DvcProject(root)
    pull_missing_sources(root, project.manifest(), STAGES, remote=None)
    return outcomes(root, fetching=Fetching(None))


def second_machine(first: Path, root: Path) -> Path:
    """A clone, which has nothing of the first one's cache."""
    run("git", "clone", "-q", first, root, cwd=root.parent)
    return root


def objects(proxy: CountingProxy) -> int:
    """What a machine downloads for the pipeline: data, parts and their listing, total, count, report."""
    return 8


@pytest.mark.parametrize("lock", ["with", "without"])
def test_an_empty_clone_restores_every_stage(
    pipeline: Path, tmp_path: Path, proxy: CountingProxy, lock: str
) -> None:
    push_results(DvcProject(pipeline), STAGES, remote=None)
    clone = second_machine(pipeline, tmp_path / "second")
    if lock == "without":
        (clone / "dvc.lock").unlink()
    proxy.clear()
    found = restored(clone)
    assert set(found.values()) == {Outcome.RESTORED}
    assert (clone / "dvc.lock").read_bytes() == (pipeline / "dvc.lock").read_bytes()
    assert (clone / "count.yaml").read_text() == (pipeline / "count.yaml").read_text()
    assert "up to date" in dvc("status", cwd=clone)
    assert proxy.total <= REQUESTS_PER_STAGE * len(STAGES) + 3 * objects(proxy)
