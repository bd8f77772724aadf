"""Landing by the test itself: what was put, which runs came of it, and what the ledger must say of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date

from ml_assets.demo.feed import FIRST_DAY, Feed
from ml_assets.demo.s3 import KEY, REGION
from ml_assets.ledger.chain import verify
from ml_assets.ledger.record import IntakeRecord, RunRecord
from ml_assets_tests.journeys.checkout import Checkout

BUCKET, PREFIX = "ml-assets", "landing/"
AT_WORK = {"QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING"}

_RUNS = """
{ runsOrError(filter: {pipelineName: "landing"}) {
    ... on Runs { results { runId status } } } }
"""


@dataclass(frozen=True)
class Run:
    """A Dagster run of the job `landing`."""

    id: str
    status: str

    @property
    def is_at_work(self) -> bool:
        return self.status in AT_WORK


def landing_runs(checkout: Checkout) -> list[Run]:
    """All of them, the newest first."""
    found = checkout.api.query(_RUNS)["runsOrError"]["results"]
    return [Run(each["runId"], each["status"]) for each in found]


@dataclass
class Lander:
    """Puts files into the demo's bucket, and knows what raw must be in the end.

    `generations` counts the (key, bytes) pairs that were put, one after the other.
    """

    checkout: Checkout
    history_days: int
    files: dict[str, bytes] = field(default_factory=dict)
    generations: int = 0

    def __post_init__(self) -> None:
        self._feed = Feed()
        for day in self._feed.days(count=self.history_days):
            self._note(self._feed.csv_of(day))
        self._next = self.history_days

    def land_next_day(self) -> None:
        self._put(dict(self._feed.csv_of(self._day(self._next))))
        self._next += 1

    def correct_first_day(self) -> None:
        """Overwrite a file that is in raw already: the airport counts one flight less."""
        name = f"flights/{FIRST_DAY}.csv"
        self._put({name: self.files[name].rpartition(b"\n")[0].rpartition(b"\n")[0] + b"\n"})

    def _day(self, n: int) -> date:
        return self._feed.days(count=n + 1)[-1]

    def _put(self, files: dict[str, bytes]) -> None:
        import boto3
        from botocore.config import Config

        client = boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{self.checkout.s3_port}",
            aws_access_key_id=KEY,
            aws_secret_access_key=KEY,
            region_name=REGION,
            config=Config(proxies={}),
        )
        for name, body in files.items():
            client.put_object(Bucket=BUCKET, Key=PREFIX + name, Body=body)
        self._note(files)

    def _note(self, files: object) -> None:
        assert isinstance(files, dict)
        self.files.update(files)
        self.generations += len(files)

    def is_finished(self) -> bool:
        """Whether all that was put is in, and a run on all of it is recorded."""
        records = list(self.checkout.ledger.records())
        landed = sum(len(record.landed) for record in records if isinstance(record, IntakeRecord))
        last = records[-1] if records else None
        return landed >= self.generations and isinstance(last, RunRecord) and not last.stale

    def require_exactly_once(self) -> RunRecord:
        """Each generation in one record, a run after each intake, the chain unbroken; the last record."""
        records = list(self.checkout.ledger.records())
        verify(records)
        landed = [each for record in records if isinstance(record, IntakeRecord) for each in record.landed]
        assert set(Counter((each.key, each.etag) for each in landed).values()) == {1}
        assert len(landed) == self.generations
        assert {each.key.removeprefix(PREFIX) for each in landed} == set(self.files)
        last = records[-1]
        assert isinstance(last, RunRecord), "an intake is left without its run"
        assert last.stale == ()
        return last
