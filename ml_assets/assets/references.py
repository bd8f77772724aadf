"""Where an asset comes from: the line of its stage in dvc.yaml, and the scripts that its command names."""

from __future__ import annotations

import posixpath
import warnings
from collections.abc import Iterator

from dagster import BetaWarning, CodeReferencesMetadataValue, LocalFileCodeReference

from ml_assets.dvc.closure import import_closure
from ml_assets.dvc.manifest import Stage
from ml_assets.dvc.project import DvcProject

META_KEY_REFERENCES = "dagster/code_references"
"""Dagster's own key, by which its UI finds them."""


def code_references(project: DvcProject, stage: Stage) -> CodeReferencesMetadataValue:
    """References on this machine; `dagster.link_code_references_to_git` makes links to a Git host of them."""
    lines = {stage.file: stage.line, **dict.fromkeys(_named_scripts(project, stage), 1)}
    with warnings.catch_warnings():
        # They say so for each stage, whenever a code location loads, and nobody can act on it.
        warnings.simplefilter("ignore", BetaWarning)
        return CodeReferencesMetadataValue(
            code_references=[
                LocalFileCodeReference(file_path=str(project.root / file), line_number=line, label=file)
                for file, line in lines.items()
            ]
        )


def _named_scripts(project: DvcProject, stage: Stage) -> Iterator[str]:
    words = {word for line in stage.cmd for word in line.split()}
    for file in import_closure(project.root, stage, code=project.code()):
        module = file.removesuffix(".py").removesuffix("/__main__").replace("/", ".")
        if posixpath.relpath(file, stage.wdir) in words or module in words:
            yield file
