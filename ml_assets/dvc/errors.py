"""What can go wrong between us and DVC: one class a cause, each naming the place and the remedy."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from ml_assets.errors import ForeseenError

SHOWN_DAMAGES = 10
MOST_NAMES = 12


class DvcBridgeError(ForeseenError):
    """Base of this room's errors."""


class NotADvcProject(DvcBridgeError):
    """No DVC repository at or above a folder."""

    def __init__(self, start: Path) -> None:
        self.start = start
        super().__init__(
            f"No DVC repository (a folder with `.dvc/`) at or above '{start}'. "
            "Run from inside one, or make one with `git init && dvc init`."
        )


class ManifestFailed(DvcBridgeError):
    """DVC could not resolve the pipeline files; `file`, relative to `root`, is the one that it refused."""

    def __init__(
        self, root: Path, reason: str, *, file: str | None = None, remedy: str | None = None
    ) -> None:
        self.root = root
        self.file = file
        remedy = remedy or (f"Mend '{file}'" if file else "Mend what it names")
        super().__init__(
            f"DVC cannot read the pipeline in '{root}':\n{reason}\n"
            f"{remedy}; `dvc stage list --all` must work first."
        )


class MergeUnfinished(ManifestFailed):
    """A pipeline file, a .dvc file or a dvc.lock holds the marks of a merge that nobody finished."""

    def __init__(self, root: Path, file: str) -> None:
        choice = f"`git checkout --ours -- '{file}'` (or `--theirs`) and `git add '{file}'`"
        kept = ", then run: what the other side computed comes from the run cache"
        super().__init__(
            root,
            f"'{file}' holds the marks of an unfinished merge (<<<<<<<, =======, >>>>>>>).",
            file=file,
            remedy=f"Choose a side by {choice}{kept if file.endswith('dvc.lock') else ''}",
        )


class LockTooOld(ManifestFailed):
    """A dvc.lock of DVC 1, which has no `schema:`; DVC 3 does not read it."""

    def __init__(self, root: Path, file: str) -> None:
        super().__init__(
            root,
            f"'{file}' was written by DVC 1: it has no `schema:`.",
            file=file,
            remedy=f"Remove it (`rm '{file}'`), then run the stages, or take their outputs as they are by "
            "`dvc commit -f`",
        )


class StageInDvcFile(ManifestFailed):
    """A .dvc file with a command, as DVC before 1.0 kept stages; DVC 3 does not read it."""

    def __init__(self, root: Path, file: str) -> None:
        super().__init__(
            root,
            f"'{file}' holds a stage (`cmd:`), as DVC wrote them before dvc.yaml.",
            file=file,
            remedy="Make it a stage of dvc.yaml by `dvc stage add -n NAME -d … -o … COMMAND` with what it "
            f"says, and remove it: `rm '{file}'`",
        )


class DepsNotWritable(DvcBridgeError):
    """Dependencies could not be added to a dvc.yaml, which is as it was before."""

    def __init__(self, file: str, stage: str, paths: tuple[str, ...], reason: str) -> None:
        self.file = file
        self.stage = stage
        self.paths = paths
        super().__init__(
            f"'{file}' was left as it was: {', '.join(paths)} cannot be added to the deps of stage "
            f"'{stage}': {reason}. Add what is missing by hand; `ml-assets deps --check` tells when it is "
            "complete."
        )


class LockFileUnreadable(DvcBridgeError):
    """A dvc.lock or .dvc file that is no YAML mapping, most likely cut short."""

    def __init__(self, path: Path, reason: str, *, restore: str = "") -> None:
        self.path = path
        super().__init__(
            f"'{path}' cannot be read ({reason}). Restore it by `git checkout {restore}-- {path.name}` or "
            "from the newest record (`ml-assets show`), then run again: DVC's cache keeps what was computed."
        )


class StageFailed(DvcBridgeError):
    """A stage's command, or DVC around it, failed."""

    def __init__(self, stage: str, reason: str, tail: tuple[str, ...] = ()) -> None:
        self.stage = stage
        self.tail = tail
        last = "".join(f"\n  | {line}" for line in tail)
        super().__init__(
            f"Stage '{stage}' failed: {reason}{last}\n"
            f"Mend it and run again (by hand: `dvc repro {stage}`); stages that are done are not run twice."
        )


class TornRwlock(DvcBridgeError):
    """DVC's read-write lock was cut short by a kill: all `dvc` commands fail at it, and it holds no claim."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"'{path}' is no whole JSON, so that `dvc` fails. Remove it: `rm '{path}'`.")


class SourceMissing(DvcBridgeError):
    """A path that a .dvc file tracks is not in the workspace, as after a `git clone`."""

    def __init__(self, path: str, file: str) -> None:
        self.path = path
        self.file = file
        super().__init__(
            f"The data '{path}', which {file} tracks, is not here. Bring it by `dvc pull {file}`, "
            f"or `dvc checkout {file}` where the cache has it; then run again."
        )


class OutputOutside(DvcBridgeError):
    """An output is outside the repository and should be cached, which DVC 3 does not do."""

    def __init__(self, stage: str, file: str, path: str) -> None:
        self.stage = stage
        self.path = path
        super().__init__(
            f"Stage '{stage}' of {file} cannot run: its output '{path}' is outside the repository, where "
            "DVC 3 caches nothing. Write it inside, or set `cache: false` on it."
        )


class StageBlocked(DvcBridgeError):
    """Other processes kept what a stage needs for longer than we wait."""

    def __init__(self, stage: str, holders: tuple[str, ...], seconds: float) -> None:
        self.stage = stage
        self.holders = holders
        super().__init__(
            f"Stage '{stage}' waited {seconds:.0f} s in vain: {'; '.join(holders)}.\n"
            "Let that process end, or stop it, and run again; `ml-assets doctor` shows what is held."
        )


class DependencyChanged(DvcBridgeError):
    """A dependency changed while the stage that reads it ran, so its result belongs to neither version."""

    def __init__(self, stage: str, paths: tuple[str, ...]) -> None:
        self.stage = stage
        self.paths = paths
        super().__init__(
            f"{', '.join(paths)} changed while stage '{stage}' was running; "
            "its result was not recorded. Run it again."
        )


class RunCancelled(DvcBridgeError):
    """The run was told to stop, and its command was stopped."""

    def __init__(self, stage: str) -> None:
        self.stage = stage
        super().__init__(f"Stage '{stage}' was stopped on request; run again to finish it.")


class UnknownStage(DvcBridgeError):
    """A name that no dvc.yaml has."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        self.name = name
        shown = known if len(known) <= MOST_NAMES else get_close_matches(name, known, MOST_NAMES, 0.0)
        rest = f" and {len(known) - MOST_NAMES} more" if len(known) > MOST_NAMES else ""
        super().__init__(
            f"There is no stage '{name}' in dvc.yaml; it has: {', '.join(shown)}{rest}. "
            "`ml-assets repro --dry` names all of them."
        )


