"""The state of a Git workspace at one moment, uncommitted changes included, without touching it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from ml_assets.dvc.git import git, git_code, git_lines, git_top
from ml_assets.dvc.git_errors import NoCommitYet, WorkspaceUnmerged

# Each clone gets copies: more than this in files that Git does not know is data, and belongs into DVC.
LENT_BYTES = 50_000_000
# Our own: the ledger, the MLflow store.
NEVER_LENT = ".ml_assets/"


@dataclass(frozen=True)
class Snapshot:
    """What a clone starts from; all paths are relative to `top`, the Git workspace's top.

    Attributes:
        project: folder of the DVC project; `.` where that is the top.
        baseline: the commit that HEAD named.
        tree: Git's tree of the whole state, `included` files with it.
        included: files that Git does not track and stages declare: they belong to the state.
        lent: other files that Git does not track; clones get copies, which never become part of a commit.
        left_out: the largest of those, which would be too much to copy.
    """

    top: str
    project: str
    baseline: str
    tree: str
    included: tuple[str, ...] = ()
    lent: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def take_snapshot(
    root: Path, *, declared: Collection[str] = (), contents: Mapping[str, str] | None = None
) -> Snapshot:
    """The state of the Git workspace around the DVC project at `root`.

    Args:
        declared: files and folders that stages declare, relative to `root`.
        contents: path relative to `root` → the text that the snapshot shall have there instead.

    Nothing changes but Git's store of objects, by objects that no commit names.

    Raises:
        NoGitRepository, NoCommitYet, WorkspaceUnmerged, GitFailed.
    """
    top = git_top(root)
    baseline = head_commit(top)
    project = root.resolve().relative_to(top.resolve())
    wanted = [(project / path).as_posix() for path in declared]
    untracked = git_lines(top, "ls-files", "--others", "--exclude-standard", "-z")
    included = _below(untracked, wanted)
    replaced = {(project / path).as_posix(): text for path, text in (contents or {}).items()}
    known = {*included, *replaced}
    others = [path for path in (*untracked, *_ignored(top, wanted)) if path not in known]
    lent, left_out = _small_enough(top, [path for path in others if NEVER_LENT not in path])
    return Snapshot(
        top=str(top),
        project=project.as_posix(),
        baseline=baseline,
        tree=_write_tree(top, included, replaced),
        included=tuple(included),
        lent=lent,
        left_out=left_out,
    )


def snapshot_of_commit(root: Path, commit: str) -> Snapshot:
    """The state that a commit holds, whatever the workspace around `root` looks like now."""
    top = git_top(root)
    project = root.resolve().relative_to(top.resolve()).as_posix()
    tree = git(top, "rev-parse", "--verify", f"{commit}^{{tree}}")
    return Snapshot(top=str(top), project=project, baseline=commit, tree=tree)


def head_commit(top: Path) -> str:
    """The commit that HEAD names.

    Raises:
        NoCommitYet: there is none.
    """
    code, output = git_code(top, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if code:
        raise NoCommitYet(top)
    return output


def copy_lent(snapshot: Snapshot, folder: Path) -> None:
    """Keep copies of the lent files in `folder`: what is edited later must not reach a later clone."""
    for path in snapshot.lent:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(Path(snapshot.top, path), target, follow_symlinks=False)


def _ignored(top: Path, wanted: Collection[str]) -> tuple[str, ...]:
    """Declared files that Git is told to ignore, and that DVC does not track either."""
    if not wanted:
        return ()
    return git_lines(top, "ls-files", "--others", "--ignored", "--exclude-standard", "-z", "--", *wanted)


def _small_enough(top: Path, paths: Collection[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The small files that together are not too much, and the others."""
    sizes = {path: (top / path).lstat().st_size for path in paths}
    small, total = [], 0
    for path in sorted(sizes, key=sizes.__getitem__):
        total += sizes[path]
        if total <= LENT_BYTES:
            small.append(path)
    return tuple(sorted(small)), tuple(sorted(set(paths) - set(small)))


def _below(paths: Collection[str], wanted: Collection[str]) -> list[str]:
    folders = tuple(f"{path}/" for path in wanted)
    return [path for path in paths if path in wanted or path.startswith(folders)]


def _write_tree(top: Path, included: Collection[str], contents: Mapping[str, str]) -> str:
    """Git's tree of the workspace, made in a copy of the index."""
    index = Path(git(top, "rev-parse", "--path-format=absolute", "--git-path", "index"))
    with tempfile.TemporaryDirectory(prefix="ml_assets-") as folder:
        copy = Path(folder, "index")
        if index.exists():
            shutil.copy2(index, copy)
        env = {"GIT_INDEX_FILE": str(copy)}
        if unmerged := git(top, "diff", "--name-only", "--diff-filter=U", env=env):
            raise WorkspaceUnmerged(top, unmerged.splitlines())
        git(top, "add", "--update", "--", ".", env=env)
        if included:
            git(
                top,
                "add",
                "--pathspec-from-file=-",
                "--pathspec-file-nul",
                stdin="\0".join(included),
                env=env,
            )
        for path, text in contents.items():
            blob = git(top, "hash-object", "-w", "--stdin", stdin=text)
            git(top, "update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", env=env)
        return git(top, "write-tree", env=env)
