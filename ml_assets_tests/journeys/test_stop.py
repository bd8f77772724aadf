"""However the demo ends, nothing of it goes on: Ctrl-C, a supervisor's SIGTERM, kill -9 of the demo alone."""

from __future__ import annotations

import signal

import pytest

from ml_assets_tests.journeys.checkout import Checkout, command_line, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

OPTIONS = ("--history", "9", "--every", "86400")


def test_it_stops_with_everything_that_it_started_also_while_a_stage_runs(checkout: Checkout) -> None:
    checkout.set_landing(interval_seconds=2, backoff_seconds=1, max_attempts=20)
    # Stages that start warm, of nine days, are over before anybody has looked.
    checkout.edit("params.yaml", lambda text: text.replace("n_estimators: 150", "n_estimators: 3000"))

    demo = checkout.start(*OPTIONS)
    _wait_for_a_stage(checkout)
    assert demo.interrupt() == 0
    assert "Stopped; `make demo` continues from here." in demo.printed()
    assert "Traceback" not in demo.printed()
    checkout.require_quiet(seconds=2)

    demo = checkout.start(*OPTIONS)
    _wait_for_a_stage(checkout)
    demo.process.send_signal(signal.SIGTERM)
    assert demo.wait(60) == 0
    checkout.require_quiet(seconds=2)

    demo = checkout.start(*OPTIONS)
    _wait_for_a_stage(checkout)
    demo.process.kill()
    demo.process.wait()
    checkout.require_quiet()

    demo = checkout.start(*OPTIONS)
    wait_until(lambda: _kinds(checkout)[-1:] == ["run"], seconds=240, what="the run record")
    assert demo.interrupt() == 0
    assert _kinds(checkout) == ["intake", "run"]


def test_ctrl_c_while_the_servers_start_stops_what_is_there(checkout: Checkout) -> None:
    demo = checkout.start(*OPTIONS)
    wait_until(lambda: "Preparing Dagster" in demo.printed(), seconds=60, what="the servers' start")
    assert demo.interrupt() == 0
    checkout.require_quiet(seconds=2)


def test_ctrl_c_of_the_headless_demo_is_no_success(checkout: Checkout) -> None:
    demo = checkout.start("--once", "--history", "9")
    _wait_for_a_stage(checkout)
    assert demo.interrupt() == 1
    checkout.require_quiet(seconds=2)


def _wait_for_a_stage(checkout: Checkout) -> None:
    wait_until(checkout.stages_at_work, seconds=240, what="a stage at work")
    # What is not found here would not be missed afterwards either.
    running = " ".join(part for process in checkout.processes() for part in command_line(process))
    assert all(name in running for name in ("s3_process.py", "dagster_webserver", "mlflow", "spawn_main"))


def _kinds(checkout: Checkout) -> list[str]:
    return [record.kind for record in checkout.ledger.records()]
