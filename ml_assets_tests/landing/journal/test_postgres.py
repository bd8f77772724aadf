"""The journal in PostgreSQL, which several hosts share: the same promises as of a SQLite file."""

from __future__ import annotations

import multiprocessing
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text

from ml_assets.landing.errors import JournalLocked, JournalUnusable, LandingBusy
from ml_assets.landing.journal import store
from ml_assets.landing.journal.lease import lease
from ml_assets.landing.journal.postgres import schema_of
from ml_assets.landing.journal.store import Journal, count_up, counted
from ml_assets.landing.journal.tables import ranges
from ml_assets.landing.journal.zone import Zone
from ml_assets_tests.landing.faults.test_any_trace import AnyTrace
from ml_assets_tests.landing.faults.test_long_walks import walk
from ml_assets_tests.landing.journal.server import PASSWORD, PostgresServer

ZONE = Zone("bucket", "landing/")


@pytest.fixture(autouse=True)
def _empty(postgres: PostgresServer) -> Iterator[None]:
    yield
    postgres.sql(f"DROP SCHEMA IF EXISTS {schema_of(ZONE)} CASCADE")


@pytest.fixture
def journal(postgres: PostgresServer, tmp_path: Path) -> Journal:
    return Journal(postgres.url, root=tmp_path, zone=ZONE)


@pytest.mark.parametrize(
    "seed", [3, 14, 17, 134, *(pytest.param(n, marks=pytest.mark.slow) for n in range(200, 250))]
)
def test_two_hosts_that_share_a_journal_lose_nothing_and_repeat_nothing(
    postgres: PostgresServer, seed: int
) -> None:
    def share(machine: AnyTrace) -> None:
        for host in machine.hosts:
            host.journal_url = postgres.url
        machine.hosts[0].lose_journal()

    walk(seed, steps=80, first=share).teardown()


def test_zones_in_one_database_do_not_see_each_other(postgres: PostgresServer, tmp_path: Path) -> None:
    zones = [Zone("bucket", "a/"), Zone("bucket", "b/")]
    journals = [Journal(postgres.url, root=tmp_path, zone=zone) for zone in zones]

    for amount, journal in enumerate(journals, start=1):
        with journal.writing() as connection:
            count_up(connection, "seq", amount)

    for amount, journal in enumerate(journals, start=1):
        with journal.reading() as connection:
            assert counted(connection, "seq") == amount
    for zone in zones:
        postgres.sql(f"DROP SCHEMA {schema_of(zone)} CASCADE")


def test_positions_are_ordered_by_bytes_as_s3_orders_keys(journal: Journal) -> None:
    keys = ["a", "B", "ä", "_", "Z", "z", "a/b", "a-b", "€", "𝄞"]
    with journal.writing() as connection:
        rows = [{"number": number, "position": key, "done": 0} for number, key in enumerate(keys)]
        connection.execute(ranges.insert(), rows)
        found = list(connection.scalars(select(ranges.c.position).order_by(ranges.c.position)))

    assert found == sorted(keys, key=str.encode)


def _count(url: str, root: Path, times: int) -> None:
    journal = Journal(url, root=root, zone=ZONE)
    for _ in range(times):
        with journal.writing() as connection:
            now = counted(connection, "seq")
            time.sleep(0.001)
            count_up(connection, "seq", now + 1 - counted(connection, "seq"))


def test_transactions_that_write_wait_for_each_other(
    journal: Journal, postgres: PostgresServer, tmp_path: Path
) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_count, args=(postgres.url, tmp_path, 25)) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)

    with journal.reading() as connection:
        assert counted(connection, "seq") == 100


def test_who_writes_for_too_long_is_told_of(
    journal: Journal, postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.2)
    store._engine.cache_clear()

    other = Journal(postgres.url, root=tmp_path, zone=ZONE)
    with journal.writing(), pytest.raises(JournalLocked, match="has been locked") as caught, other.writing():
        pass

    assert PASSWORD not in str(caught.value)
    store._engine.cache_clear()


HOLDER = """
import sys, time
from pathlib import Path
from ml_assets.landing.journal.lease import lease
from ml_assets.landing.journal.store import Journal
from ml_assets.landing.journal.zone import Zone
with lease(Journal(sys.argv[1], root=Path("."), zone=Zone("bucket", "landing/")), who="another host"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_the_lease_is_one_host_s_and_ends_with_it(journal: Journal, postgres: PostgresServer) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, postgres.url], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(LandingBusy), lease(journal, who="us"):
        pass
    told: list[str] = []

    holder.send_signal(signal.SIGKILL)
    with lease(journal, who="us", on_wait=told.append):
        pass

    holder.wait()
    holder.stdout.close()


def test_a_journal_that_is_dropped_is_made_again(journal: Journal, postgres: PostgresServer) -> None:
    with journal.writing() as connection:
        count_up(connection, "seq")
    postgres.sql(f"DROP SCHEMA {schema_of(ZONE)} CASCADE")

    with journal.reading() as connection:
        assert counted(connection, "seq") == 0


def test_a_server_that_went_away_and_came_back_is_used_again(
    journal: Journal, postgres: PostgresServer
) -> None:
    with journal.writing() as connection:
        count_up(connection, "seq")
    postgres.stop()
    try:
        with pytest.raises(JournalUnusable, match="refused") as caught, journal.reading():
            pass
    finally:
        postgres.start()

    assert PASSWORD not in str(caught.value)
    with journal.reading() as connection:
        assert counted(connection, "seq") == 1


@pytest.mark.parametrize(
    ("who", "said"),
    [
        (("postgres", "wrong-horse-battery", "postgres"), "password authentication failed"),
        (("postgres", PASSWORD, "nowhere"), 'database "nowhere" does not exist'),
        (("guest", "guest-horse-battery", "closed"), "permission denied"),
    ],
)
def test_what_is_wrong_is_said_without_the_password(
    postgres: PostgresServer, tmp_path: Path, who: tuple[str, str, str], said: str
) -> None:
    user, password, database = who
    if user == "guest":
        postgres.sql("CREATE ROLE guest LOGIN PASSWORD 'guest-horse-battery'")
        postgres.sql("CREATE DATABASE closed")
    journal = Journal(postgres.url_of(user, password, database), root=tmp_path, zone=ZONE)

    with pytest.raises(JournalUnusable, match=said) as caught, journal.writing() as connection:
        connection.execute(text("select 1"))

    assert f"127.0.0.1:{postgres.port}/{database}" in str(caught.value)
    assert password not in str(caught.value)


def test_an_address_that_is_none_is_refused_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(JournalUnusable, match="it is no address") as caught:
        Journal("postgresql://ada:secret-horse@host:port/x", root=tmp_path, zone=ZONE)

    assert "secret-horse" not in str(caught.value)


def test_without_the_driver_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    store._engine.cache_clear()
    journal = Journal("postgresql://ada:secret-horse@localhost/x", root=tmp_path, zone=ZONE)

    with pytest.raises(JournalUnusable, match=r"ml_assets\[postgres\]") as caught, journal.reading():
        pass

    assert "secret-horse" not in str(caught.value)
    store._engine.cache_clear()
