"""A small project with a landing zone of its own, and an audit of what the intake promises about it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import dataframely as dy

from ml_assets.dvc._internals.repo import open_repo
from ml_assets.dvc.tracked import TrackedFolder
from ml_assets.landing.history import History
from ml_assets.landing.intake import IntakeResult, open_journal, take_in
from ml_assets.landing.journal.store import Journal
from ml_assets.landing.schema_in_force import SCHEMA_FILE
from ml_assets.landing.settings import LandingSettings
from ml_assets.ledger.chain import verify
from ml_assets.ledger.origin import collect
from ml_assets.ledger.record import IntakeRecord
from ml_assets.ledger.store import Ledger
from ml_assets_tests.factories import run, write

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Numbers(dy.Schema):
    """One number a row, of one day."""

    date = dy.Date(nullable=False)
    number = dy.Int64(nullable=False)


@dataclass(frozen=True)
class NumbersOfADay:
    schema: type[dy.Schema] = Numbers
    date_columns: tuple[str, ...] = ("date",)
    file_name: str = "%Y-%m-%d.csv"


CONTRACTS = {"numbers": NumbersOfADay()}
BAD = "date,number\n2013-01-01,many\n"


def rows(day: int, *numbers: int) -> str:
    return "date,number\n" + "".join(f"2013-01-{day:02},{number}\n" for number in numbers)


@dataclass(frozen=True)
class Site:
    """The project at `root`, whose landing zone is `landing/` of `bucket`."""

    root: Path
    bucket: str
    client: S3Client
    ledger_url: str
    settings: LandingSettings
    remote: str | None = None
    told: list[str] = field(default_factory=list)

    @property
    def ledger(self) -> Ledger:
        return Ledger.open(self.ledger_url, root=self.root)

    @property
    def journal(self) -> Journal:
        return open_journal(self.settings, self.root)

    @property
    def raw(self) -> TrackedFolder:
        return TrackedFolder(self.root, "data/raw")

    def put(self, day: int, text: str) -> None:
        """Land a file of one day of January 2013."""
        self.client.put_object(Bucket=self.bucket, Key=f"landing/{name_of(day)}", Body=text.encode())

    def take_in(
        self, progress: Callable[[str], None] | None = None, *, batch: str | None = None
    ) -> IntakeResult:
        return take_in(
            client=self.client,
            settings=self.settings,
            ledger=self.ledger,
            raw=self.raw,
            remote=self.remote,
            origin=lambda: collect(self.root),
            progress=progress or self.told.append,
            batch=batch,
        )

    def records(self) -> list[IntakeRecord]:
        return [record for record in self.ledger.records() if isinstance(record, IntakeRecord)]

    def files(self) -> dict[str, str]:
        """Text by path below raw, of all that landed."""
        found = (path for path in self.raw.path.rglob("*") if path.is_file() and path.name != SCHEMA_FILE)
        return {str(path.relative_to(self.raw.path)): path.read_text() for path in found}

    def clone(self, root: Path) -> Site:
        """The same project elsewhere: ledger, bucket and DVC remote are shared, cache and files are not."""
        run("git", "clone", "-q", self.root, root, cwd=self.root)
        return replace(self, root=root, told=[])


def make_site(folder: Path, *, template: Path, bucket: str, client: S3Client) -> Site:
    """A copy of the project `template` in `folder`, with a ledger and a DVC remote beside it."""
    root = folder / "project"
    shutil.copytree(template, root)
    config = f"[core]\n    remote = store\n['remote \"store\"']\n    url = {folder / 'project-remote'}\n"
    write(root, {".dvc/config": config})
    run("git", "commit", "-qam", "remote", cwd=root)
    url = (folder / "ledger").as_uri()
    return Site(root=root, bucket=bucket, client=client, ledger_url=url, settings=settings_of(bucket))


def settings_of(bucket: str) -> LandingSettings:
    return LandingSettings(bucket=bucket, contracts=f"{__name__}:CONTRACTS", batch_wait_seconds=0)


def audit(site: Site) -> None:
    """What has to be true of a site after any intake that ended, whatever was killed before it."""
    verify(site.ledger.records())
    _audit_generations(site)
    _audit_raw(site)
    assert not (site.root / ".dvc/tmp/ml_assets/intake.json").exists()
    staging = site.root / ".dvc/tmp/ml_assets/staging"
    assert [each for each in staging.iterdir() if each.is_dir()] == []


def _audit_generations(site: Site) -> None:
    """Each generation that was there is committed once: no key's history says one twice in a row."""
    history: dict[str, list[str]] = {}
    for record in site.records():
        landed = [(each.key, each.etag) for each in record.landed]
        for key, etag in [*landed, *((each.key, each.etag) for each in record.quarantined)]:
            history.setdefault(key, []).append(etag)
    for key, etags in history.items():
        assert all(one != following for one, following in pairwise(etags)), f"{key}: {etags}"
    listed = site.client.list_objects_v2(Bucket=site.bucket, Prefix="landing/")["Contents"]
    assert {each["Key"]: each["ETag"].strip('"') for each in listed} == {
        key: etags[-1] for key, etags in history.items()
    }


def _audit_raw(site: Site) -> None:
    """The newest record's .dvc file is raw's, and raw is the newest good generation of each key."""
    # A journal that is made anew says the same as the one that was there all along.
    for journal in (
        site.journal,
        Journal(f"{site.root}-anew.sqlite", root=site.root, zone=site.journal.zone),
    ):
        history = History.read(journal, site.ledger, "data/raw.dvc")
        assert site.raw.text() == history.view.raw_text
    expected = {each.path: each.in_raw_sha256 for record in site.records() for each in record.landed}
    assert {name: sha256(text.encode()).hexdigest() for name, text in site.files().items()} == expected
    with open_repo(site.root) as repo:
        assert repo.status(targets=["data/raw.dvc"]) == {}


def audit_remote(site: Site, elsewhere: Path) -> None:
    """What the newest record names is on the remote: a machine that has nothing gets all of it."""
    other = site.clone(elsewhere)
    other.take_in()
    assert other.files() == site.files()
    assert len(other.records()) == len(site.records())
    shutil.rmtree(elsewhere)


def name_of(day: int) -> str:
    return f"numbers/2013-01-{day:02}.csv"
