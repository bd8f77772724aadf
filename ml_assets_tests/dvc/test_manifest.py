"""The manifest says what DVC says, and costs nothing the second time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ml_assets.dvc.errors import ManifestFailed, NotADvcProject, UnknownStage
from ml_assets.dvc.manifest import overlaps
from ml_assets.dvc.project import DvcProject
from ml_assets_tests.factories import dvc, run, write

TEMPLATED = """\
vars:
  - names.yaml
stages:
  train:
    foreach: ${models}
    do:
      cmd: echo ${item} > ${item}.txt
      outs: [{"${item}.txt": {cache: false}}]
"""


def test_stages_come_in_the_order_of_dvc_repro(project: DvcProject) -> None:
    assert [stage.name for stage in project.manifest().stages] == ["double", "total"]


def test_a_stage_knows_what_it_reads_writes_and_declares(project: DvcProject) -> None:
    total = project.manifest().stage("total")
    assert total.deps == ("data/double.txt", "total.py")
    assert total.params == {"params.yaml": ("offset",)}
    assert [(out.path, out.metric, out.cache) for out in total.outs] == [("total.json", True, True)]
    assert project.manifest().stage("double").desc == "Twice each number."
    assert project.manifest().upstream(total) == ("double",)


def test_tracked_data_is_a_source(project: DvcProject) -> None:
    assert [(source.path, source.file) for source in project.manifest().sources] == [
        ("data/raw", "data/raw.dvc")
    ]


def test_templates_are_resolved_by_dvc_and_again_when_their_variables_change(tmp_path: Path) -> None:
    run("git", "init", "-q", cwd=tmp_path)
    dvc("init", "-q", cwd=tmp_path)
    write(tmp_path, {"dvc.yaml": TEMPLATED, "names.yaml": "models: [a, b]\n"})
    project = DvcProject(tmp_path)
    assert [stage.name for stage in project.manifest().stages] == ["train@a", "train@b"]
    write(tmp_path, {"names.yaml": "models: [c]\n"})
    assert [stage.name for stage in project.manifest().stages] == ["train@c"]


def test_a_cached_manifest_is_read_without_importing_dvc(project: DvcProject) -> None:
    project.manifest()
    code = (
        "import sys; from pathlib import Path; from ml_assets.dvc.project import DvcProject; "
        f"DvcProject(Path({str(project.root)!r})).manifest(); "
        "sys.exit(any(name == 'dvc' or name.startswith('dvc.') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_landing_does_not_make_the_manifest_anew(project: DvcProject) -> None:
    project.manifest()
    (kept,) = project.private_dir.glob("manifest-*.json")
    before = kept.stat().st_mtime_ns
    write(project.root, {"data/raw/4.txt": "4"})
    dvc("add", "-q", "data/raw/4.txt", cwd=project.root)
    project.manifest()
    assert kept.stat().st_mtime_ns == before


def test_a_broken_pipeline_is_told_in_dvcs_words(project: DvcProject) -> None:
    write(project.root, {"dvc.yaml": "stages:\n  one:\n    cmdd: echo\n"})
    with pytest.raises(ManifestFailed, match=r"dvc\.yaml"):
        project.manifest()


def test_an_unknown_stage_is_told_with_the_known_ones(project: DvcProject) -> None:
    with pytest.raises(UnknownStage, match=r"'trian'.*double, total"):
        project.manifest().stage("trian")


def test_outside_a_project_the_error_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(NotADvcProject, match="dvc init"):
        DvcProject.find(tmp_path)


def test_a_project_is_found_from_a_folder_below(project: DvcProject) -> None:
    assert DvcProject.find(project.root / "data" / "raw") == project


@pytest.mark.parametrize(("one", "other"), [("data", "data"), ("data/raw", "data"), ("data", "data/raw")])
def test_paths_overlap_when_one_holds_the_other(one: str, other: str) -> None:
    assert overlaps(one, other)


def test_names_that_begin_alike_do_not_overlap() -> None:
    assert not overlaps("data", "database")
