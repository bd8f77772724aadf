"""Where nothing may be skipped, a skip is a failure; elsewhere it is a skip."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ml_assets_tests.factories import environment
from ml_assets_tests.no_skips import VARIABLE

ROOT = Path(__file__).parents[1]
PASSES = "def test_passes(): pass\n"
SKIPS = "import pytest\n@pytest.mark.skip(reason='no browser')\ndef test_skips(): pass\n"
WHOLE_FILE = "import pytest\npytest.skip('no browser', allow_module_level=True)\n"
EXPECTED_FAILURE = "import pytest\n@pytest.mark.xfail\ndef test_fails(): assert False\n"


def _pytest(folder: Path, text: str, *options: str, no_skips: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_it.py").write_text(PASSES + text)
    env = environment(PYTHONPATH=str(ROOT), **{VARIABLE: no_skips})
    command = [sys.executable, "-m", "pytest", "-p", "ml_assets_tests.no_skips", *options, str(folder)]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("text", [SKIPS, WHOLE_FILE], ids=["a test", "a whole file"])
def test_a_skip_fails_the_session_and_is_named(tmp_path: Path, text: str) -> None:
    done = _pytest(tmp_path, text, no_skips="1")
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert "these were skipped" in done.stdout
    assert "test_it.py" in done.stdout.partition("these were skipped")[2]


def test_a_skip_in_another_process_is_seen(tmp_path: Path) -> None:
    done = _pytest(tmp_path, SKIPS, "-n", "1", no_skips="1")
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert "test_it.py::test_skips" in done.stdout.partition("these were skipped")[2]


def test_an_expected_failure_is_no_skip(tmp_path: Path) -> None:
    assert _pytest(tmp_path, EXPECTED_FAILURE, no_skips="1").returncode == pytest.ExitCode.OK


def test_elsewhere_a_skip_is_a_skip(tmp_path: Path) -> None:
    done = _pytest(tmp_path, SKIPS, no_skips="")
    assert done.returncode == pytest.ExitCode.OK
    assert "1 skipped" in done.stdout
