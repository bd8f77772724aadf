"""A server with queues, topics and EventBridge, and a bucket in it that tells nobody yet."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from ml_assets.demo.s3 import EmbeddedS3
from ml_assets.landing.setup.clients import Clients


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedS3]:
    data = tmp_path_factory.mktemp("aws")
    with EmbeddedS3(data=data, port=0, services=("s3", "sqs", "sns", "events", "sts")) as running:
        yield running


@pytest.fixture
def clients(server: EmbeddedS3, monkeypatch: pytest.MonkeyPatch) -> Clients:
    for name, value in server.env().items():
        monkeypatch.setenv(name, value)
    return server.setup_clients()


@pytest.fixture
def silent_bucket(clients: Clients) -> str:
    name = f"b{uuid4().hex[:12]}"
    clients.s3.create_bucket(Bucket=name)
    return name
