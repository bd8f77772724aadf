"""The remote and the buckets: named, reachable, with a clock like ours."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from ml_assets.demo.loopback import free_port
from ml_assets.demo.s3 import EmbeddedS3
from ml_assets.doctor.finding import Severity
from ml_assets_tests.doctor.conftest import Look
from ml_assets_tests.factories import write


def use(root: Path, url: str, *options: str) -> None:
    """Make `url` the only remote."""
    lines = "".join(f"    {option}\n" for option in (f"url = {url}", *options))
    write(root, {".dvc/config": f"[core]\n    remote = store\n['remote \"store\"']\n{lines}"})


def test_a_misspelt_remote_is_an_error_with_the_known_ones(look: Look, root: Path) -> None:
    assert look("remote") == []
    write(root, {"pyproject.toml": '[tool.ml_assets]\nremote = "storr"\n'})
    (found,) = look("remote")
    assert found.severity is Severity.ERROR
    assert "'storr'; the configuration has: store" in found.what


def test_no_remote_is_only_mentioned(look: Look, root: Path) -> None:
    write(root, {"pyproject.toml": '[tool.ml_assets]\nremote = ""\n'})
    (found,) = look("remote")
    assert found.severity is Severity.INFO


@pytest.mark.parametrize(
    ("url", "options", "word"),
    [
        ("https://example.com/store", (), "over HTTP"),
        ("s3://bucket/store", ("version_aware = true",), "by name"),
        ("s3://bucket/store", ("worktree = true",), "by name"),
    ],
)
def test_remotes_that_hold_no_run_cache(
    look: Look, root: Path, url: str, options: tuple[str, ...], word: str
) -> None:
    assert look("remote-run-cache") == []
    use(root, url, *options)
    (found,) = look("remote-run-cache")
    assert word in found.what
    use(root, "s3://bucket/store")
    assert look("remote-run-cache") == []


def test_a_remote_folder_on_a_disk_that_is_not_mounted(look: Look, root: Path, tmp_path: Path) -> None:
    assert look("remote-folder") == []
    use(root, str(tmp_path / "not-mounted" / "store"))
    (found,) = look("remote-folder")
    assert found.severity is Severity.ERROR
    (tmp_path / "not-mounted").mkdir()
    assert look("remote-folder") == []


@contextmanager
def server(*, date: str) -> Iterator[str]:
    """An S3 of a sort, whose clock says `date`."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response_only(403)
            self.send_header("Date", date)
            self.end_headers()

    with HTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{http.server_port}"
        finally:
            http.shutdown()
            thread.join()


def test_a_bucket_that_answers_is_fine_and_one_that_is_not_there_is_an_error(
    look: Look, root: Path, bucket: str, embedded_s3: EmbeddedS3
) -> None:
    endpoint = embedded_s3.endpoint
    use(root, f"s3://{bucket}/dvc")
    assert look("buckets", AWS_ENDPOINT_URL=endpoint) == []
    write(root, {"pyproject.toml": '[tool.ml_assets]\nledger = "s3://not-there-at-all/ledger"\n'})
    (found,) = look("buckets", AWS_ENDPOINT_URL=endpoint)
    assert (found.severity, found.where) == (Severity.ERROR, "ledger s3://not-there-at-all")
    assert "no such bucket" in found.what


def test_a_server_that_does_not_answer_is_an_error_told_once(look: Look, root: Path) -> None:
    use(root, "s3://bucket/dvc")
    write(root, {"pyproject.toml": '[tool.ml_assets.landing]\nbucket = "bucket"\n'})
    (found,) = look("buckets", AWS_ENDPOINT_URL=f"http://127.0.0.1:{free_port()}")
    assert found.severity is Severity.ERROR
    assert "does not answer (" in found.what


def test_a_server_of_ones_own_that_does_not_listen_is_an_error(look: Look, root: Path) -> None:
    assert look("remote-answers") == []
    with server(date="") as url:
        use(root, f"{url}/store")
        assert look("remote-answers") == []
    (found,) = look("remote-answers")
    assert found.severity is Severity.ERROR
    use(root, f"ssh://me:hunter2@127.0.0.1:{free_port()}/store")
    (found,) = look("remote-answers")
    assert "does not answer" in found.what
    assert "hunter2" not in str(found)


def test_a_clock_that_is_off_is_told_before_s3_refuses(look: Look, root: Path) -> None:
    use(root, "s3://bucket/dvc")
    with server(date="Tue, 01 Jan 2019 00:00:00 GMT") as endpoint:
        (found,) = look("buckets", AWS_ENDPOINT_URL=endpoint)
    assert found.severity is Severity.ERROR
    assert "s apart: S3 refuses each request" in found.what


def test_without_a_bucket_nobody_is_asked(look: Look) -> None:
    assert look("buckets", AWS_ENDPOINT_URL="http://127.0.0.1:9") == []
