"""The deep look: every object of the cache against its name."""

from __future__ import annotations

from pathlib import Path

from ml_assets.doctor.finding import Severity
from ml_assets_tests.doctor.conftest import Look
from ml_assets_tests.dvc.damage import corrupt, object_path, output_md5
from ml_assets_tests.factories import run

OLD = "98f13708210194c475687be6106a3b84"  # of no file that dvc.lock names


def test_a_corrupt_object_is_named_with_its_output_and_the_command_mends_it(look: Look, root: Path) -> None:
    assert look("cache-objects") == []
    path = corrupt(object_path(root, output_md5(root, "double")))
    (found,) = look("cache-objects")
    assert (found.severity, found.where) == (Severity.ERROR, str(path))
    assert "'data/double.txt' of stage 'double'" in found.what
    run("sh", "-c", found.remedy.strip("`"), cwd=root)
    assert look("cache-objects") == []
    assert path.read_text() == "2\n4\n6\n"


def test_a_corrupt_object_of_an_older_run_goes(look: Look, root: Path) -> None:
    path = root / ".dvc" / "cache" / "files" / "md5" / OLD[:2] / OLD[2:]
    path.parent.mkdir(exist_ok=True)
    path.write_text("rotten")
    (found,) = look("cache-objects")
    assert "of no output that dvc.lock names" in found.what
    run("sh", "-c", found.remedy.strip("`"), cwd=root)
    assert not path.exists()
