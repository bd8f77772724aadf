"""Which commands a fork of a ready interpreter may stand in for; all others go through their shell."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from ml_assets.dvc.python_call import NotPlain, PythonCall, python_call
from ml_assets_tests.factories import write

ENV = {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.defpath]), "PYTHONUNBUFFERED": "1"}


@pytest.fixture
def cwd(tmp_path: Path) -> Path:
    write(tmp_path, {"fit.py": "", "sub dir/fit.py": "", "fit.sh": "", "folder.py/x": ""})
    return tmp_path


def call(line: str, cwd: Path, *, via: str = "/bin/sh", **env: str) -> PythonCall:
    return python_call([via, "-c", line], cwd=cwd, env=ENV | env)


@pytest.mark.parametrize(
    ("line", "module", "argv"),
    [
        ("python fit.py", None, ["fit.py"]),
        ("python3 ./fit.py --rate=0.1 -o a,b", None, ["./fit.py", "--rate=0.1", "-o", "a,b"]),
        ("python -u fit.py -m", None, ["fit.py", "-m"]),
        (" python 'sub dir/fit.py'  \"a $\" ", None, None),
        ("python 'sub dir/fit.py'  \"it's\" 'a $HOME *'", None, ["sub dir/fit.py", "it's", "a $HOME *"]),
        ("python -m pkg.fit -u x", "pkg.fit", ["-m", "-u", "x"]),
        (f"{sys.executable} fit.py", None, ["fit.py"]),
    ],
)
def test_one_plain_call_of_this_python(
    line: str, module: str | None, argv: list[str] | None, cwd: Path
) -> None:
    if argv is None:
        with pytest.raises(NotPlain, match="shell"):
            call(line, cwd)
        return
    found = call(line, cwd)
    assert (found.module, list(found.argv)) == (module, argv)
    assert Path(found.executable).resolve() == Path(sys.executable).resolve()


@pytest.mark.parametrize(
    "line",
    [
        "python fit.py > log",
        "python fit.py | cat",
        "python fit.py && python fit.py",
        "python fit.py; true",
        "python fit.py $HOME",
        'python fit.py "$HOME"',
        "python fit.py `id`",
        "python fit.py *.csv",
        "python fit.py ~/data",
        "python fit.py {a,b}",
        "python fit.py a\\ b",
        "python fit.py 'open",
        "python fit.py # why",
        "python fit.py\npython fit.py",
        "SEED=1 python fit.py",
        "exec python fit.py",
        "cat fit.py",
        "python",
        "python -",
        "python -c pass",
        "python -O fit.py",
        "python -m",
        "python fit.sh",
        "python folder.py",
        "python missing.py",
        "",
    ],
)
def test_whatever_only_a_shell_or_the_interpreter_itself_understands(line: str, cwd: Path) -> None:
    with pytest.raises(NotPlain):
        call(line, cwd)


def test_another_python_first_on_the_path(cwd: Path, tmp_path: Path) -> None:
    other = tmp_path / "bin"
    other.mkdir()
    (other / "python").symlink_to("/bin/true")
    with pytest.raises(NotPlain, match="its python is"):
        call("python fit.py", cwd, PATH=str(other))


def test_another_environment_on_the_same_python(cwd: Path, tmp_path: Path) -> None:
    """A virtual environment's `python` is a link to the same file."""
    other = tmp_path / "bin"
    other.mkdir()
    (other / "python").symlink_to(Path(sys.executable).resolve())
    with pytest.raises(NotPlain, match="its python is"):
        call("python fit.py", cwd, PATH=str(other))


def test_shells_that_we_know_nothing_of_and_one_that_reads_a_file_first(cwd: Path) -> None:
    assert call("python fit.py", cwd, via="/usr/bin/bash").argv == ("fit.py",)
    with pytest.raises(NotPlain, match="shell"):
        call("python fit.py", cwd, via="/usr/bin/fish")
    with pytest.raises(NotPlain, match="shell"):
        call("python fit.py", cwd, BASH_ENV="/etc/other")


def test_output_that_is_held_back_needs_the_interpreters_own_option(cwd: Path) -> None:
    with pytest.raises(NotPlain):
        call("python -u fit.py", cwd, PYTHONUNBUFFERED="")
