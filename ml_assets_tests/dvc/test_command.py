"""A command in its own process group: what it inherits, how it is stopped, what it may leave behind."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import psutil

from ml_assets.dvc.command import Cancellation, run_command
from ml_assets.dvc.process_group import start_command
from ml_assets.dvc.stage_commands import stage_environment
from ml_assets_tests.factories import environment

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"


def run(*command: str, cwd: Path, cancellation: Cancellation | None = None) -> tuple[int, list[str]]:
    lines: list[str] = []
    code = run_command(
        start_command(command, cwd=cwd, env=environment()),
        on_line=lines.append,
        cancellation=cancellation or Cancellation(),
    )
    return code, lines


def test_output_and_error_come_in_order_with_bytes_that_are_no_text_replaced(tmp_path: Path) -> None:
    code, lines = run("sh", "-c", "echo one; printf '\\377two\\n' >&2; exit 3", cwd=tmp_path)
    assert (code, lines) == (3, ["one", "\ufffdtwo"])


def test_standard_input_is_empty(tmp_path: Path) -> None:
    assert run("sh", "-c", "wc -c", cwd=tmp_path) == (0, ["0"])


def test_a_command_that_ignores_the_request_to_stop_is_killed(tmp_path: Path) -> None:
    cancellation = Cancellation()
    threading.Timer(1.0, cancellation.cancel).start()
    started = time.monotonic()
    code, _ = run(sys.executable, "-c", STUBBORN, cwd=tmp_path, cancellation=cancellation)
    assert code == -9
    assert time.monotonic() - started < 10


def test_a_request_that_came_before_the_command_stops_it_too(tmp_path: Path) -> None:
    cancellation = Cancellation()
    cancellation.cancel()
    code, _ = run("sleep", "60", cwd=tmp_path, cancellation=cancellation)
    assert code != 0


def test_a_daemon_that_keeps_the_output_open_does_not_hold_up_the_run(tmp_path: Path) -> None:
    started = time.monotonic()
    code, lines = run("sh", "-c", "setsid sleep 61 & sleep 0.5; echo started", cwd=tmp_path)
    assert time.monotonic() - started < 20
    assert code == 0
    assert lines[0] == "started"
    assert "left behind" in lines[1]
    for process in psutil.process_iter(["cmdline"]):
        if process.info["cmdline"] == ["sleep", "61"]:
            process.kill()


def test_a_stage_finds_this_interpreter_first_and_prints_at_once() -> None:
    found = stage_environment({"PATH": "/usr/bin"})
    assert found["PATH"].startswith(str(Path(sys.executable).parent))
    assert (found["PYTHONUNBUFFERED"], found["OMP_WAIT_POLICY"]) == ("1", "PASSIVE")
    assert stage_environment({"OMP_WAIT_POLICY": "ACTIVE"})["OMP_WAIT_POLICY"] == "ACTIVE"
