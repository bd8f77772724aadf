"""The Python that a command starts, in all the ways in which people write commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_assets_tests.dvc.code_projects import reached, whole_closure
from ml_assets_tests.factories import write

FILES = {
    "x.py": "import helper\n",
    "helper.py": "",
    "sub/y.py": "import beside\n",
    "sub/beside.py": "",
    "pkg/__init__.py": "",
    "pkg/mod.py": "",
    "pkg/__main__.py": "",
    "lib/from_lib.py": "",
    "needs_lib.py": "import from_lib\n",
    "run.sh": "set -e\ncd sub\npython y.py\n",
    "tool": "#!/usr/bin/env python3\nimport helper\n",
    "steps": "#!/bin/bash\npython x.py\n",
}
X = {"x.py", "helper.py"}
Y = {"sub/y.py", "sub/beside.py"}
MOD = {"pkg/__init__.py", "pkg/mod.py"}
LIB = {"needs_lib.py", "lib/from_lib.py"}


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("python x.py a b --c", X),
        ("python3 x.py", X),
        ("python3.11 x.py", X),
        ("/usr/bin/python x.py", X),
        (".venv/bin/python x.py", X),
        ("pypy3 x.py", X),
        ("python -u x.py", X),
        ("python -W ignore -X dev x.py", X),
        ("python -Wignore -Xdev -OO -B x.py", X),
        ("python --check-hash-based-pycs always x.py", X),
        ("python -m pkg.mod a", MOD),
        ("python -um pkg.mod", MOD),
        ("python -mpkg.mod", MOD),
        ("python -m pkg", {"pkg/__init__.py", "pkg/__main__.py"}),
        ("python sub/y.py", Y),
        ("python ./sub/../x.py", X),
        ("python -c 'import helper'", {"helper.py"}),
        ("python < x.py", X),
        ("python - a < x.py", X),
        ("python sub", set()),
        ("python pkg", {"pkg/__main__.py"}),
        ("A=1 B=2 python x.py", X),
        ("env A=1 python x.py", X),
        ("env -u A python x.py", X),
        ("nice -n 5 python x.py", X),
        ("time python x.py", X),
        ("timeout 60 python x.py", X),
        ("uv run python x.py", X),
        ("uv run x.py", X),
        ("uv run --with pandas -m pkg.mod", MOD),
        ("poetry run python -m pkg.mod", MOD),
        ("pipenv run python x.py", X),
        ("conda run -n base python x.py", X),
        ("nice -n 5 uv run python x.py", X),
        ("accelerate launch --num_processes 2 x.py --lr 1", X),
        ("torchrun --nproc_per_node 2 x.py", X),
        ("torchrun -m pkg.mod", MOD),
        ("python -m torch.distributed.run --nproc_per_node=2 x.py", X),
        ("coverage run x.py", X),
        ("python -m cProfile -o out.prof x.py", X),
        ("mpirun -n 4 python x.py", X),
        ("docker run --rm image python x.py", X),
        ("./tool a", {"tool", "helper.py"}),
        ("python tool", {"tool", "helper.py"}),
        ("./steps", {"steps", *X}),
        ("bash run.sh", {"run.sh", *Y}),
        ("bash -euo pipefail run.sh", {"run.sh", *Y}),
        (". ./run.sh", {"run.sh", *Y}),
        ("bash -c 'python x.py'", X),
        ("cd sub && python y.py", Y),
        ("(cd sub; python y.py) && python x.py", X | Y),
        ("python x.py && python sub/y.py", X | Y),
        ("python x.py; python sub/y.py", X | Y),
        ("python x.py | python sub/y.py > out.txt 2>&1", X | Y),
        ("python x.py || true", X),
        ("python x.py\npython sub/y.py", X | Y),
        ("for i in 1 2; do python x.py $i; done", X),
        ("if test -f a; then python x.py; else python sub/y.py; fi", X | Y),
        ("echo $(python x.py) > out.txt", X),
        ("cat a | xargs python x.py", X),
        ("PYTHONPATH=lib python needs_lib.py", LIB),
        ("PYTHONPATH=other:lib:$PYTHONPATH python needs_lib.py", LIB),
        ("PYTHONPATH=$PWD/lib python needs_lib.py", LIB),
        ("PYTHONPATH=$(pwd)/lib python needs_lib.py", LIB),
        ("PYTHONPATH=$DVC_ROOT/lib python needs_lib.py", LIB),
        ("export PYTHONPATH=lib; python needs_lib.py", LIB),
        ("env PYTHONPATH=lib python needs_lib.py", LIB),
        ("PYTHONPATH=lib python -I needs_lib.py", {"needs_lib.py"}),
        ("PYTHONPATH=lib python -E needs_lib.py", {"needs_lib.py"}),
        ("python needs_lib.py", {"needs_lib.py"}),
        ("python -P sub/y.py", {"sub/y.py"}),
        ("echo python x.py", set()),
        ("cat x.py sub/y.py > all.txt", set()),
        ("ruff check x.py", set()),
        ("pip install python", set()),
        ("make all", set()),
    ],
)
def test_a_command_starts(command: str, expected: set[str], tmp_path: Path) -> None:
    assert reached(tmp_path, FILES, command) == expected


def test_each_entry_of_a_list_has_a_shell_of_its_own(tmp_path: Path) -> None:
    assert reached(tmp_path, FILES, "cd sub", "python x.py", "cd sub && python y.py") == X | Y


def test_a_command_starts_in_the_working_directory(tmp_path: Path) -> None:
    assert reached(tmp_path, FILES, "python y.py && python ../x.py", wdir="sub") == X | Y
    # Of the example above the other way round: `x.py` is not there.
    assert reached(tmp_path, FILES, "python x.py", wdir="sub") == set()


def test_a_shell_script_is_read_once_even_when_it_starts_itself(tmp_path: Path) -> None:
    files = {"run.sh": "bash other.sh\nbash run.sh\n", "other.sh": "python x.py\n", "x.py": ""}
    assert reached(tmp_path, files, "bash run.sh") == {"run.sh", "other.sh", "x.py"}


NOTEBOOK = """{"cells": [
  {"cell_type": "markdown", "source": ["import nothing"]},
  {"cell_type": "code", "source": ["%matplotlib inline\\n", "import helper\\n", "if a:\\n", "    !ls\\n"]},
  {"cell_type": "code", "source": "%%bash\\npython x.py"}
]}"""


@pytest.mark.parametrize(
    "command",
    [
        "papermill nb/in.ipynb out.ipynb -p a 1",
        "jupyter nbconvert --to notebook --execute nb/in.ipynb --output out.ipynb",
        "python -m papermill nb/in.ipynb out.ipynb",
        "uv run jupyter execute nb/in.ipynb",
    ],
)
def test_an_executed_notebook_counts_with_what_its_cells_import(command: str, tmp_path: Path) -> None:
    files = {"nb/in.ipynb": NOTEBOOK, "nb/helper.py": "", "out.ipynb": NOTEBOOK}
    assert reached(tmp_path, files, command) == {"nb/in.ipynb", "nb/helper.py"}


def test_a_notebook_that_is_only_converted_is_data(tmp_path: Path) -> None:
    assert reached(tmp_path, {"a.ipynb": NOTEBOOK}, "jupyter nbconvert --to html a.ipynb") == set()


def test_pytest_loads_tests_their_conftests_and_what_they_import(tmp_path: Path) -> None:
    files = {
        "conftest.py": "import top\n",
        "top.py": "",
        "tests/conftest.py": "import beside\n",
        "tests/beside.py": "",
        "tests/test_a.py": "from pkg import mod\n",
        "tests/test_b.py": "",
        "tests/data.py": "",
        ".venv/pyvenv.cfg": "",
        ".venv/test_installed.py": "",
        "pkg/__init__.py": "",
        "pkg/mod.py": "",
    }
    around = {"conftest.py", "top.py", "tests/conftest.py", "tests/beside.py"}
    one = around | {"tests/test_a.py", "pkg/__init__.py", "pkg/mod.py"}
    assert reached(tmp_path, files, "pytest -q tests/test_a.py::test_x") == one
    assert reached(tmp_path, files, "python -m pytest tests") == one | {"tests/test_b.py"}
    assert reached(tmp_path, files, "uv run pytest") == one | {"tests/test_b.py"}


def test_a_console_script_of_the_project_is_its_module(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": '[project.scripts]\nfit = "pkg.cli:main"\n',
        "src/pkg/__init__.py": "",
        "src/pkg/cli.py": "from . import fitting\n",
        "src/pkg/fitting.py": "",
    }
    expected = {"src/pkg/__init__.py", "src/pkg/cli.py", "src/pkg/fitting.py"}
    assert reached(tmp_path, files, "fit --all") == expected
    assert reached(tmp_path, files, "uv run fit") == expected
    assert reached(tmp_path, files, "outfit") == set()


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("python gone.py", "'gone.py' is not there"),
        ("python $SCRIPT", "'$SCRIPT' is not there"),
        ("bash gone.sh", "'gone.sh' is not there"),
        ("python 'x.py", "No closing quotation"),
    ],
)
def test_what_a_command_starts_and_is_not_there_is_said(command: str, reason: str, tmp_path: Path) -> None:
    (found,) = whole_closure(tmp_path, {}, command).unknown
    assert found.path == ""
    assert reason in found.reason


def test_a_linked_script_counts_as_the_link_and_imports_beside_its_target(tmp_path: Path) -> None:
    write(tmp_path, {"real/x.py": "import beside\n", "real/beside.py": "", "beside.py": ""})
    (tmp_path / "link.py").symlink_to("real/x.py")
    assert reached(tmp_path, {}, "python link.py") == {"link.py", "real/beside.py"}
