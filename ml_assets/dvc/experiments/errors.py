"""What can go wrong with experiments: one class a cause, each naming the place and the remedy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ml_assets.dvc.errors import DvcBridgeError


class ExperimentError(DvcBridgeError):
    """Base of the errors of experiments."""


class OverrideInvalid(ExperimentError):
    """An override that DVC or Hydra refuses: a misspelt key, a params file that is not there."""

    def __init__(self, overrides: Sequence[str], path: Path, reason: str) -> None:
        self.overrides = tuple(overrides)
        self.path = path
        super().__init__(
            f"Cannot set {', '.join(overrides)} in '{path}': {reason}\n"
            "Write `-S [file:]key=value` with a key that the file has (`+key=value` adds one); several "
            "values as `key=1,2,3`, `key=choice(a,b)` or `key=range(1,10,2)`."
        )


class ExperimentNameInvalid(ExperimentError):
    """A name that Git does not take for a ref."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"'{name}' cannot be an experiment's name: it becomes a part of a Git ref. Use letters, digits, "
            "`-`, `_` and `.`, no `/` and no space."
        )


class ExperimentNameTaken(ExperimentError):
    """There is an experiment of that name below the same commit."""

    def __init__(self, name: str, baseline: str) -> None:
        self.name = name
        self.baseline = baseline
        super().__init__(
            f"There is an experiment '{name}' already below commit {baseline[:7]}. Choose another name, or "
            f"remove it first: `dvc exp remove {name}`."
        )


class ExperimentUnknown(ExperimentError):
    """A name that no experiment has."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name = name
        self.known = tuple(known)
        super().__init__(
            f"There is no experiment '{name}'; there are: {', '.join(known) or 'none'}. "
            "`ml-assets exp show --all` lists those of other commits too."
        )


class ExperimentAmbiguous(ExperimentError):
    """Experiments of several commits have the same name, and none of them is HEAD's."""

    def __init__(self, name: str, refs: Sequence[str]) -> None:
        self.name = name
        self.refs = tuple(refs)
        super().__init__(
            f"{len(refs)} experiments are called '{name}', and none is below HEAD: {', '.join(refs)}. "
            "Give the whole ref instead of the name."
        )


class ExperimentsFailed(ExperimentError):
    """Some experiments of a batch failed; the others are kept."""

    def __init__(self, reasons: dict[str, str], total: int) -> None:
        self.reasons = reasons
        self.total = total
        told = "\n".join(f"{name}: {reason}" for name, reason in reasons.items())
        super().__init__(
            f"{len(reasons)} of {total} experiments failed; the others are kept (`ml-assets exp show`).\n"
            f"{told}"
        )


class ColumnUnknown(ExperimentError):
    """Experiments are to be sorted by something that they do not have."""

    def __init__(self, column: str, known: Sequence[str]) -> None:
        self.column = column
        self.known = tuple(known)
        super().__init__(
            f"The experiments have no '{column}' to be sorted by; they have: {', '.join(known) or 'nothing'}."
        )


class DataMissing(ExperimentError):
    """Data that stages read is in DVC's cache no more, or not yet."""

    def __init__(self, paths: Sequence[str], cache: str) -> None:
        self.paths = tuple(paths)
        super().__init__(
            f"DVC's cache '{cache}' does not have {', '.join(paths)}, which stages read. "
            f"Bring it there with `dvc fetch {' '.join(paths)}`, then try again."
        )


class ApplyConflict(ExperimentError):
    """Applying an experiment would overwrite work that is not in it."""

    def __init__(self, name: str, reasons: Sequence[str]) -> None:
        self.name = name
        self.reasons = tuple(reasons)
        told = "\n".join(f"  {reason}" for reason in reasons)
        super().__init__(
            f"Experiment '{name}' is not applied, since it would overwrite what it does not know:\n{told}\n"
            "Commit or stash these changes (`git stash`), or run the experiment again from here; nothing was "
            "changed."
        )


class PromotionRefused(ExperimentError):
    """Git's state does not allow a commit of exactly what an experiment changed."""

    def __init__(self, name: str, reason: str, remedy: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"Experiment '{name}' is not promoted: {reason}. {remedy}")
