"""dvc.yaml tells DVC all that a stage reads: modules, parameters, and nothing more."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ml_assets.dvc.closure import import_closure
from ml_assets.dvc.project import DvcProject
from ml_assets.stages import params
from ml_assets.stages.errors import ParamMissing
from ml_assets_tests.factories import dvc, write
from ml_assets_tests.stages.example import ROOT, STAGES, clone, pipeline


@pytest.mark.parametrize("stage", STAGES)
def test_deps_are_the_whole_import_closure(stage: str) -> None:
    """No more and no less: `ml-assets deps --check`, which `make lint` runs, looks for the less alone."""
    code = {dep for dep in pipeline()[stage]["deps"] if dep.endswith(".py")}
    assert code == set(import_closure(ROOT, DvcProject(ROOT).manifest().stage(stage)))


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_loads_no_file_that_is_not_in_its_deps(stage: str) -> None:
    """What Python really loads, beside what the text says."""
    script = (
        f"import sys, ml_assets.stages.{stage}\n"
        "print(*(m.__file__ for n, m in sys.modules.items() if n.split('.')[0] == 'ml_assets'), sep='\\n')"
    )
    command = [sys.executable, "-c", script]
    loaded = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert {str(Path(file).relative_to(ROOT)) for file in loaded} <= set(pipeline()[stage]["deps"])


@pytest.mark.parametrize("stage", STAGES)
def test_declared_params_are_those_that_the_stage_reads(stage: str) -> None:
    module = importlib.import_module(f"ml_assets.stages.{stage}")
    assert sorted(module.PARAMS) == pipeline()[stage]["params"]


def test_no_other_module_opens_the_file_of_params() -> None:
    texts = {file.name: file.read_text() for file in (ROOT / "ml_assets" / "stages").glob("*.py")}
    assert [name for name, text in texts.items() if "import yaml" in text] == ["params.py"]


def test_every_param_is_read_by_some_stage() -> None:
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    names = {
        f"{section}.{name}" if name else section
        for section, values in content.items()
        for name in (values if isinstance(values, dict) else [""])
    }
    assert names == {name for stage in pipeline().values() for name in stage["params"]}


def test_a_stage_cannot_read_what_it_did_not_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"params.yaml": "gb: {n_estimators: 3}\nseed: 1\n"})
    monkeypatch.chdir(tmp_path)
    assert params.read(["gb.n_estimators"]) == {"gb.n_estimators": 3}
    for missing in ("gb.depth", "seed.depth", "trees"):
        with pytest.raises(ParamMissing, match=missing):
            params.read([missing])


def test_a_param_changes_only_the_stages_that_declare_it(reproduced: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    dvc_clone(reproduced, project)
    text = (project / "params.yaml").read_text()
    write(project, {"params.yaml": text.replace("threshold: 0.3", "threshold: 0.4")})
    changed = yaml.safe_load(dvc("status", "--json", cwd=project))
    assert set(changed) == {"evaluation"}


def dvc_clone(project: Path, target: Path) -> None:
    """A second checkout of the project on the same cache."""
    subprocess.run(["git", "clone", "-q", str(project), str(target)], check=True)
    dvc("cache", "dir", "--local", str(project / ".dvc" / "cache"), cwd=target)
    dvc("checkout", "-q", cwd=target)


def test_git_ignores_every_output_before_dvc_has_run(tmp_path: Path) -> None:
    project = clone(tmp_path / "project")
    outputs = [
        next(iter(out)) if isinstance(out, dict) else out
        for stage in pipeline().values()
        for kind in ("outs", "metrics", "plots")
        for out in stage.get(kind, [])
    ]
    write(project, {f"{out}/2013-01-01.parquet" if "." not in out else out: "made" for out in outputs})
    write(project, {"data/raw/flights/2013-01-01.csv": "landed"})
    status = subprocess.run(
        ["git", "status", "--short"], cwd=project, capture_output=True, text=True, check=True
    )
    assert status.stdout == ""


def test_remotes_are_named_without_endpoints_or_secrets() -> None:
    config = (ROOT / ".dvc" / "config").read_text()
    settings = [line for line in config.splitlines() if not line.strip().startswith("#")]
    assert "    remote = s3remote" in settings
    assert "    analytics = false" in settings
    assert [line.strip() for line in settings if "url" in line] == [
        "url = s3://ml-assets/dvc",
        "url = s3://dvc",
    ]
    assert not any(
        word in line for line in settings for word in ("secret", "key", "token", "user", "endpoint")
    )
