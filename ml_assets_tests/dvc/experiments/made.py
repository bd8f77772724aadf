"""Experiments made by hand, in milliseconds: a commit with changed files, and a ref."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ml_assets_tests.factories import run, write


def make_experiment(root: Path, name: str, files: Mapping[str, str], baseline: str = "HEAD") -> str:
    """The commit of an experiment that changed `files` since `baseline`; the workspace stays clean."""
    base = run("git", "rev-parse", baseline, cwd=root).stdout.strip()
    write(root, files)
    run("git", "add", *files, cwd=root)
    tree = run("git", "write-tree", cwd=root).stdout.strip()
    rev = run("git", "commit-tree", tree, "-p", base, "-m", f"dvc: commit experiment {name}", cwd=root).stdout
    run("git", "update-ref", f"refs/exps/{base[:2]}/{base[2:]}/{name}", rev.strip(), cwd=root)
    run("git", "reset", "-q", "--hard", cwd=root)
    return rev.strip()
