"""A recorded run is rebuilt on a machine that has Git and the remote alone, or it is said why not."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ml_assets.ledger.record import RunRecord
from ml_assets_tests.factories import BIN, environment, run
from ml_assets_tests.production.site import Site, metric


@pytest.fixture
def elsewhere(site: Site) -> Path:
    """Another machine: a fresh clone of the repository beside the remote, no cache, no state."""
    root = site.root.parent / "elsewhere"
    run("git", "clone", "-q", site.root, root, cwd=site.root.parent)
    return root


def reproduce(root: Path, *arguments: str, code: int = 0) -> dict[str, Any]:
    done = subprocess.run(
        [str(BIN / "ml-assets"), "reproduce", *arguments, "--json"],
        cwd=root,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_each_daily_model_comes_out_byte_identical_on_another_machine(site: Site, elsewhere: Path) -> None:
    runs = [site.land(day, 10 * day) for day in (1, 2, 3)]
    site.command("gc", "--keep", "last=3", "--grace", "0", "--yes")

    for record in runs:
        into = elsewhere.parent / f"rebuilt-{record.number}"
        found = reproduce(elsewhere, str(record.number), "--into", str(into))
        assert (found["verdict"], found["compared"]) == ("byte-identical", 3)
        assert (into / "model.txt").read_text().startswith(f"{metric(record) * 3000:.0f}\n")
    assert not (elsewhere / ".dvc" / "cache").exists()
    assert run("git", "status", "--short", cwd=elsewhere).stdout == ""


@pytest.mark.slow
def test_a_run_is_found_by_the_hash_of_what_it_made(site: Site, elsewhere: Path) -> None:
    record = site.land(1, 10)
    (model,) = [out for out in record.outputs if out.path == "model.txt"]

    assert reproduce(elsewhere, model.md5)["record"] == record.number
    assert reproduce(elsewhere, "latest")["record"] == record.number


@pytest.mark.slow
def test_restoring_brings_everything_back_and_runs_nothing(site: Site, elsewhere: Path) -> None:
    record = site.land(1, 10)
    site.land(2, 10)
    into = elsewhere.parent / "restored"

    run(BIN / "ml-assets", "reproduce", str(record.number), "--restore-only", "--into", into, cwd=elsewhere)

    assert (into / "model.txt").read_text().startswith("30\n")
    assert json.loads((into / "metrics.json").read_text()) == {"auc": 0.01}
    assert [path.name for path in (into / "data" / "raw" / "numbers").iterdir()] == ["2013-01-01.csv"]
    assert run(BIN / "dvc", "status", cwd=into).stdout.strip() == "Data and pipelines are up to date."


def test_a_stage_that_is_not_deterministic_is_named(site: Site, elsewhere: Path) -> None:
    site.commit(
        model__py="import os, pathlib\n"
        "pathlib.Path('model.txt').write_bytes(os.urandom(16))\n"
        "pathlib.Path('metrics.json').write_text('{\"auc\": 0.5}')\n"
    )
    site.command("pin")
    record = site.land(1, 10)
    run("git", "pull", "-q", cwd=elsewhere)

    found = reproduce(elsewhere, str(record.number))

    assert found["verdict"] == "metrics-identical"
    assert [each["path"] for each in found["differences"]] == ["model.txt"]
    assert "stage 'model' is not deterministic" in found["reasons"][0]


@pytest.mark.slow
def test_what_depends_on_the_machine_is_told_from_what_is_random(site: Site, elsewhere: Path) -> None:
    site.commit(
        model__py="import os, pathlib\n"
        "pathlib.Path('model.txt').write_text(os.environ.get('MACHINE', 'here'))\n"
        "pathlib.Path('metrics.json').write_text('{\"auc\": %d}' % len(os.environ.get('MACHINE', 'here')))\n"
    )
    site.command("pin")
    record = site.land(1, 10)
    run("git", "pull", "-q", cwd=elsewhere)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MACHINE", "elsewhere")
        found = reproduce(elsewhere, str(record.number), code=1)

    assert found["verdict"] == "differs"
    assert (
        "stage 'model' makes something else of the recorded input, and always the same" in found["reasons"][0]
    )


@pytest.mark.slow
def test_a_missing_input_is_named_with_the_remedy(site: Site, elsewhere: Path) -> None:
    record = site.land(1, 10)
    shutil.rmtree(site.root.parent / "project-remote")

    done = subprocess.run(
        [str(BIN / "ml-assets"), "reproduce", str(record.number)],
        cwd=elsewhere,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "pull" in done.stderr
    assert "store" in done.stderr


def test_a_folder_that_is_not_empty_is_refused(site: Site, elsewhere: Path) -> None:
    site.land(1, 10)

    assert "is not empty" in site.refused("reproduce", "latest", "--into", str(elsewhere))


def test_what_no_record_names_is_said(site: Site) -> None:
    assert "goes by 'feedbeef'" in site.refused("reproduce", "feedbeef")
    assert "is of the kind 'pin'" in site.refused("reproduce", "1")


def test_uncommitted_edits_of_research_are_part_of_the_rebuild(site: Site, elsewhere: Path) -> None:
    toml = site.root / "pyproject.toml"
    toml.write_text(toml.read_text().replace('mode = "production"', 'mode = "research"'))
    site.commit()
    (site.root / "params.yaml").write_text("factor: 7\n")
    record = site.land(1, 10)
    assert isinstance(record, RunRecord)
    assert record.git is not None
    assert record.git.patch is not None
    run("git", "pull", "-q", cwd=elsewhere)
    into = elsewhere.parent / "rebuilt"

    found = reproduce(elsewhere, str(record.number), "--into", str(into))

    assert found["verdict"] == "byte-identical"
    assert (into / "model.txt").read_text().startswith("70\n")
