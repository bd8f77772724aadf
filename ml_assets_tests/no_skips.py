"""With ML_ASSETS_NO_SKIPS=1, as in CI, a skipped test fails the session: it would test nothing there."""

from __future__ import annotations

import os

import pytest

VARIABLE = "ML_ASSETS_NO_SKIPS"


def pytest_configure(config: pytest.Config) -> None:
    if os.environ.get(VARIABLE) == "1":
        config.pluginmanager.register(NoSkips(), "no-skips")


class NoSkips:
    """Remembers what was skipped, whether as a test or as a whole file."""

    def __init__(self) -> None:
        self._skipped: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # What was expected to fail and did counts as skipped, too, but has run.
        if report.skipped and not hasattr(report, "wasxfail"):
            self._skipped.append(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self._skipped.append(report.nodeid)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._skipped and session.exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._skipped:
            terminalreporter.section(f"failed, since {VARIABLE}=1 and these were skipped", red=True)
            for nodeid in self._skipped:
                terminalreporter.line(nodeid)
