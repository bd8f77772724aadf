"""The files that say what the data is: whole, without marks of a conflict, and in Git."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ml_assets.doctor.finding import Finding, error, info, warning
from ml_assets.doctor.site import Site
from ml_assets.dvc.errors import LockFileUnreadable
from ml_assets.dvc.lockfile import LockedStage, read_dvc_file, read_lock
from ml_assets.dvc.manifest import Stage

PATTERNS = ("dvc.lock", "dvc.yaml", "*.dvc", "params.yaml")
MARKS = ("<<<<<<< ", ">>>>>>> ")


def conflicts(site: Site) -> Iterator[Finding]:
    """Marks of an unfinished merge."""
    for file in _files(site, *PATTERNS):
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        if any(line.startswith(MARKS) for line in lines):
            name = file.relative_to(site.root)
            again = " && dvc repro" if file.suffix == ".lock" else ""
            yield error(
                name, "it has the marks of a merge conflict", f"`git checkout --ours -- {name}{again}`"
            )


def torn_locks(site: Site) -> Iterator[Finding]:
    """Cut short by a kill: often still readable, and accepted by DVC without a word."""
    declared = {stage.name: stage for stage in site.manifest.stages}
    for file in _files(site, "dvc.lock"):
        name = file.relative_to(site.root)
        prefix = "" if name == Path("dvc.lock") else f"{name.with_suffix('.yaml')}:"
        try:
            locked = read_lock(file.read_text(encoding="utf-8"), path=file)
        except (LockFileUnreadable, KeyError, TypeError, AttributeError) as torn:
            reason = (
                str(torn).partition(". ")[0] if isinstance(torn, LockFileUnreadable) else "an entry is cut"
            )
            yield error(name, f"it cannot be read: {reason}", f"`git checkout -- {name} && dvc repro`")
            continue
        for stage, entry in locked.items():
            if _is_cut(declared.get(prefix + stage), entry):
                yield error(
                    name,
                    f"the entry of stage '{stage}' is cut short: it has no outputs, or none with a hash",
                    f"`git checkout -- {name}`, or `dvc repro -f {prefix}{stage}`",
                )
    yield from _torn_sources(site)


def lock_in_git(site: Site) -> Iterator[Finding]:
    """dvc.lock is what a clone gets its data by."""
    if not site.in_git:
        return
    for file in _files(site, "dvc.lock", ignored=True):
        name = file.relative_to(site.root)
        if site.git("check-ignore", "-q", "--no-index", str(name)) is not None:
            yield warning(
                name,
                "Git ignores it, so that no clone knows which data belongs to a commit",
                f"take its line out of .gitignore (`git check-ignore -v {name}`), then `git add {name}`",
            )
        elif site.git("status", "--porcelain", "--", str(name)):
            yield info(name, "it differs from the last commit", f"`git commit -m 'dvc.lock' -- {name}`")


def _torn_sources(site: Site) -> Iterator[Finding]:
    for file in _files(site, "*.dvc"):
        try:
            read_dvc_file(file)
        except (LockFileUnreadable, KeyError, TypeError, AttributeError):
            name = file.relative_to(site.root)
            yield error(name, "it cannot be read, most likely cut short", f"`git checkout -- {name}`")


def _is_cut(stage: Stage | None, entry: LockedStage) -> bool:
    return (
        stage is not None and bool(stage.outs) and (not entry.outs or any(not out.md5 for out in entry.outs))
    )


def _files(site: Site, *patterns: str, ignored: bool = False) -> list[Path]:
    """The files of these names that Git has or would take; without Git, those at the top."""
    names = [pattern for each in patterns for pattern in (each, f"**/{each}")]
    which = ("--cached", "--others") if ignored else ("--cached", "--others", "--exclude-standard")
    listed = site.git("ls-files", "-z", *which, "--", *(f":(glob){name}" for name in names))
    if listed is None:
        return sorted(file for each in patterns for file in site.root.glob(each) if file.is_file())
    found = {site.root / name for name in listed.split("\0") if name}
    return sorted(
        file for file in found if file.is_file() and ".dvc" not in file.relative_to(site.root).parts
    )
