"""What can be in the way of a beginning: one class a cause, each naming the place and the remedy."""

from __future__ import annotations

from pathlib import Path

from ml_assets.errors import ForeseenError


class ScaffoldError(ForeseenError):
    """Base of this room's errors."""


class FileInTheWay(ScaffoldError):
    """A file of a name that we need, with something else in it; it is never overwritten."""

    def __init__(self, path: Path, remedy: str) -> None:
        self.path = path
        super().__init__(f"'{path}' exists already and says something else; it was left alone. {remedy}")


class FileUnreadable(ScaffoldError):
    """A file of the user's that Dagster or we have to read, and that does not parse."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        super().__init__(
            f"'{path}' cannot be read: {reason}. Mend it first, since `dagster dev` reads it too; "
            "nothing was written."
        )


class WriteFailed(ScaffoldError):
    """A file could not be written; what was written before it was taken back."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        super().__init__(
            f"'{path}' could not be written: {reason}. Nothing was changed. "
            "Make its folder writable, or free some space, and run again."
        )


class NothingToShow(ScaffoldError):
    """A DVC repository without any dvc.yaml and without tracked data."""

    def __init__(self, root: Path) -> None:
        self.root = root
        super().__init__(
            f"There is no dvc.yaml in '{root}', and DVC tracks no data there: Dagster would show nothing. "
            "Add a stage first (`dvc stage add -n NAME -d INPUT -o OUTPUT COMMAND`), then run again."
        )


class DagsterMissing(ScaffoldError):
    """Dagster is not installed beside us, or does not load."""

    def __init__(self, python: str, reason: str) -> None:
        self.python = python
        super().__init__(
            f"Dagster does not load in '{python}': {reason}. Install it there, where ml_assets is too: "
            f"`{python} -m pip install dagster dagster-webserver`."
        )


class NameNotAllowed(ScaffoldError):
    """A project's name that a package or an asset could not have."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"'{name}' cannot be the name of a project. Take letters, digits, '-' and '_', beginning with a "
            "letter, 64 at most: `ml-assets new my-project`."
        )


class FolderTaken(ScaffoldError):
    """There is something where a fresh project shall be."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"'{path}' exists already; it was left alone. Take another name, or remove it. "
            "For a DVC repository that you have, run `ml-assets init` in it."
        )


class ToolFailed(ScaffoldError):
    """A command that a fresh project needs (git, dvc) is missing or failed."""

    def __init__(self, command: str, where: Path, reason: str) -> None:
        self.command = command
        super().__init__(
            f"`{command}` failed in '{where}': {reason}. Mend that, remove the folder and run again."
        )
