"""Changed params in Hydra's syntax: sweeps multiplied out, mistakes found, files written."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ml_assets.dvc.experiments.errors import OverrideInvalid

Overrides = Mapping[str, tuple[str, ...]]
"""Params file, relative to the project's root → overrides of it."""


def expand(texts: Sequence[str]) -> tuple[Overrides, ...]:
    """One combination of overrides for each experiment that `texts` ask for; a single empty one for none.

    Raises:
        OverrideInvalid: a text is not in Hydra's syntax, or sweeps in a way that has no end.
    """
    from ml_assets.dvc._internals.experiments import expand_sweeps, split_by_file

    by_file = split_by_file(texts)
    with _explained(texts, Path("params.yaml" if len(by_file) != 1 else next(iter(by_file)))):
        combinations = expand_sweeps(by_file)
    return tuple({path: tuple(each) for path, each in found.items()} for found in combinations)


def check(root: Path, overrides: Overrides, *, composed: str | None) -> None:
    """Try `overrides` on copies of the params files of the project at `root`.

    `composed` is the file that Hydra will write as a whole, for which the copy says nothing.

    Raises:
        OverrideInvalid: naming file and key.
    """
    from ml_assets.dvc._internals.experiments import override_file

    with tempfile.TemporaryDirectory(prefix="ml_assets-") as folder:
        for path, texts in overrides.items():
            if path == composed:
                continue
            if not (root / path).is_file():
                raise OverrideInvalid(texts, root / path, "there is no such file")
            copy = Path(shutil.copy(root / path, folder))
            with _explained(texts, root / path):
                override_file(copy, texts)


def apply(repo: Any, overrides: Overrides) -> None:
    """Write `overrides` into the params files of `repo`, the project in the working directory.

    Raises:
        OverrideInvalid: naming the files.
    """
    from ml_assets.dvc._internals.experiments import update_params

    texts = [text for each in overrides.values() for text in each]
    with _explained(texts, Path(", ".join(overrides) or "params.yaml")):
        update_params(repo, overrides)


@contextmanager
def _explained(texts: Sequence[str], path: Path) -> Iterator[None]:
    from ml_assets.dvc._internals.experiments import OVERRIDE_ERRORS

    try:
        yield
    except OVERRIDE_ERRORS as error:
        raise OverrideInvalid(texts, path, _reason(error)) from error


def _reason(error: BaseException) -> str:
    """The innermost error's words, without the state of Hydra's objects and links into its manual."""
    while (below := error.__cause__) is not None:
        error = below
    lines = str(error).splitlines()
    return "\n".join(line for line in lines if not line.startswith((" ", "See http")))
