"""Stages that run elsewhere than one thinks, again and again, or on code that DVC does not look at."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ml_assets.doctor.finding import Severity
from ml_assets_tests.doctor.conftest import Look
from ml_assets_tests.factories import run, write

# Command → what it runs with instead of this environment.
ELSEWHERE = {
    "/usr/bin/python3 double.py": "/usr/bin/python3",
    ".venv/bin/python double.py": ".venv/bin/python",
    "mkdir -p out && python2.7 double.py": "the python2.7 in PATH",
    "conda run -n other python double.py": "the environment of conda",
    "uv run double.py": "the environment of uv",
}
HERE = (
    "python double.py",
    f"{sys.executable} double.py",
    "python3 -m double",
    "sh -c 'echo conda'",
    "echo python2 conda run",
)
# Stage → why the run cache never has it.
NEVER_CACHED = {
    "{cmd: x, deps: [double.py], outs: [{a.txt: {persist: true}}]}": "'a.txt' is `persist: true`",
    "{cmd: x, deps: [double.py], outs: [b.txt], always_changed: true}": "it is `always_changed`",
    "{cmd: x, outs: [c.txt]}": "it has no dependencies",
    "{cmd: x, deps: [double.py]}": "it has no outputs",
    "{cmd: x, deps: [/etc/hosts], outs: [d.txt]}": "'/etc/hosts' is outside of the project",
}


def pipeline(*stages: str) -> str:
    return "stages:\n" + "".join(f"  s{n}: {stage}\n" for n, stage in enumerate(stages))


def running(*commands: str) -> str:
    return pipeline(*(json.dumps({"cmd": cmd, "outs": [f"{n}.txt"]}) for n, cmd in enumerate(commands)))


def test_commands_that_choose_another_environment_are_warnings(look: Look, root: Path) -> None:
    write(root, {"dvc.yaml": running(*ELSEWHERE, *HERE)})
    found = look("stage-interpreter")
    assert [each.where for each in found] == [f"stage 's{n}' in dvc.yaml" for n in range(len(ELSEWHERE))]
    for each, chosen in zip(found, ELSEWHERE.values(), strict=True):
        assert each.severity is Severity.WARNING
        assert f"runs it with {chosen}, not with {sys.prefix}" in each.what


def test_another_python_in_path_is_mentioned(look: Look, root: Path, tmp_path: Path) -> None:
    assert look("python-by-hand") == []
    other = tmp_path / "python"
    other.symlink_to(sys.executable)
    (found,) = look("python-by-hand", PATH=f"{tmp_path}:/usr/bin")
    assert f"runs stages with {other}" in found.what
    (found,) = look("python-by-hand", PATH="/nowhere")
    assert "no python at all" in found.what


def test_stages_that_the_run_cache_never_has_are_mentioned_with_the_reason(look: Look, root: Path) -> None:
    assert look("run-cache") == []
    write(root, {"dvc.yaml": pipeline(*NEVER_CACHED)})
    found = sorted(look("run-cache"), key=lambda each: each.where)
    assert {each.severity for each in found} == {Severity.INFO}
    for each, reason in zip(found, NEVER_CACHED.values(), strict=True):
        assert each.what.startswith(f"{reason}: ")


def test_an_imported_module_that_deps_leave_out_is_a_warning(look: Look, root: Path) -> None:
    assert look("undeclared-imports") == []
    script = (root / "double.py").read_text()
    write(root, {"double.py": f"import helper\n{script}", "helper.py": ""})
    (found,) = look("undeclared-imports")
    assert found.severity is Severity.WARNING
    assert "stage 'double'" in found.where
    assert "it imports helper.py" in found.what
    text = (root / "dvc.yaml").read_text()
    write(
        root,
        {"dvc.yaml": text.replace("deps: [data/raw, double.py]", "deps: [data/raw, double.py, helper.py]")},
    )
    assert look("undeclared-imports") == []


def test_without_git_or_a_commit_records_cannot_name_the_code(look: Look, root: Path) -> None:
    assert look("git") == []
    (found,) = look("git", PATH="/nowhere")
    assert found.severity is Severity.ERROR
    run("rm", "-rf", ".git", cwd=root)
    (found,) = look("git")
    assert "in no Git repository" in found.what
    run("git", "init", "-q", cwd=root)
    (found,) = look("git")
    assert "no commit yet" in found.what
