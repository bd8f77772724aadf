"""What can go wrong with a benchmark: one class a cause, each naming the place and the remedy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path


class BenchmarkError(Exception):
    """Base of every error that the benchmarks raise on purpose."""


class UnknownBenchmark(BenchmarkError):
    """A name that no benchmark has."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        super().__init__(f"There is no benchmark '{name}'. Choose from: {', '.join(sorted(known))}.")


class RunFailed(BenchmarkError):
    """A process that was to be measured failed, so there is nothing to compare."""

    def __init__(self, command: Sequence[str], *, code: int, root: Path, log: str) -> None:
        self.command = tuple(command)
        self.code = code
        super().__init__(
            f"`{' '.join(command)}` ended with {code} in the throw-away clone '{root}'. Its last lines:\n"
            f"{log}\nThe clone is of the checkout's HEAD: commit what the benchmark needs, and run it again."
        )


class WrongWork(BenchmarkError):
    """A process ended well without doing what was to be measured."""

    def __init__(self, command: Sequence[str], *, expected: str) -> None:
        self.command = tuple(command)
        super().__init__(
            f"`{' '.join(command)}` ended well, but it is measured as a run that {expected}, and it did not. "
            "Look at what the command does in a clone before you believe any number."
        )


class RecordMissing(BenchmarkError):
    """A landing's process ended well, and yet the ledger has no run record of it."""

    def __init__(self, *, root: Path) -> None:
        super().__init__(
            f"The landing in the throw-away clone '{root}' ended without a run record. Run it by hand "
            "(`make demo ARGS=--once`): its log says why."
        )


class ResultsUnreadable(BenchmarkError):
    """The file of earlier results is not what we write."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        super().__init__(
            f"Earlier results in '{path}' cannot be read: {reason}\n"
            "Remove the file; `make bench` writes it anew."
        )


class NoCheckout(BenchmarkError):
    """Benchmarks measure clones of the checkout, and git cannot clone it."""

    def __init__(self, *, root: Path, cause: str) -> None:
        super().__init__(
            f"git cannot clone '{root}', in a clone of which the benchmarks run: {cause}\n"
            "Start them in a git checkout of the project that has a commit."
        )


class MessagesLost(BenchmarkError):
    """A consumer ended before it had received all messages."""

    def __init__(self, *, sent: int, received: int) -> None:
        super().__init__(
            f"{sent} messages were sent, and {received} received: the rate would be of less work."
        )


class WrongTick(BenchmarkError):
    """A tick did something else than what was to be measured."""

    def __init__(self, *, expected: str, found: str) -> None:
        super().__init__(f"The tick was to ask for {expected}, and asked for {found}.")
