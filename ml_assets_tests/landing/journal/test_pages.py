"""A page that comes again is passed over when, and only when, a second look would find nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ml_assets.landing import reconcile as module
from ml_assets.landing.discovery import Discovery
from ml_assets.landing.intake import open_journal
from ml_assets.landing.journal.batches import vanish
from ml_assets.landing.journal.interventions import release
from ml_assets.landing.listing import Answer
from ml_assets.landing.objects import LandedObject
from ml_assets.landing.reconcile import Pass, Reconciler
from ml_assets.landing.settings import LandingSettings
from ml_assets_tests.landing.faults import virtual_s3
from ml_assets_tests.landing.faults.virtual_s3 import BUCKET, PREFIX, VirtualLister, VirtualS3

PAGE = 3
SETTINGS = LandingSettings(bucket=BUCKET, prefix=PREFIX)
EARLY = datetime(2026, 1, 1, tzinfo=UTC)


class Bucket:
    """A virtual bucket, a journal of it, and how many pages a pass looks into."""

    def __init__(self, folder: Path) -> None:
        self.s3 = VirtualS3()
        self.journal = open_journal(SETTINGS, folder)
        self.discovery = Discovery(client=None, settings=SETTINGS, journal=self.journal)  # type: ignore[arg-type]
        self.looked = 0

    def put(self, *names: str, content: str = "1") -> None:
        for name in names:
            self.s3.put(f"{PREFIX}{name}", content)

    def listed(self) -> Pass:
        self.looked = 0
        lister = VirtualLister(self.s3)
        return Reconciler(
            lister=lister,  # type: ignore[arg-type]
            journal=self.journal,
            rules=self.discovery.rules,
        ).run()


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    made = Bucket(tmp_path)
    real = module._odd

    def count(*given: object) -> object:
        made.looked += 1
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "_odd", count)
    monkeypatch.setattr(virtual_s3, "PAGE", PAGE)
    made.put(*(f"{number:04}" for number in range(3 * PAGE)))
    made.listed()
    made.listed()
    return made


def test_of_an_unchanged_bucket_no_page_is_looked_into(bucket: Bucket) -> None:
    found = bucket.listed()
    assert (bucket.looked, found.listed, found.new, found.missing) == (0, 3 * PAGE, 0, 0)
    assert found.ended


def test_what_is_put_behind_a_full_last_page_is_found(bucket: Bucket) -> None:
    bucket.put("9999")
    assert bucket.listed().new == 1


def test_what_is_put_in_between_is_found_and_the_pages_before_it_are_passed_over(bucket: Bucket) -> None:
    bucket.put(f"{PAGE + 1:04}-and-a-half")
    assert bucket.listed().new == 1
    assert bucket.looked == 3
    bucket.listed()
    assert bucket.listed().listed == 3 * PAGE + 1
    assert bucket.looked == 0


def test_an_overwritten_or_deleted_object_is_found(bucket: Bucket) -> None:
    bucket.put("0001", content="2")
    bucket.s3.delete(f"{PREFIX}0002")
    found = bucket.listed()
    assert (found.new, found.missing) == (1, 1)


def test_what_the_journal_learnt_meanwhile_makes_a_page_worth_a_look(bucket: Bucket) -> None:
    """An event told of an object that is gone again: the listing, as it was before, has to say so."""
    gone = LandedObject(BUCKET, f"{PREFIX}0001-gone", "etag", 1, EARLY)
    with bucket.journal.writing() as connection:
        bucket.discovery.absorber(connection, "event").absorb([gone])
    assert bucket.listed().missing == 1


def test_what_the_journal_learnt_of_keys_behind_the_last_page_is_looked_for(bucket: Bucket) -> None:
    gone = LandedObject(BUCKET, f"{PREFIX}9999-gone", "etag", 1, EARLY)
    with bucket.journal.writing() as connection:
        bucket.discovery.absorber(connection, "event").absorb([gone])
    assert bucket.listed().missing == 1


def test_a_person_who_has_intervened_makes_a_page_worth_a_look(bucket: Bucket) -> None:
    with bucket.journal.writing() as connection:
        release(connection, "")
    bucket.listed()
    assert bucket.looked > 0


def test_what_could_not_be_read_and_is_listed_all_the_same_is_found(bucket: Bucket) -> None:
    """Nothing was observed since then, but it was gone when it was to be read: it was put again."""
    (batch,) = bucket.discovery.seal(wait_seconds=0)
    read_in_vain = LandedObject(BUCKET, f"{PREFIX}0004", "1", 1, EARLY)
    with bucket.journal.writing() as connection:
        vanish(connection, batch.id, [read_in_vain])
    assert bucket.listed().new == 1


BODY = (
    b"<ListBucketResult><Name>b</Name><KeyCount>1</KeyCount><NextContinuationToken>%s</NextContinuationToken>"
    b"<IsTruncated>%s</IsTruncated><Contents><Key>%s</Key><ETag>x</ETag><Size>1</Size></Contents>"
    b"</ListBucketResult>"
)


def test_the_digest_is_of_objects_and_of_whether_there_are_more() -> None:
    first = Answer(BODY % (b"t1", b"true", b"a")).digest
    assert Answer(BODY % (b"t2", b"true", b"a")).digest == first
    assert Answer(BODY % (b"t1", b"false", b"a")).digest != first
    assert Answer(BODY % (b"t1", b"true", b"b")).digest != first
    assert Answer(b"<ListBucketResult></ListBucketResult>").digest