class DiskFull(DvcBridgeError):
    """A disk, a quota or a file size limit was reached."""

    def __init__(self, path: Path, doing: str) -> None:
        self.path = path
        super().__init__(
            f"The disk of '{path}' is full: {doing} was not finished, and nothing of it was recorded.\n"
            "Free some space there and run again. Leftovers of copies that broke off may be deleted while no "
            "DVC runs: `find \"$(dvc cache dir)\" -name '.*.tmp' -delete`."
        )


class NotWritable(DvcBridgeError):
    """The cache or the workspace is read-only for this process."""

    def __init__(self, path: Path, doing: str, reason: str) -> None:
        self.path = path
        super().__init__(
            f"'{path}' cannot be written ({reason}): {doing} was not finished, and nothing of it was "
            "recorded.\nMake it writable for this user, or, if it belongs to a shared cache, use one of this "
            "project's own: `dvc cache dir --local .dvc/cache`. Then run again."
        )


class CacheDamaged(DvcBridgeError):
    """Objects of DVC's cache are not what their names say, and were kept from being pushed."""

    def __init__(self, damages: tuple[str, ...], remedies: tuple[str, ...]) -> None:
        self.damages = damages
        self.remedies = remedies
        shown = "".join(f"\n  {damage}" for damage in damages[:SHOWN_DAMAGES])
        more = f"\n  and {len(damages) - SHOWN_DAMAGES} more" if len(damages) > SHOWN_DAMAGES else ""
        super().__init__(
            f"Nothing was pushed, since DVC's cache is damaged:{shown}{more}\n"
            f"Mend it in the project's folder: `{' && '.join(remedies)}`, and run again."
        )


class TransferFailed(DvcBridgeError):
    """A push to or a pull from a DVC remote did not finish."""

    def __init__(self, verb: str, remote: str | None, reason: str) -> None:
        self.remote = remote
        name = remote or "the default remote"
        flag = f" -r {remote}" if remote else ""
        super().__init__(
            f"`dvc {verb}` with {name} failed: {reason}\n"
            "Check its URL in .dvc/config, AWS_ENDPOINT_URL and the credentials in the environment, then try "
            f"`dvc {verb}{flag}` by hand. Set ML_ASSETS_REMOTE to an empty string to work without a remote."
        )


class ParamsUnreadable(DvcBridgeError):
    """A params file is missing or cannot be parsed."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        super().__init__(
            f"The params file '{path}' cannot be read: {reason}. Mend it; stages declare keys of it."
        )


class NoStages(DvcBridgeError):
    """There is a repository, and no dvc.yaml with a stage in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        super().__init__(f"No dvc.yaml below '{root}' has a stage. Add one with `dvc stage add`.")


class RemoteUnknown(DvcBridgeError):
    """A remote is named that no DVC configuration has."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        self.name = name
        super().__init__(
            f"There is no DVC remote '{name}'; the configuration has: {', '.join(known) or 'none'}. Correct "
            "`remote` in [tool.ml_assets] or ML_ASSETS_REMOTE, or add it: `dvc remote add NAME URL`."
        )


class PreloadInvalid(DvcBridgeError):
    """`meta.dagster.preload` of a stage is no list of module names."""

    def __init__(self, stage: str, file: str, found: object) -> None:
        self.stage = stage
        self.found = found
        super().__init__(
            f"`meta.dagster.preload` of stage '{stage}' in {file} is {found!r}: give a list of the modules "
            "that shall be loaded before the stage starts, such as [pandas, sklearn.ensemble]."
        )


class WarmServerDied(DvcBridgeError):
    """The process that a stage was forked from was killed, and the stage with it."""

    def __init__(self, stage: str) -> None:
        self.stage = stage
        super().__init__(
            f"Stage '{stage}' was stopped: the process that had preloaded its libraries was killed, most "
            "often for want of memory, and nobody could tell how the stage would end. Run it again, if "
            "need be with `--cold` or without `meta.dagster.preload` in dvc.yaml."
        )


class NoRemote(DvcBridgeError):
    """Something is to be pulled or pushed, and there is no remote."""

    def __init__(self, root: Path) -> None:
        self.root = root
        super().__init__(
            f"No DVC remote is configured for '{root}'. Add one, `dvc remote add -d NAME URL`, or run "
            "without --pull and --push."
        )
