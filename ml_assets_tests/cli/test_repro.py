"""`ml-assets repro` beside `dvc repro`: the same result, the same exit codes."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import pytest

from ml_assets_tests.cli.test_commands import ml_assets
from ml_assets_tests.factories import BIN, dvc, environment, make_two_stages, write
from ml_assets_tests.processes import let_children_hear_ctrl_c


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_two_stages(tmp_path / "project")


def test_it_leaves_what_dvc_repro_leaves_and_says_what_it_did(root: Path, tmp_path: Path) -> None:
    by_hand = make_two_stages(tmp_path / "by-hand")
    dvc("repro", "-q", cwd=by_hand)
    done = ml_assets("repro", "-j", "2", cwd=root / "data")
    assert done.returncode == 0, done.stderr
    assert "double | doubling 3" in done.stderr
    assert "total: ran" in done.stderr
    assert (root / "dvc.lock").read_bytes() == (by_hand / "dvc.lock").read_bytes()
    assert "total: unchanged" in ml_assets("repro", cwd=root).stderr
    assert "total: ran" in ml_assets("repro", "-f", cwd=root).stderr


def test_a_target_brings_what_it_needs_and_downstream_what_needs_it(root: Path) -> None:
    assert ml_assets("repro", "--dry", "double", cwd=root).stdout.split() == ["double"]
    assert ml_assets("repro", "--dry", "total", cwd=root).stdout.split() == ["double", "total"]
    assert ml_assets("repro", "--dry", "--downstream", "double", cwd=root).stdout.split() == [
        "double",
        "total",
    ]
    assert ml_assets("repro", "--dry", "--downstream", "total", cwd=root).stdout.split() == ["total"]
    assert not (root / "dvc.lock").exists()


def test_a_failure_exits_as_dvc_does_with_the_stage_and_its_last_words(root: Path) -> None:
    write(root, {"double.py": "raise SystemExit('no numbers')\n"})
    done = ml_assets("repro", cwd=root)
    by_dvc = subprocess.run([str(BIN / "dvc"), "repro", "-q"], cwd=root, env=environment(), check=False)
    assert done.returncode == by_dvc.returncode == 255
    assert "Stage 'double' failed" in done.stderr
    assert "no numbers" in done.stderr
    assert "total: skipped" in done.stderr


def test_stages_that_ask_for_it_start_warm_unless_told_otherwise(root: Path) -> None:
    meta = "    meta: {dagster: {preload: [yaml]}}\n    cmd: python total.py"
    tells = "import sys; print('loaded already:', 'yaml' in sys.modules)\n"
    write(root, {"dvc.yaml": (root / "dvc.yaml").read_text().replace("    cmd: python total.py", meta)})
    write(root, {"total.py": tells + (root / "total.py").read_text()})
    assert "loaded already: True" in ml_assets("repro", cwd=root).stderr
    assert "loaded already: False" in ml_assets("repro", "-f", "--cold", cwd=root).stderr
    write(root, {"ml_assets.toml": "warm = false\n"})
    assert "loaded already: False" in ml_assets("repro", "-f", cwd=root).stderr


def test_settings_that_say_nonsense_are_named(root: Path) -> None:
    # It matters to a stage that asks for a warm start.
    text = (
        (root / "dvc.yaml")
        .read_text()
        .replace("  double:\n", "  double:\n    meta: {dagster: {preload: [json]}}\n")
    )
    write(root, {"ml_assets.toml": "warm = 'lukewarm'\n", "dvc.yaml": text})
    done = ml_assets("repro", cwd=root)
    assert done.returncode == 255
    assert "ml_assets.toml" in done.stderr
    assert "warm" in done.stderr


def test_an_unknown_target_is_told_with_the_known_ones(root: Path) -> None:
    done = ml_assets("repro", "doubel", cwd=root)
    assert done.returncode == 255
    assert "double, total" in done.stderr


def test_ctrl_c_stops_the_command_and_exits_as_dvc_does(root: Path) -> None:
    let_children_hear_ctrl_c()
    write(root, {"double.py": "import time\nprint('sleeping', flush=True)\ntime.sleep(60)\n"})
    process = subprocess.Popen(
        [str(BIN / "ml-assets"), "repro"], cwd=root, env=environment(), stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    while "sleeping" not in process.stderr.readline():
        assert process.poll() is None
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 252
    assert time.monotonic() - started < 5
    process.stderr.close()
