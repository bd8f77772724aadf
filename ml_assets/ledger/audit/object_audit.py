"""The objects that records name: whether they are on the remote, and, read whole, still the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING

from ml_assets.dvc.sha256 import listing_sha256
from ml_assets.ledger.audit.findings import Finding
from ml_assets.ledger.audit.named import Mention

if TYPE_CHECKING:
    from ml_assets.dvc._internals.remote_store import RemoteStore

AT_ONCE = 2_000
FEW = 5


class ObjectAudit:
    """Looks at what `named` names on the remote at `url`; `findings` grow meanwhile."""

    def __init__(
        self,
        store: RemoteStore,
        named: Mapping[str, Mention],
        *,
        url: str,
        on_seen: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.findings: list[Finding] = []
        self.seen = 0
        self._store = store
        self._named = named
        self._url = url
        self._on_seen = on_seen
        self._told: set[str] = set()
        self._places: dict[str, list[tuple[str, str]]] = {}
        """File → folders that have it, and where in them."""

    def present(self) -> None:
        """Look whether all is there, each object once."""
        self._look_for(self._named, self._named.__getitem__)
        asked: set[str] = set(self._named)
        for md5 in self._folders():
            files = self._listing(md5)
            new = set(files.values()) - asked
            asked |= new
            self._look_for(new, self._in_folders)

    def read_all(self) -> None:
        """Read each object whole, and compare it with its name and with the SHA-256 that records have."""
        alone = {md5: mention for md5, mention in self._named.items() if not md5.endswith(".dir")}
        known = self._read(alone, alone.__getitem__)
        for md5, mention in alone.items():
            self._compare(md5, known.get(md5), mention)
        listings = {md5: self._named[md5] for md5 in self._folders()}
        self._read(listings, listings.__getitem__)
        for md5 in listings:
            files = self._listing(md5)
            known |= self._read(set(files.values()) - known.keys() - self._told, self._in_folders)
            if all(name in known for name in files.values()):
                whole = listing_sha256({path: known[name] for path, name in files.items()})
                self._compare(md5, whole, self._named[md5])

    def _folders(self) -> list[str]:
        return [md5 for md5 in self._named if md5.endswith(".dir")]

    def _listing(self, md5: str) -> dict[str, str]:
        try:
            return self._store.listing(md5) or {}
        except ValueError as error:
            self._tell(md5, f"it is no listing of a folder: {error}", self._named[md5])
            return {}

    def _look_for(self, md5s: Collection[str], mention: Callable[[str], Mention]) -> None:
        for some in _batches(md5s):
            for md5 in sorted(set(some) - self._store.have(some)):
                self._tell(md5, "it is missing on the remote", mention(md5))
            self._count(len(some))

    def _read(self, md5s: Collection[str], mention: Callable[[str], Mention]) -> dict[str, str]:
        """MD5 → SHA-256 of what could be read and is what its name says."""
        found: dict[str, str] = {}
        for some in _batches(md5s):
            with ThreadPoolExecutor(self._store.readers) as pool:
                for md5, content in zip(some, pool.map(self._store.content, some), strict=True):
                    if content is None:
                        self._tell(md5, "it is missing on the remote", mention(md5))
                    elif content.md5 != md5.removesuffix(".dir"):
                        self._tell(md5, f"its bytes were changed: their MD5 is {content.md5}", mention(md5))
                    else:
                        found[md5] = content.sha256
                    self._count(1)
        return found

    def _compare(self, md5: str, sha256: str | None, mention: Mention) -> None:
        if sha256 is not None and mention.sha256 is not None and sha256 != mention.sha256:
            problem = f"other bytes of the same MD5: SHA-256 {sha256} instead of {mention.sha256}"
            self._tell(md5, problem, mention)

    def _in_folders(self, md5: str) -> Mention:
        """Where a file of folders is named, by the records of all of them; asked of what is damaged."""
        if not self._places:
            for each in self._folders():
                for path, file in self._listing(each).items():
                    self._places.setdefault(file, []).append((each, path))
        folders = [self._named[folder] for folder, _ in self._places[md5]]
        path = f"{folders[0].path}/{self._places[md5][0][1]}"
        return Mention(
            path, folders[0].stage, sorted({number for each in folders for number in each.records})
        )

    def _tell(self, md5: str, problem: str, mention: Mention) -> None:
        if md5 in self._told:
            return
        self._told.add(md5)
        where = f"{self._url}/files/md5/{md5[:2]}/{md5[2:]}"
        records = tuple(mention.records[:FEW])
        self.findings.append(Finding("object", where, problem, records, mention.path, mention.stage))

    def _count(self, more: int) -> None:
        self.seen += more
        self._on_seen(self.seen)


def _batches(md5s: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(md5s)
    while some := list(islice(rest, AT_ONCE)):
        yield some
