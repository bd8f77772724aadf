"""Who holds the locks of a workspace, DVC's and ours, and releases those whose holder is provably gone."""

from __future__ import annotations

import fcntl
import json
import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import zc.lockfile

from ml_assets.dvc.errors import TornRwlock
from ml_assets.dvc.files import replace_file
from ml_assets.dvc.processes import Life, Sighting, look, look_for
from ml_assets.dvc.rwlock import PathClaim, parse, without

SHOWN = 3


@dataclass(frozen=True)
class Hold:
    """One holder of something: who it is by its own words in `file`, and what became of it."""

    file: Path
    on: str
    pid: int
    said: str
    seen: Sighting
    host: str | None = None
    since: datetime | None = None
    claim: PathClaim | None = None
    """Set where the hold is but an entry in DVC's read-write lock; the kernel knows of the others."""

    @property
    def is_stale(self) -> bool:
        """Whether there is nobody behind it. The kernel lets go of its own locks when a process ends."""
        return self.claim is not None and self.seen.life in {Life.DEAD, Life.RECYCLED}

    def __str__(self) -> str:
        return in_words([self])[0]

    @property
    def who(self) -> str:
        """The holder by its own words, since when, and what became of it."""
        began = self.since or self.seen.started
        since = f", since {began.astimezone():%Y-%m-%d %H:%M:%S}" if began and not self.is_stale else ""
        return f"PID {self.pid} (`{self.said}`{since}){self._fate()}"

    def _fate(self) -> str:
        match self.seen.life:
            case Life.DEAD if self.claim is None:
                return f", which is dead, though a process that it started lives (`fuser -v '{self.file}'`),"
            case Life.DEAD:
                return ", which is dead,"
            case Life.RECYCLED:
                return f", which is gone (its number belongs to `{self.seen.command}` now),"
            case Life.ELSEWHERE:
                return f" on host {self.host}"
        return ""


def in_words(holds: Iterable[Hold]) -> tuple[str, ...]:
    """One sentence for each holder, with what it holds."""
    held: dict[str, dict[str, None]] = {}
    for hold in holds:
        held.setdefault(hold.who, {})[hold.on] = None
    return tuple(f"{who} holds {_some(list(things))}" for who, things in held.items())


def _some(things: Sequence[str]) -> str:
    more = f" and {len(things) - SHOWN} more" if len(things) > SHOWN else ""
    return ", ".join(things[:SHOWN]) + more


def path_holds(root: Path) -> tuple[Hold, ...]:
    """Who claims to read or write which paths, by DVC's read-write lock.

    Raises:
        TornRwlock: it was written half, and holds nobody's claim.
    """
    file = _rwlock(root)
    try:
        claims, written = parse(file), _modified(file)
    except FileNotFoundError:
        return ()
    # The PIDs of another host or container mean nothing here.
    writer = writer_hold(root / ".dvc" / "tmp" / "ml_assets")
    elsewhere = writer if writer and writer.seen.life is Life.ELSEWHERE else None
    seen: dict[tuple[int, str], Sighting] = {}
    for claim in claims:
        # A stage claims each of its paths, and looking at a process takes its time.
        if (claim.pid, claim.command) not in seen:
            seen[claim.pid, claim.command] = _seen(claim, written, elsewhere)
    host = elsewhere.host if elsewhere else None
    return tuple(_path_hold(root, claim, seen[claim.pid, claim.command], host) for claim in claims)


def repository_hold(root: Path) -> Hold | None:
    """Who holds the lock of the whole repository, as DVC does while it hashes or pushes; None: nobody."""
    file = root / ".dvc" / "tmp" / "lock"
    text = _held_text(file)
    if text is None or not text.strip().isdigit():
        return None
    pid, seen = int(text), look(int(text))
    return Hold(file, "the repository", pid, seen.command or "unknown", seen, since=_modified(file))


def writer_hold(folder: Path) -> Hold | None:
    """Who holds the write slot whose lock file is in `folder`, see `workspace.writer`; None: nobody."""
    file = folder / "writer.lock"
    try:
        said = json.loads(_held_text(file) or "")
    except ValueError:
        # Free, or taken this moment and not signed yet.
        return None
    here = said["host"] == socket.gethostname()
    seen = look(said["pid"]) if here else Sighting(Life.ELSEWHERE)
    return Hold(file, "the workspace", said["pid"], said["who"], seen, said["host"], _modified(file))


def release_stale(root: Path) -> tuple[Hold, ...]:
    """Take the claims of dead processes and of recycled PIDs out of DVC's read-write lock; returns those.

    DVC itself waits for ever on a PID that another process has by now. A torn file goes as a whole. Nothing
    is done while somebody else is writing the file: call it again.
    """
    file = _rwlock(root)
    if not file.exists():
        return ()
    with _guard(file) as is_ours:
        return _release(root, file) if is_ours else ()


def _release(root: Path, file: Path) -> tuple[Hold, ...]:
    try:
        stale = tuple(hold for hold in path_holds(root) if hold.is_stale)
    except TornRwlock:
        file.unlink(missing_ok=True)
        return ()
    if stale:
        replace_file(file, without(parse(file), [hold.claim for hold in stale]))
    return stale


def blockers(root: Path, message: str) -> tuple[str, ...]:
    """Who it is, in words, that DVC's "busy" message is about; its first line where nobody can be named."""
    try:
        holds = path_holds(root)
    except TornRwlock:
        holds = ()  # goes with the next attempt
    return in_words(hold for hold in holds if f"(PID {hold.pid})" in message) or (message.partition("\n")[0],)


def _seen(claim: PathClaim, written: datetime, elsewhere: Hold | None) -> Sighting:
    if elsewhere:
        return Sighting(Life.ELSEWHERE)
    return look_for(claim.pid, command=claim.command, written=written)


def _path_hold(root: Path, claim: PathClaim, seen: Sighting, host: str | None) -> Hold:
    path = Path(claim.path)
    shown = path.relative_to(root) if path.is_relative_to(root) else path
    return Hold(_rwlock(root), f"'{shown}'", claim.pid, claim.command, seen, host, claim=claim)


def _rwlock(root: Path) -> Path:
    return root / ".dvc" / "tmp" / "rwlock"


def _held_text(file: Path) -> str | None:
    """The content of a lock file that somebody holds; None where nobody does."""
    try:
        with file.open(encoding="utf-8") as stream:
            try:
                # Shared and for a moment: who comes at that moment tries again.
                fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return stream.read()
    except FileNotFoundError:
        pass
    return None


def _modified(file: Path) -> datetime:
    return datetime.fromtimestamp(file.stat().st_mtime, UTC)


@contextmanager
def _guard(file: Path) -> Iterator[bool]:
    """DVC's own lock around changes of the read-write lock, if it is to be had at once."""
    try:
        guard = zc.lockfile.LockFile(str(file.with_suffix(".lock")))
    except zc.lockfile.LockError:
        yield False
        return
    try:
        yield True
    finally:
        guard.close()
