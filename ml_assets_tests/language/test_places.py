"""Where a DVC repository may be, and where its data: below Git's root, without Git, behind a link, on S3."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ml_assets.dvc.project import DvcProject
from ml_assets_tests.factories import run, write
from ml_assets_tests.language.comparison import Comparison
from ml_assets_tests.language.plain_dvc import PlainDvc

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PIPELINE = {
    "dvc.yaml": """\
stages:
  first:
    cmd: cat in.txt > first.txt
    deps: [in.txt]
    params: [k]
    outs: [first.txt]
""",
    "sub/dvc.yaml": """\
stages:
  second:
    cmd: cat ../first.txt > second.txt
    deps: [../first.txt]
    outs: [second.txt: {cache: false}]
""",
    "in.txt": "in\n",
    "params.yaml": "k: 1\n",
}


def below_gits_root(root: Path, plain: PlainDvc) -> Path:
    """`dvc init --subdir`, as in a repository of several projects."""
    project = root / "projects" / "one"
    write(project, PIPELINE)
    run("git", "init", "-q", "-b", "main", cwd=root)
    plain("init", "-q", "--subdir", cwd=project)
    run("git", "add", "-A", cwd=root)
    run("git", "commit", "-q", "-m", "start", cwd=root)
    return project


def without_git(root: Path, plain: PlainDvc) -> Path:
    """`dvc init --no-scm`."""
    write(root, PIPELINE)
    plain("init", "-q", "--no-scm", cwd=root)
    return root


def behind_a_link(root: Path, plain: PlainDvc) -> Path:
    """The path to it goes through a symbolic link."""
    real = root / "real"
    write(real, PIPELINE)
    run("git", "init", "-q", "-b", "main", cwd=real)
    plain("init", "-q", cwd=real)
    run("git", "add", "-A", cwd=real)
    run("git", "commit", "-q", "-m", "start", cwd=real)
    (root / "link").symlink_to("real", target_is_directory=True)
    return root / "link"


@pytest.mark.parametrize("place", [below_gits_root, without_git, behind_a_link])
def test_wherever_it_is_it_leaves_what_dvc_repro_leaves(
    place: Callable[[Path, PlainDvc], Path], tmp_path: Path, plain: PlainDvc
) -> None:
    (tmp_path / "by-hand").mkdir()
    by_hand = place(tmp_path / "by-hand", plain)
    shutil.copytree(tmp_path / "by-hand", tmp_path / "ours", symlinks=True)
    ours = DvcProject(tmp_path / "ours" / by_hand.relative_to(tmp_path / "by-hand"))
    comparison = Comparison(plain, by_hand, ours)
    first = comparison.materialize_both()
    first.assert_equal()
    assert [key.to_user_string() for key in first.versions] == ["first", "sub/second"]
    assert comparison.run_again() == set()
    comparison.write({"params.yaml": "k: 2\n"})
    comparison.repro_both().assert_equal()
    assert "k: 2" in (ours.root / "dvc.lock").read_text()


def test_data_on_s3_is_a_dependency_and_can_be_imported(
    tmp_path: Path, plain: PlainDvc, bucket: str, s3: S3Client
) -> None:
    for name in ("direct.csv", "imported.csv", "folder/1.csv"):
        s3.put_object(Bucket=bucket, Key=f"data/{name}", Body=name.encode())
    pipeline = f"""\
stages:
  direct:
    cmd: echo read > direct.txt
    deps: ["s3://{bucket}/data/direct.csv", "remote://store/data/folder"]
    outs: [direct.txt]
  imported:
    cmd: cat imported.csv > copied.txt
    deps: [imported.csv]
    outs: [copied.txt]
"""
    root = tmp_path / "by-hand"
    write(root, {"dvc.yaml": pipeline})
    run("git", "init", "-q", "-b", "main", cwd=root)
    plain("init", "-q", cwd=root)
    plain("remote", "add", "-q", "store", f"s3://{bucket}", cwd=root)
    plain("import-url", "-q", f"s3://{bucket}/data/imported.csv", cwd=root)
    run("git", "add", "-A", cwd=root)
    run("git", "commit", "-q", "-m", "start", cwd=root)
    ours = DvcProject(Path(shutil.copytree(root, tmp_path / "ours")))
    comparison = Comparison(plain, root, ours)
    first = comparison.materialize_both()
    first.assert_equal()
    assert all(first.versions.values())
    assert comparison.run_again() == set()
    s3.put_object(Bucket=bucket, Key="data/direct.csv", Body=b"changed")
    assert comparison.run_again() == {"direct"}
    plain("repro", "-q", "--all-pipelines", cwd=root)
    assert (ours.root / "dvc.lock").read_bytes() == (root / "dvc.lock").read_bytes()
