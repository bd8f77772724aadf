"""Which edits make a cached manifest useless: those of files that DVC reads it from, and no others."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ml_assets.dvc import manifest
from ml_assets.dvc.pipeline_files import pipeline_digests
from ml_assets.dvc.project import DvcProject
from ml_assets_tests.factories import make_project, write

FILES = {
    "dvc.yaml": """\
vars: [names.yaml]
stages:
  each:
    foreach: ${folders}
    do:
      wdir: ${item}
      vars: [local.yaml]
      cmd: mkdir -p made && echo ${word} ${common} > made/x.txt
      outs: [made]
""",
    "names.yaml": "folders: [one, two]\ncommon: 1\n",
    "one/local.yaml": "word: a\n",
    "two/local.yaml": "word: b\n",
    "sub/dvc.yaml": "stages: {fixed: {cmd: echo}}\n",
    "unread.yaml": "a: 1\n",
    "venv/pyvenv.cfg": "",
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_project(tmp_path_factory.mktemp("files") / "project", FILES)
    DvcProject(root).manifest()
    return root


@pytest.fixture
def project(template: Path, tmp_path: Path) -> DvcProject:
    return DvcProject(Path(shutil.copytree(template, tmp_path / "project", symlinks=True)))


def is_asked_again(project: DvcProject, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether DVC is asked for the manifest, in a process of its own."""
    asked: list[Path] = []

    def resolve(root: Path) -> dict[str, object]:
        asked.append(root)
        return {"manifest": {"stages": [], "sources": [], "plots": []}, "variables": {}}

    monkeypatch.setattr(manifest, "_resolve", resolve)
    project.manifest()
    return bool(asked)


@pytest.mark.parametrize(
    "edit",
    [
        {"dvc.yaml": FILES["dvc.yaml"].replace("echo", "printf")},
        {"names.yaml": "folders: [one]\ncommon: 1\n"},
        {"two/local.yaml": "word: c\n"},
        {"params.yaml": "folders: [three]\n"},
        {"sub/params.yaml": "k: 1\n"},
        {"sub/dvc.yaml": "stages: {other: {cmd: echo}}\n"},
        {"new/dvc.yaml": "stages: {other: {cmd: echo}}\n"},
        {".hidden/dvc.yaml": "stages: {other: {cmd: echo}}\n"},
        {"data.csv.dvc": "outs:\n- path: data.csv\n"},
        {".dvcignore": "sub\n"},
        {".dvc/config.local": "[parsing]\n    bool = boolean_optional\n"},
    ],
    ids=lambda edit: next(iter(edit)),
)
def test_an_edit_of_what_dvc_reads_asks_dvc_again(
    edit: dict[str, str], project: DvcProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project.root, edit)
    assert is_asked_again(project, monkeypatch)


@pytest.mark.parametrize(
    "edit",
    [
        {"unread.yaml": "a: 2\n"},
        {"one/made/x.txt": "made\n"},
        {"one/made/dvc.yaml": "in an output, where DVC does not look\n"},
        {".venv/lib/dvc.yaml": "of somebody else\n"},
        {"README.md": "text\n"},
    ],
    ids=lambda edit: next(iter(edit)),
)
def test_an_edit_of_anything_else_does_not(
    edit: dict[str, str], project: DvcProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project.root, edit)
    assert not is_asked_again(project, monkeypatch)


def test_what_changes_with_the_data_alone_does_not_count(tmp_path: Path) -> None:
    text = "outs:\n- md5: {}\n  size: 1\n  hash: md5\n  path: data.csv\n"
    write(tmp_path, {"data.csv.dvc": text.format("a" * 32)})
    before = pipeline_digests(tmp_path)
    write(tmp_path, {"data.csv.dvc": text.format("b" * 32)})
    assert pipeline_digests(tmp_path) == before
    write(tmp_path, {"data.csv.dvc": text.format("b" * 32) + "  desc: new\n"})
    assert pipeline_digests(tmp_path) != before
