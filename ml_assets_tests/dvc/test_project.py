from __future__ import annotations

from ml_assets.dvc.project import DvcProject
from ml_assets_tests.factories import write


def test_a_pinned_project_keeps_the_manifest_that_it_had(project: DvcProject) -> None:
    pinned = project.pinned()
    write(project.root, {"dvc.yaml": "stages:\n  other:\n    cmd: echo\n"})
    assert [stage.name for stage in pinned.manifest().stages] == ["double", "total"]
    assert [stage.name for stage in project.manifest().stages] == ["other"]


def test_a_pinned_project_is_the_same_project(project: DvcProject) -> None:
    assert project.pinned() == project
    assert hash(project.pinned()) == hash(project)
