"""What an intake makes of objects that change, disks that fill up and servers that fail."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ml_assets.dvc.errors import TransferFailed
from ml_assets.dvc.tracked import TrackedFolder
from ml_assets.landing.errors import AccessDenied, DiskFull
from ml_assets.ledger.errors import LedgerUnreachable
from ml_assets.ledger.store import Ledger
from ml_assets_tests.factories import dvc
from ml_assets_tests.landing.site import Site, audit, rows


def test_an_object_overwritten_while_it_is_read_lands_as_what_it_became(site: Site) -> None:
    site.put(1, rows(1, 10))
    _before_reading(site, lambda: site.put(1, rows(1, 11)))

    first = site.take_in()
    second = site.take_in()

    assert first.record is None
    assert [each.how for each in first.vanished] == ["overwritten"]
    assert len(second.landed) == 1
    assert site.files() == {"numbers/2013-01-01.csv": rows(1, 11)}
    audit(site)


def test_an_object_deleted_while_it_is_read_is_told_and_the_others_land(site: Site) -> None:
    site.put(1, rows(1, 10))
    site.put(2, rows(2, 20))
    key = "landing/numbers/2013-01-01.csv"
    _before_reading(site, lambda: site.client.delete_object(Bucket=site.bucket, Key=key))

    result = site.take_in()

    assert [(each.object.key, each.how) for each in result.vanished] == [(key, "deleted")]
    assert [each.path for each in result.landed] == ["numbers/2013-01-02.csv"]
    audit(site)


def test_an_object_that_cannot_be_read_is_told_and_taken_in_once_it_can(site: Site) -> None:
    site.put(1, rows(1, 10))
    site.put(2, rows(2, 20))
    denied = _deny_reading(site, "landing/numbers/2013-01-01.csv")

    first = site.take_in()
    denied.clear()
    second = site.take_in()

    assert [each.path for each in first.landed] == ["numbers/2013-01-02.csv"]
    assert [type(each.error) for each in first.unread] == [AccessDenied]
    assert [each.path for each in second.landed] == ["numbers/2013-01-01.csv"]
    audit(site)


def test_when_nothing_can_be_read_the_intake_fails(site: Site) -> None:
    site.put(1, rows(1, 10))
    _deny_reading(site, "landing/numbers/2013-01-01.csv")

    with pytest.raises(AccessDenied, match="s3:GetObject"):
        site.take_in()

    assert site.records() == []


def _deny_reading(site: Site, key: str) -> set[str]:
    """Reading the keys in the set that this returns is refused."""
    denied = {key}

    def mark(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context["denied"] = params["Key"] in denied

    def refuse(http_response: Any, parsed: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        if context["denied"]:
            http_response.status_code = 403
            parsed["Error"] = {"Code": "AccessDenied", "Message": "no"}

    site.client.meta.events.register("provide-client-params.s3.GetObject", mark)
    site.client.meta.events.register("after-call.s3.GetObject", refuse)
    return denied


def _before_reading(site: Site, act: Any) -> None:
    """Do `act` once, between the listing and the first read."""
    left = [act]

    def once(**_: Any) -> None:
        while left:
            left.pop()()

    site.client.meta.events.register("before-call.s3.GetObject", once)


def test_a_full_disk_is_named_and_nothing_is_committed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.put(1, rows(1, 10))
    site.take_in()
    site.put(1, rows(1, 11))
    site.put(2, rows(2, 20))

    def full(self: TrackedFolder, files: Sequence[Path], *, gone: Sequence[Path] = ()) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(TrackedFolder, "add", full)
        with pytest.raises(DiskFull, match=r"MiB free(?s:.*)Nothing was committed"):
            site.take_in()

    assert site.files() == {"numbers/2013-01-01.csv": rows(1, 10)}
    assert len(site.take_in().landed) == 2
    audit(site)


def test_a_remote_that_fails_commits_nothing_and_puts_raw_back(site: Site) -> None:
    site.put(1, rows(1, 10))
    site.take_in()
    site.put(2, rows(2, 20))
    store = site.root.with_name("project-remote")
    dvc("remote", "modify", "store", "url", "/proc/no-such-place", cwd=site.root)

    with pytest.raises(TransferFailed, match="default remote"):
        site.take_in()

    assert site.files() == {"numbers/2013-01-01.csv": rows(1, 10)}
    assert len(site.records()) == 1
    dvc("remote", "modify", "store", "url", str(store), cwd=site.root)
    assert len(site.take_in().landed) == 1
    audit(site)


def test_a_lost_answer_of_the_ledger_neither_loses_nor_doubles_the_batch(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record is there although the caller was told that it is not."""
    site.put(1, rows(1, 10))
    really = Ledger.append

    def deaf(self: Ledger, draft: Any) -> Any:
        really(self, draft)
        raise LedgerUnreachable(url=self.url, doing="a test", cause="the answer was lost")

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "append", deaf)
        with pytest.raises(LedgerUnreachable):
            site.take_in()

    assert site.take_in().record is None
    assert len(site.records()) == 1
    audit(site)


def test_a_lost_ledger_is_rebuilt_from_the_listing(site: Site) -> None:
    site.put(1, rows(1, 10))
    site.take_in()
    shutil.rmtree(site.root.with_name("ledger"))

    assert len(site.take_in().landed) == 1

    audit(site)


def test_a_file_on_a_disk_of_its_own_never_writes_through_a_link_to_the_cache(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    dvc("config", "cache.type", "hardlink,copy", cwd=site.root)
    site.put(1, rows(1, 10))
    site.take_in()
    first = site.raw.text()
    assert (site.raw.path / "numbers/2013-01-01.csv").stat().st_nlink > 1
    site.put(1, rows(1, 11))
    really = Path.replace

    def across(self: Path, target: Path) -> Path:
        if "staging" in self.parts:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        return really(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", across)
        site.take_in()

    audit(site)
    site.raw.restore(first)
    assert site.files() == {"numbers/2013-01-01.csv": rows(1, 10)}
