"""The demo from its first put to its last record: history in one batch, then day after day."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

from ml_assets.demo.feed import FIRST_DAY, LAST_DAY, Feed, land
from ml_assets.demo.home import DemoHome
from ml_assets.demo.landings import Landing, LandingSummary, LandingWatch, auc, count_objects
from ml_assets.demo.loopback import require_free
from ml_assets.demo.news import News
from ml_assets.demo.s3 import EmbeddedS3
from ml_assets.demo.servers import Servers
from ml_assets.demo.stores import prepare_stores
from ml_assets.doctor.examine import look_over
from ml_assets.dvc.remotes import remote_url
from ml_assets.ledger.store import Ledger
from ml_assets.settings import Settings

if TYPE_CHECKING:
    from ml_assets.landing.settings import LandingSettings

HISTORY_DAYS = 90
SINGLE_DAYS = 3
JOB = "landing"


@dataclass(frozen=True)
class Ports:
    """Loopback ports of the demo's servers."""

    ui: int = 3000
    mlflow: int = 5000
    s3: int = 4566

    def require_free(self) -> None:
        """Raises PortTaken, before anything is started."""
        require_free(self.ui, what="Dagster's web server", choose="make demo ARGS='--port N'")
        require_free(self.mlflow, what="MLflow's pages", choose="make demo ARGS='--mlflow-port N'")
        require_free(self.s3, what="the embedded S3", choose="make demo ARGS='--s3-port N'")


