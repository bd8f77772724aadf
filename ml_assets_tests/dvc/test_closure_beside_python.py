"""Random projects: what Python loads when they run is in the closure that was found by reading."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ml_assets_tests.dvc.code_projects import reached

NAMES = ("a", "b", "pkg", "pkg.c", "pkg.d", "pkg.sub", "pkg.sub.e", "src_only", "json")
LINES = st.sampled_from(
    [
        *(f"import {name}" for name in NAMES),
        *(
            f"from {name.rpartition('.')[0]} import {name.rpartition('.')[2]}"
            for name in NAMES
            if "." in name
        ),
        "from pkg import *",
        "from importlib import import_module as load; load('pkg.d')",
        "import importlib; importlib.import_module('pkg.sub.e')",
    ]
)
RELATIVE = st.sampled_from(
    ["from . import c", "from .sub import e", "from . import sub, d", "from .d import __doc__"]
)
TELL = """
import atexit, runpy, sys
files = lambda: [getattr(each, "__file__", None) for each in list(sys.modules.values())]
atexit.register(lambda: print(*files(), sep="\\n"))
sys.path[0] = "."
runpy.run_path("x.py", run_name="__main__")
"""
BODIES = st.lists(LINES, max_size=3)


@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_python_loads_nothing_of_the_project_that_is_not_in_the_closure(data: st.DataObject) -> None:
    modules = {"x.py": BODIES, "a.py": BODIES, "b.py": BODIES, "src/src_only.py": BODIES}
    inside = ("pkg/__init__.py", "pkg/c.py", "pkg/d.py")
    modules |= {name: st.lists(LINES | RELATIVE, max_size=3) for name in inside}
    modules |= {"pkg/sub/__init__.py": BODIES, "pkg/sub/e.py": BODIES}
    files = {name: "\n".join(data.draw(body, label=name)) + "\n" for name, body in modules.items()}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        found = reached(root, files, "PYTHONPATH=src python x.py")
        assert loaded_by_python(root) <= found


def loaded_by_python(root: Path) -> set[str]:
    """The project's files behind `sys.modules` when `python x.py` ends, wherever it ends."""
    env = {"PYTHONPATH": "src"}
    command = [sys.executable, "-B", "-c", TELL]
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0 or "circular import" in done.stderr, done.stderr
    loaded = {(root / line).resolve() for line in done.stdout.splitlines() if line not in ("", "None")}
    return {str(file.relative_to(root)) for file in loaded if file.is_relative_to(root)}
