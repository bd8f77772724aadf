"""What an intake makes of a raw that somebody else has changed, or that is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_assets.dvc.tracked import TrackedFolder
from ml_assets.landing.errors import RawMovedBack, RawUnsaved
from ml_assets.landing.history import History
from ml_assets.landing.settle import Raw, reconcile
from ml_assets_tests.factories import dvc, write
from ml_assets_tests.landing.site import Site, audit, rows


def test_raw_moved_back_by_git_stops_with_the_command_and_reconciling_goes_on(site: Site) -> None:
    site.put(1, rows(1, 10))
    site.take_in()
    older = site.raw.text()
    site.put(2, rows(2, 20))
    site.take_in()
    site.raw.restore(older)
    site.put(3, rows(3, 30))

    with pytest.raises(RawMovedBack, match=r"is what record 1 says(?s:.*)newest record of it is 2") as caught:
        site.take_in()

    assert "ml-assets landing reconcile" in str(caught.value)
    reconcile(Raw(site.raw, site.remote), History.read(site.journal, site.ledger, "data/raw.dvc"))
    assert len(site.take_in().landed) == 1
    audit(site)


def test_files_added_by_hand_through_dvc_stay_and_are_noted(site: Site) -> None:
    site.put(1, rows(1, 10))
    site.take_in()
    write(site.root, {"data/raw/numbers/by-hand.csv": "mine"})
    dvc("add", "-q", "data/raw", cwd=site.root)
    site.put(2, rows(2, 20))

    result = site.take_in()

    assert result.record is not None
    assert result.record.note == "data/raw.dvc was changed outside the landing since record 1"
    assert sorted(site.files()) == [
        "numbers/2013-01-01.csv",
        "numbers/2013-01-02.csv",
        "numbers/by-hand.csv",
    ]


def test_files_put_there_without_dvc_are_never_destroyed(site: Site) -> None:
    """The control: DVC's own forced checkout deletes them without a word."""
    site.put(1, rows(1, 10))
    site.take_in()
    site.put(2, rows(2, 20))
    mine = {"data/raw/mine.csv": "mine", "data/raw/numbers/2013-01-01.csv": "edited"}
    write(site.root, mine)

    with pytest.raises(RawUnsaved, match=r"2 file\(s\)(?s:.*)dvc add data/raw"):
        site.take_in()

    assert {name: (site.root / name).read_text() for name in mine} == mine
    site.raw.make_whole(None)
    assert not (site.root / "data/raw/mine.csv").exists()
    assert len(site.take_in().landed) == 1
    audit(site)


def test_an_untracked_folder_is_not_swallowed_by_the_first_landing(site: Site) -> None:
    write(site.root, {"data/raw/secret.txt": "mine"})
    site.put(1, rows(1, 10))

    with pytest.raises(RawUnsaved, match=r"secret\.txt"):
        site.take_in()

    assert site.raw.text() is None
    assert site.records() == []


def test_a_new_machine_takes_raw_from_the_ledger_before_it_goes_on(site: Site, tmp_path: Path) -> None:
    site.put(1, rows(1, 10))
    site.take_in()
    other = site.clone(tmp_path / "other")
    site.put(2, rows(2, 20))

    assert len(other.take_in().landed) == 1

    audit(other)
    assert sorted(other.files()) == ["numbers/2013-01-01.csv", "numbers/2013-01-02.csv"]


def test_where_nothing_is_missing_no_checkout_is_made(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.put(1, rows(1, 10))
    site.take_in()
    made: list[str | None] = []
    really = TrackedFolder.make_whole

    def make_whole(folder: TrackedFolder, remote: str | None) -> None:
        made.append(remote)
        really(folder, remote)

    monkeypatch.setattr(TrackedFolder, "make_whole", make_whole)

    site.put(2, rows(2, 20))
    site.take_in()
    assert made == []

    # What somebody took away comes back.
    (site.raw.path / "numbers/2013-01-01.csv").unlink()
    site.put(3, rows(3, 30))
    site.take_in()
    assert len(made) == 1
    audit(site)
