"""Plain DVC for the tests of this room."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ml_assets_tests.language.plain_dvc import PlainDvc


@pytest.fixture(scope="module")
def plain() -> Iterator[PlainDvc]:
    with PlainDvc() as started:
        yield started
