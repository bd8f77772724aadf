"""When the demo cannot work it says why, within reasonable time, and takes everything down again."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_assets.demo.loopback import HOST
from ml_assets_tests.factories import BIN, environment, run
from ml_assets_tests.journeys.checkout import Checkout


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind((HOST, 0))
        server.listen()
        yield int(server.getsockname()[1])


@pytest.mark.parametrize("option", ["--port", "--mlflow-port", "--s3-port"])
def test_a_taken_port_is_named_with_the_option_that_chooses_another(
    checkout: Checkout, taken_port: int, option: str
) -> None:
    demo = checkout.start("--once", option, str(taken_port))
    assert demo.wait(60) == 1
    assert f"port {taken_port} of 127.0.0.1 is taken" in demo.printed()
    assert f"make demo ARGS='{option} N'" in demo.printed()
    assert "Traceback" not in demo.printed()
    checkout.require_quiet()


def test_outside_of_a_project_it_says_where_it_looked(tmp_path: Path) -> None:
    done = subprocess.run(
        [BIN / "ml-assets", "demo", "--once"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert str(tmp_path) in done.stderr
    assert "Traceback" not in done.stderr


def test_a_project_without_a_commit_cannot_be_cloned_and_it_says_so(tmp_path: Path) -> None:
    run("git", "init", "-q", cwd=tmp_path)
    run(BIN / "dvc", "init", "-q", cwd=tmp_path)
    checkout = Checkout(tmp_path)
    demo = checkout.start("--once")
    assert demo.wait(60) == 1
    assert "git checkout of the project that has a commit" in demo.printed()
    assert "Traceback" not in demo.printed()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_definitions_that_do_not_load_end_it_with_what_python_says(checkout: Checkout) -> None:
    checkout.edit("ml_assets/definitions.py", lambda text: text + "\ndef (\n")
    demo = checkout.start("--once")
    assert demo.wait(240) == 1
    assert "Dagster cannot load code location 'ml_assets'" in demo.printed()
    assert "SyntaxError: invalid syntax" in demo.printed()
    assert "definitions.py" in demo.printed()
    checkout.require_quiet()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_stage_that_fails_ends_it_with_the_stages_own_words_and_so_does_the_next_start(
    checkout: Checkout,
) -> None:
    checkout.set_landing(max_attempts=1)
    stage, broken = "ml_assets/stages/features.py", "raise SystemExit('no features today')"
    checkout.edit(stage, lambda text: text.replace("def main", f"{broken}\ndef main"))
    demo = checkout.start("--once", "--history", "9")
    assert demo.wait(400) == 1
    assert "Stage 'features' failed" in demo.printed()
    assert "no features today" in demo.printed()
    assert [record["kind"] for record in checkout.log()] == ["intake"]
    checkout.require_quiet()

    again = checkout.start("--once", "--history", "9")
    assert again.wait(400) == 1
    assert "1 of 1 attempts made" in again.printed()
    assert "no features today" in again.printed()
    checkout.require_quiet()
