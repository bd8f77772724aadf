"""A feature of DVC's language as a small project, and edits after which it runs again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ml_assets_tests.language.plain_dvc import PlainDvc

Files = Mapping[str, str]


Prepare = Callable[[Path, Path, PlainDvc], None]


def nothing(root: Path, outside: Path, plain: PlainDvc) -> None:
    """What most features need beside their files."""


@dataclass(frozen=True)
class Feature:
    """Files of a project that shows one feature.

    Attributes:
        setup: `dvc` commands that make .dvc files and configuration, before the first commit.
        at_root: files that belong into the repository's root, wherever the others are.
        edits: each is a set of files to write, after which the project runs again.
        outside: files in a folder outside the repository, whose absolute path is `OUTSIDE` in `files`
            and `setup`.
        prepare: does what text files cannot, such as links, before `setup`; gets the project, the folder
            outside and the `dvc` command.
        restless: stages, by their names in the feature's dvc.yaml, that DVC itself takes up each time.
        alone: it needs the repository's root.
    """

    name: str
    files: Files
    setup: tuple[tuple[str, ...], ...] = ()
    at_root: Files = field(default_factory=dict)
    edits: tuple[Files, ...] = ()
    outside: Files | None = None
    prepare: Prepare = nothing
    restless: tuple[str, ...] = ()
    alone: bool = False


OUTSIDE = "@outside@"
