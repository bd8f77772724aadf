"""`ml-assets why`, `impact` and `diff` in a project: answers, errors, exit codes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from ml_assets.dvc.project import DvcProject
from ml_assets.dvc.runner import run_stages
from ml_assets.dvc.tracked import TrackedFolder
from ml_assets.ledger.record import IntakeDraft, Landed, Quarantined, RunRecord
from ml_assets.ledger.run_record import draft_run
from ml_assets.ledger.store import Ledger
from ml_assets_tests.cli.test_commands import ORIGIN, ml_assets
from ml_assets_tests.factories import make_two_stages, write


def take_in(root: Path, name: str, text: str, etag: str) -> None:
    raw = TrackedFolder(root, "data/raw")
    write(root, {f"data/raw/{name}": text})
    raw.add([raw.path / name])
    landed = Landed(bucket="b", key=f"in/{name}", etag=etag, size=1, sha256=etag * 32, path=name)
    refused = Quarantined(bucket="b", key="in/torn.txt", etag="t", size=1, reason="not a number")
    dvc_files = {"data/raw.dvc": raw.text() or ""}
    Ledger.open(".ml_assets/ledger", root=root).append(
        lambda _: IntakeDraft(**dict(ORIGIN), landed=(landed,), quarantined=(refused,), dvc_files=dvc_files)
    )


def run_all(root: Path) -> None:
    project = DvcProject(root)
    list(run_stages(project, ["double", "total"]))
    ledger = Ledger.open(".ml_assets/ledger", root=root)
    ledger.append(lambda _: draft_run(project, stages={"double": "ran", "total": "ran"}, newest=None))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Records: 1 4.txt lands, 2 run, 3 4.txt lands again, 4 5.txt lands, 5 run with another offset."""
    root = make_two_stages(tmp_path_factory.mktemp("lineage") / "project")
    write(root, {"pyproject.toml": '[tool.ml_assets.landing]\nbucket = "b"\n'})
    take_in(root, "4.txt", "4", "aa")
    run_all(root)
    take_in(root, "4.txt", "44", "bb")
    take_in(root, "5.txt", "5", "cc")
    write(root, {"params.yaml": "offset: 2\n"})
    run_all(root)
    return root


def asked(root: Path, *arguments: str) -> dict[str, Any]:
    done = ml_assets(*arguments, "--json", cwd=root)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def etags(found: dict[str, Any]) -> list[str]:
    return sorted(each["etag"] for each in found["landed"])


def test_why_goes_from_an_output_to_its_code_params_and_landed_objects(root: Path) -> None:
    told = ml_assets("why", "total.json", cwd=root).stdout
    for part in (
        "stage total  record 5",
        "command  python total.py",
        "params.yaml:offset = 2",
        "code     double.py",
        "s3://b/in/4.txt  etag bb",
        "s3://b/in/5.txt  etag cc",
    ):
        assert part in told
    assert "etag aa" not in told


def test_why_of_a_record_is_what_was_so_then(root: Path) -> None:
    assert etags(asked(root, "why", "total.json@2")) == ["aa"]
    assert etags(asked(root, "why", "total.json@4")) == ["aa"]
    assert etags(asked(root, "why", "total.json@5")) == ["bb", "cc"]


def test_names_count_from_where_one_stands(root: Path) -> None:
    assert (
        asked(root / "data", "why", "double.txt")["runs"].keys()
        == asked(root, "why", "data/double.txt")["runs"].keys()
    )


def test_why_knows_a_version_by_its_md5_its_sha256_and_a_copy_of_it_elsewhere(
    root: Path, tmp_path: Path
) -> None:
    record = Ledger.open(".ml_assets/ledger", root=root).get(2)
    assert isinstance(record, RunRecord)
    (out,) = (each for each in record.outputs if each.path == "total.json")
    assert etags(asked(root, "why", out.md5)) == ["aa"]
    assert out.sha256 is not None
    assert etags(asked(root, "why", out.sha256)) == ["aa"]
    copy = tmp_path / "sent by mail.json"
    shutil.copy(root / "total.json", copy)
    assert etags(asked(root, "why", str(copy))) == ["bb", "cc"]


def test_impact_of_an_object_is_what_was_made_of_it_and_no_more(root: Path) -> None:
    both = asked(root, "impact", "s3://b/in/4.txt")
    assert [(run["stage"], run["since"]) for run in both["runs"]] == [
        ("total", 5),
        ("double", 5),
        ("total", 2),
        ("double", 2),
    ]
    assert both["records"] == [[2, 5]]
    assert both["current"] == ["data/double.txt", "total.json"]
    first = asked(root, "impact", "s3://b/in/4.txt@1")
    assert {run["since"] for run in first["runs"]} == {2}
    assert first["current"] == []
    assert "None of these outputs is current" in ml_assets("impact", "data/raw/4.txt@1", cwd=root).stdout


def test_impact_of_code_and_of_a_commit(root: Path) -> None:
    assert {run["stage"] for run in asked(root, "impact", "double.py")["runs"]} == {"double", "total"}
    assert {run["stage"] for run in asked(root, "impact", "total.py")["runs"]} == {"total"}
    assert len(asked(root, "impact", "HEAD")["runs"]) == 4


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("why", "totl.json"), r"Did you mean: total.json"),
        (("why", "total.json@1"), "records 2"),
        (("impact", "s3://b/in/torn.txt"), "refused it (not a number)"),
        (("impact", "s3://b/in/9.txt"), "looked for an object's address"),
        (("impact", "s3://b/in/5.txt@3"), "records 4 and later"),
        (("diff", "1", "77"), "no record 77"),
    ],
)
def test_what_is_not_there_is_exit_code_1_and_says_what_is_near(
    root: Path, arguments: tuple[str, ...], told: str
) -> None:
    done = ml_assets(*arguments, cwd=root)
    assert (done.returncode, done.stdout) == (1, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_of_several_outputs_is_ambiguous(tmp_path: Path) -> None:
    root = make_two_stages(tmp_path / "project")
    moved = (root / "dvc.yaml").read_text().replace("metrics: [total.json]", "metrics: [data/total.json]")
    script = (root / "total.py").read_text().replace("total.json", "data/total.json")
    write(root, {"dvc.yaml": moved, "total.py": script})
    run_all(root)
    done = ml_assets("why", "data", cwd=root)
    assert done.returncode == 1
    assert "data/double.txt\n  data/total.json" in done.stderr


def test_diff_tells_each_aspect_that_differs(root: Path) -> None:
    told = ml_assets("diff", "2", "5", cwd=root).stdout
    for part in (
        "1 objects came",
        "1 objects changed",
        "params.yaml:offset: 1 -> 2",
        "total.json:total: ",
        "data/double.txt: ",
        "No difference in environment.",
    ):
        assert part in told, told
    found = asked(root, "diff", "2", "latest")
    assert [(each["name"], each["delta"]) for each in found["params"]] == [("params.yaml:offset", 1)]
    assert found["metrics"][0]["delta"] == found["metrics"][0]["after"] - found["metrics"][0]["before"]
    assert [each["path"] for each in found["data"]["came"]] == ["5.txt"]
    assert [each["etag"] for each in found["data"]["changed"]] == ["bb"]


def test_diff_backwards_is_what_went(root: Path) -> None:
    assert [each["path"] for each in asked(root, "diff", "5", "1")["data"]["went"]] == ["5.txt"]


def test_nothing_is_different_between_a_record_and_itself(root: Path) -> None:
    assert "No difference in data, params" in ml_assets("diff", "5", "5", cwd=root).stdout
