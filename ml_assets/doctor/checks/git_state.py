"""Whether there is a Git to record the code in."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from ml_assets.doctor.finding import Finding, error, warning
from ml_assets.doctor.site import Site


def git_state(site: Site) -> Iterator[Finding]:
    """Git installed, a repository, a first commit."""
    if shutil.which("git", path=site.environ.get("PATH")) is None:
        yield error("git", "it is not installed, or not in PATH", "`apt-get install git`, or add it to PATH")
    elif not site.in_git:
        yield warning(
            site.root,
            "it is in no Git repository (or one that Git refuses): records cannot name the code that ran",
            f"`git init`, or `git config --global --add safe.directory '{site.root}'`",
        )
    elif site.git("rev-parse", "--verify", "--quiet", "HEAD") is None:
        yield warning(
            site.root,
            "there is no commit yet: records cannot name the code, no clone and no experiment can be made",
            "`git add -A && git commit -m start`",
        )
