"""Whether stages run in the environment that is looked at, or in another one without anybody noticing."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from ml_assets.doctor.finding import Finding, info, warning
from ml_assets.doctor.site import Site
from ml_assets.dvc.manifest import Stage

PYTHON = re.compile(r"python(\d+(\.\d+)?)?$")
# Programs that start the command after them in an environment of their choice.
LAUNCHERS = {"conda", "mamba", "micromamba", "poetry", "pipenv", "uv", "hatch", "pdm", "pixi", "rye"}


def stage_interpreters(site: Site) -> Iterator[Finding]:
    """A stage that names an interpreter or a launcher gets that one, also below `ml-assets` and Dagster."""
    for stage in site.manifest.stages:
        for word, chosen in _chosen(site, stage):
            yield warning(
                f"stage '{stage.name}' in {stage.file}",
                f"`{word}` runs it with {chosen}, not with {sys.prefix}, whose packages are what is recorded",
                "call `python` alone; `ml-assets` and Dagster put their own environment first",
            )


def python_by_hand(site: Site) -> Iterator[Finding]:
    """`dvc repro` by hand takes whatever PATH says."""
    uses = [
        stage.name
        for stage in site.manifest.stages
        if any(_words(cmd)[:1] == ["python"] for cmd in stage.cmd)
    ]
    found = shutil.which("python", path=site.environ.get("PATH", os.defpath))
    if uses and (found is None or Path(found).absolute().parent != _own_folder()):
        yield info(
            "PATH",
            f"`dvc repro` by hand runs stages with {found or 'no python at all'}, `ml-assets repro` with "
            f"{_own_folder()}/python",
            f'`export PATH="{_own_folder()}:$PATH"`',
        )


def _chosen(site: Site, stage: Stage) -> Iterator[tuple[str, str]]:
    """The words that choose another interpreter, and which."""
    for command in stage.cmd:
        for word in _words(command):
            if word in LAUNCHERS:
                yield word, f"the environment of {word}"
            elif PYTHON.fullmatch(Path(word).name) and not _is_ours(site, stage, word):
                yield word, word if "/" in word else f"the {word} in PATH"


def _words(command: str) -> list[str]:
    """The words of a command that are run: the first, and those after `&&`, `;` and the like."""
    try:
        words = list(shlex.shlex(command, posix=True, punctuation_chars=True))
    except ValueError:
        return []
    starts = [0, *(at + 1 for at, word in enumerate(words) if set(word) <= set("&;|("))]
    return [words[at] for at in starts if at < len(words)]


def _is_ours(site: Site, stage: Stage, word: str) -> bool:
    if "/" in word:
        # Compared by folder: the interpreters of two environments are links to the same file.
        return Path(os.path.normpath(site.root / stage.wdir / word)).parent == _own_folder()
    return (_own_folder() / word).exists()


def _own_folder() -> Path:
    return Path(sys.executable).absolute().parent