@dataclass
class Demo:
    """One demo over the checkout at `root`; see `run_once` and `run_until_interrupted`."""

    root: Path
    ports: Ports
    console: Console
    history_days: int = HISTORY_DAYS

    def run_once(self) -> list[LandingSummary]:
        """Land history in one batch and three single days, each after the record of the one before.

        Raises:
            DemoError, LedgerError, DvcBridgeError: what went wrong, and what to do.
        """
        with self._s3() as s3:
            first = self._put(s3, self.feed.days(count=self.history_days))
            with self._servers(s3) as servers:
                watch = self._watch(servers)
                summaries = [self._follow(s3, watch, first, time.monotonic())]
                for day in self.feed.days(first=self._after_history, count=SINGLE_DAYS):
                    started = time.monotonic()
                    summaries.append(self._follow(s3, watch, self._put(s3, [day]), started))
                self.console.print("Waiting for MLflow's last run …")
                watch.wait_until_idle(since=first.since)
        self.console.print(summary_table(summaries))
        return summaries

    def run_until_interrupted(self, *, every_seconds: float) -> None:
        """Land history once, then a day every `every_seconds` until Ctrl-C or the end of the year."""
        with self._s3() as s3:
            next_day = self._next_day(s3)
            if next_day == FIRST_DAY:
                self._put(s3, self.feed.days(count=self.history_days))
                next_day = self._after_history
            with self._servers(s3) as servers, self.console.status("starting") as status:
                self.console.print(f"Dagster  {servers.ui_url}/asset-groups\nMLflow   {servers.mlflow_url}")
                self.console.print("Ctrl-C stops everything; the next start continues from here.")
                for line in self._feed_days(s3, servers, next_day, every_seconds):
                    status.update(line)

    def _feed_days(self, s3: EmbeddedS3, servers: Servers, day: date, every_seconds: float) -> Iterator[str]:
        due, news = time.monotonic() + every_seconds, News(self._watch(servers))
        while True:
            servers.check()
            for line in news.lines():
                self.console.print(line, highlight=False)
            if time.monotonic() >= due and day <= LAST_DAY:
                self._put(s3, [day])
                day, due = day + timedelta(days=1), time.monotonic() + every_seconds
                if day > LAST_DAY:
                    self.console.print("The year is over; remove .demo to start anew.")
            head = self.ledger.head()
            recorded = f"record {head.number} ({head.kind})" if head else "no record yet"
            yield f"landed up to {day - timedelta(days=1)} · {recorded} · {servers.ui_url}"
            time.sleep(1)

    @property
    def _after_history(self) -> date:
        return FIRST_DAY + timedelta(days=self.history_days)

    @cached_property
    def home(self) -> DemoHome:
        return DemoHome(self.root)

    @cached_property
    def feed(self) -> Feed:
        return Feed()

    @cached_property
    def settings(self) -> Settings:
        return Settings.load(self.home.project)

    @cached_property
    def landing(self) -> LandingSettings:
        if self.settings.landing is None:
            from ml_assets.settings import SettingsInvalid

            raise SettingsInvalid(self.home.project / "pyproject.toml", "[tool.ml_assets.landing] is missing")
        return self.settings.landing

    @property
    def ledger(self) -> Ledger:
        return Ledger.open(self.settings.ledger, root=self.home.project)

    @contextmanager
    def _s3(self) -> Iterator[EmbeddedS3]:
        self.ports.require_free()
        self.home.prepare()
        if self.home.has_own_work():
            self.console.print("Note: .demo/project was changed by hand, and is kept as it is.")
        if self.home.has_uncommitted_changes():
            self.console.print("Note: uncommitted changes of this checkout are not in the demo's clone.")
        server = EmbeddedS3(
            data=self.home.s3,
            port=self.ports.s3,
            bucket=self.landing.bucket,
            prefix=self.landing.prefix,
        )
        with server:
            self.console.print(f"S3       {server.endpoint}  s3://{server.bucket}/{server.prefix}")
            yield server

    @contextmanager
    def _servers(self, s3: EmbeddedS3) -> Iterator[Servers]:
        env = self._environment(s3)
        os.environ.update(env)
        self._tell_what_may_go_wrong()
        servers = Servers(self.home, env, self.ports.ui, self.ports.mlflow)
        self.console.print("Preparing Dagster's and MLflow's stores …")
        prepare_stores(self.settings)
        with servers:
            yield servers

    def _tell_what_may_go_wrong(self) -> None:
        for finding in look_over(self.home.project):
            self.console.print(
                f"Note ({finding.severity.value}): {finding.where}: {finding.what}; {finding.remedy}",
                highlight=False,
                markup=False,
            )

    def _environment(self, s3: EmbeddedS3) -> dict[str, str]:
        """What the project's processes need; kept in its `.env`, so that commands by hand have it too."""
        env = s3.env() | {
            "ML_ASSETS_SENSOR": "running",
            "DAGSTER_HOME": str(self.home.dagster_home),
            "MLFLOW_TRACKING_URI": self.settings.mlflow.resolved_uri(self.home.project),
            "DAGSTER_UI_URL": f"http://127.0.0.1:{self.ports.ui}",
            "MLFLOW_UI_URL": f"http://127.0.0.1:{self.ports.mlflow}",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "DO_NOT_TRACK": "1",
            "DVC_NO_ANALYTICS": "1",
        }
        lines = "".join(f"{name}='{value}'\n" for name, value in env.items())
        (self.home.project / ".env").write_text(lines, encoding="utf-8")
        return env

    def _put(self, s3: EmbeddedS3, days: Sequence[date]) -> Landing:
        since, before = datetime.now(UTC), self._remote_objects(s3)
        keys = land(s3.client(), self.landing.bucket, self.landing.prefix, days, feed=self.feed)
        span = str(days[0]) if len(days) == 1 else f"{days[0]} to {days[-1]}"
        self.console.print(f"Landed {span}: {len(keys)} files")
        return Landing(keys, since, before)

    def _next_day(self, s3: EmbeddedS3) -> date:
        prefix = f"{self.landing.prefix}flights/"
        pages = (
            s3.client().get_paginator("list_objects_v2").paginate(Bucket=self.landing.bucket, Prefix=prefix)
        )
        names = [Path(each["Key"]).stem for page in pages for each in page.get("Contents", ())]
        # Whoever plays with the demo lands other names too.
        known = {day.isoformat(): day for day in self.feed.days()}
        return max((known[name] + timedelta(days=1) for name in names if name in known), default=FIRST_DAY)

    def _watch(self, servers: Servers) -> LandingWatch:
        from dagster import DagsterInstance

        return LandingWatch(
            ledger=self.ledger,
            instance=DagsterInstance.get(),
            job_name=JOB,
            check=servers.check,
            max_failures=self.landing.max_attempts,
        )

    def _follow(
        self, s3: EmbeddedS3, watch: LandingWatch, landing: Landing, started: float
    ) -> LandingSummary:
        intake, run = watch.wait(landing)
        summary = LandingSummary(
            files=len(landing.keys),
            intake=intake.number,
            run=run.number,
            auc=auc(run),
            pushed=self._remote_objects(s3) - landing.remote_objects,
            seconds=time.monotonic() - started,
        )
        self.console.print(
            f"  records {summary.intake} and {summary.run} after {summary.seconds:.1f} s, AUC {summary.auc}"
        )
        return summary

    def _remote_objects(self, s3: EmbeddedS3) -> int:
        url = urlsplit(remote_url(self.home.project, self.settings.remote) or "")
        return count_objects(s3.client(), url.netloc, url.path.lstrip("/") + "/")


def summary_table(summaries: Sequence[LandingSummary]) -> Table:
    """What `--once` prints at its end."""
    table = Table("Landing", "Files", "Records (intake, run)", "AUC", "Objects pushed", "Seconds")
    for number, each in enumerate(summaries, start=1):
        value = "-" if each.auc is None else f"{each.auc:.4f}"
        records = f"{each.intake}, {each.run}"
        table.add_row(str(number), str(each.files), records, value, str(each.pushed), f"{each.seconds:.1f}")
    return table
