"""A PostgreSQL server for the tests that want one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ml_assets_tests.landing.journal.server import PostgresServer, binaries, running_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    found = binaries()
    if found is None:
        pytest.skip("PostgreSQL's server is not installed (Debian: apt-get install postgresql)")
    with running_server(found) as server:
        yield server
