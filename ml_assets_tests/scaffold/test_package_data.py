"""What is installed holds the files that are no Python."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from ml_assets.scaffold.template import render_tree
from ml_assets_tests.factories import environment, run

ROOT = Path(__file__).parents[2]


def files_of(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def test_a_built_package_holds_each_template(tmp_path: Path) -> None:
    source, built = tmp_path / "source", tmp_path / "built"
    source.mkdir()
    for name in ("pyproject.toml", "setup.py", "README.md"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "ml_assets", source / "ml_assets", ignore=shutil.ignore_patterns("__pycache__"))
    # What goes into a wheel, without the network that an isolated build asks.
    run(sys.executable, "setup.py", "-q", "build_py", "--build-lib", str(built), cwd=source)
    shutil.rmtree(source)
    assert (
        files_of(built / "ml_assets" / "scaffold") == files_of(ROOT / "ml_assets" / "scaffold") - _compiled()
    )
    assert (built / "ml_assets" / "demo" / "dagster.yaml").exists()
    # -P: the source must not be found beside the working directory.
    done = run(sys.executable, "-P", "-c", _RENDER, cwd=tmp_path, env=environment(PYTHONPATH=str(built)))
    where, *names = done.stdout.splitlines()
    assert where.startswith(str(built) + os.sep)
    assert set(names) == set(render_tree("new", name="x"))
    assert {".gitignore", ".github/workflows/ci.yml", "stages/model.py"} <= set(names)


_RENDER = """
import ml_assets
from ml_assets.scaffold.template import render_tree
print(ml_assets.__file__, *render_tree("new", name="x"), sep="\\n")
"""


def _compiled() -> set[str]:
    return {name for name in files_of(ROOT / "ml_assets" / "scaffold") if "__pycache__" in name}
