"""A second, empty machine gets everything from the remote and runs nothing; plain DVC runs again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.counting_proxy import CountingProxy, counting_proxy
from ml_assets.demo.s3 import EmbeddedS3
from ml_assets.dvc._internals.cache import SharedCloud
from ml_assets.dvc.events import Outcome, StageFinished, StageLine
from ml_assets.dvc.fetching import Fetching
from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.run_cache import pull_missing_sources, push_results
from ml_assets.dvc.runner import run_stages
from ml_assets_tests.factories import dvc, make_project, run, write

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

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


def test_one_client_asks_for_all_stages(
    pipeline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DVC alone makes one for each thing that it asks: that took longer than the answers."""
    clients: list[Any] = []

    def noted(cloud: SharedCloud, *args: Any, **options: Any) -> Any:
        remote = get_remote(cloud, *args, **options)
        clients.append(remote.fs)
        return remote

    push_results(DvcProject(pipeline), STAGES, remote=None)
    clone = second_machine(pipeline, tmp_path / "second")
    get_remote = SharedCloud.get_remote
    monkeypatch.setattr(SharedCloud, "get_remote", noted)
    assert set(restored(clone).values()) == {Outcome.RESTORED}
    assert len(clients) > len(STAGES)
    assert all(client is clients[0] for client in clients)


@pytest.mark.slow
def test_plain_dvc_runs_stages_again_on_an_empty_clone(pipeline: Path, tmp_path: Path) -> None:
    """The control: `dvc push --run-cache` leaves the metric behind, and `dvc repro --pull` needs it."""
    dvc("push", "-q", "--run-cache", cwd=pipeline)
    clone = second_machine(pipeline, tmp_path / "second")
    (clone / "dvc.lock").unlink()
    assert "Running stage 'total'" in dvc("repro", "--pull", cwd=clone)


def test_going_back_on_another_machine_fetches_the_older_result(pipeline: Path, tmp_path: Path) -> None:
    push_results(DvcProject(pipeline), STAGES, remote=None)
    write(pipeline, {"params.yaml": "title: b\n"})
    assert outcomes(pipeline)["report"] is Outcome.RAN
    run("git", "commit", "-qam", "title b", cwd=pipeline)
    push_results(DvcProject(pipeline), STAGES, remote=None)
    clone = second_machine(pipeline, tmp_path / "second")
    write(clone, {"params.yaml": "title: a\n"})
    assert set(restored(clone).values()) == {Outcome.RESTORED}


def test_an_output_that_is_not_to_be_pushed_is_made_again(
    pipeline: Path, tmp_path: Path, bucket: str, s3: S3Client
) -> None:
    text = (
        (pipeline / "dvc.yaml")
        .read_text()
        .replace("outs: [report.txt]", "outs: [{report.txt: {push: false}}]")
    )
    write(pipeline, {"dvc.yaml": text})
    assert set(outcomes(pipeline).values()) == {Outcome.UNCHANGED}
    push_results(DvcProject(pipeline), STAGES, remote=None)
    assert md5_of(pipeline / "report.txt") not in keys(s3, bucket)
    run("git", "commit", "-qam", "not pushed", cwd=pipeline)
    found = restored(second_machine(pipeline, tmp_path / "second"))
    assert found == {"parts": Outcome.RESTORED, "total": Outcome.RESTORED, "report": Outcome.RAN}


def md5_of(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def keys(s3: S3Client, bucket: str) -> str:
    found = s3.list_objects_v2(Bucket=bucket).get("Contents", ())
    return " ".join(each["Key"].replace("/", "") for each in found)


def test_a_remote_that_does_not_answer_is_told_once_and_stages_run(
    pipeline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    clone = second_machine(pipeline, tmp_path / "second")
    write(clone, {"data.txt": "x\ny\n"})
    events = list(run_stages(DvcProject(clone), STAGES, fetching=Fetching(None)))
    told = [event.text for event in events if isinstance(event, StageLine) and "the remote" in event.text]
    assert len(told) == 1
    ran = [
        event.stage for event in events if isinstance(event, StageFinished) and event.outcome is Outcome.RAN
    ]
    assert ran == list(STAGES)


def test_new_data_is_never_given_the_result_of_the_old(pipeline: Path) -> None:
    push_results(DvcProject(pipeline), STAGES, remote=None)
    write(pipeline, {"data.txt": "x\ny\nz\n"})
    assert outcomes(pipeline, fetching=Fetching(None)) == dict.fromkeys(STAGES, Outcome.RAN)
    assert "1z" in (pipeline / "report.txt").read_text()
