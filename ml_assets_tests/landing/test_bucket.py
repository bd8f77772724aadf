"""What a listing and a download say of a real S3 server, beside the helper that others use."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ml_assets.landing.discovery import Discovery
from ml_assets.landing.errors import AccessDenied, BucketMissing, EndpointUnreachable
from ml_assets.landing.fetch import Fetched, Outcome, Unread, Vanished, fetch
from ml_assets.landing.intake import open_journal
from ml_assets.landing.listing import Lister
from ml_assets.landing.objects import LandedObject
from ml_assets.landing.settings import LandingSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def _put(s3: S3Client, bucket: str, **objects: str) -> None:
    for name, text in objects.items():
        s3.put_object(Bucket=bucket, Key=f"landing/{name}.csv", Body=text.encode())


def _listing(s3: S3Client, bucket: str) -> list[LandedObject]:
    lister = Lister(s3, bucket, "landing/")
    page = lister.ask().page()
    found = [row.landed(bucket) for row in page.rows]
    while page.more and page.last is not None:
        page = lister.ask(after=page.last).page()
        found += [row.landed(bucket) for row in page.rows]
    return found


def _fetch(s3: S3Client, objects: list[LandedObject], into: Path) -> tuple[Outcome, ...]:
    return fetch(s3, objects, into=into, parallel=4, progress=lambda _: None)


def test_a_listing_goes_through_all_pages_without_folder_markers(s3: S3Client, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="landing/", Body=b"")
    s3.put_object(Bucket=bucket, Key="landing/flights/", Body=b"")
    s3.put_object(Bucket=bucket, Key="elsewhere/x.csv", Body=b"x")
    keys = [f"landing/{number:04} a+b&ü.csv" for number in range(1005)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: s3.put_object(Bucket=bucket, Key=key, Body=b"1"), keys))

    found = _listing(s3, bucket)

    assert [each.key for each in found] == keys
    assert {each.size for each in found} == {1}
    assert '"' not in found[0].etag


def test_a_missing_bucket_is_named(s3: S3Client, bucket: str) -> None:
    with pytest.raises(BucketMissing, match=r"no bucket 'nowhere-to-be-found'(?s:.*)\.landing"):
        Lister(s3, "nowhere-to-be-found", "landing/").ask()


def _client_of(endpoint: str, **options: Any) -> S3Client:
    import boto3
    from botocore.config import Config

    config = Config(retries={"total_max_attempts": 1}, connect_timeout=1, **options)
    session = boto3.Session(
        aws_access_key_id="AKIASECRET", aws_secret_access_key="hidden", region_name="us-east-1"
    )
    return session.client("s3", endpoint_url=endpoint, config=config)


def test_a_server_that_is_not_there_is_named_and_no_credential_is() -> None:
    with pytest.raises(EndpointUnreachable, match=r"http://127\.0\.0\.1:9") as caught:
        Lister(_client_of("http://127.0.0.1:9"), "b", "landing/").ask()

    assert "AKIASECRET" not in str(caught.value)
    assert "hidden" not in str(caught.value)


def test_a_refusal_names_the_place_and_the_right_that_is_needed() -> None:
    answer = "<Error><Code>AccessDenied</Code><Message>AKIASECRET</Message></Error>"
    denied = pytest.raises(AccessDenied, match=r"s3://b/landing/(?s:.*)s3:ListBucket")
    with _answering("403 Forbidden", answer) as url, denied as caught:
        Lister(_client_of(url), "b", "landing/").ask()

    assert "AKIASECRET" not in str(caught.value)


def test_without_credentials_the_variables_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import boto3

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    client = boto3.Session(region_name="us-east-1").client("s3", endpoint_url="http://127.0.0.1:9")

    with pytest.raises(AccessDenied, match=r"no credentials were found(?s:.*)AWS_ACCESS_KEY_ID"):
        Lister(client, "b", "landing/").ask()


def test_what_was_listed_is_what_comes(s3: S3Client, bucket: str, tmp_path: Path) -> None:
    _put(s3, bucket, a="first", b="second")

    outcomes = _fetch(s3, _listing(s3, bucket), tmp_path)

    assert [each.staged.read_text() for each in outcomes if isinstance(each, Fetched)] == ["first", "second"]
    first = outcomes[0]
    assert isinstance(first, Fetched)
    assert first.sha256 == "a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e"


def test_an_object_overwritten_after_the_listing_never_comes_as_the_old_one(
    s3: S3Client, bucket: str, tmp_path: Path
) -> None:
    """The control: without the pin, the new bytes would be committed under the old generation."""
    _put(s3, bucket, a="old", b="stays")
    listed = _listing(s3, bucket)
    _put(s3, bucket, a="new")
    assert s3.get_object(Bucket=bucket, Key="landing/a.csv")["Body"].read() == b"new"

    gone, stays = _fetch(s3, listed, tmp_path)

    assert gone == Vanished(listed[0], "overwritten")
    assert isinstance(stays, Fetched)


def test_an_object_deleted_after_the_listing_stops_nobody(s3: S3Client, bucket: str, tmp_path: Path) -> None:
    _put(s3, bucket, a="old", b="stays")
    listed = _listing(s3, bucket)
    s3.delete_object(Bucket=bucket, Key="landing/a.csv")

    gone, stays = _fetch(s3, listed, tmp_path)

    assert gone == Vanished(listed[0], "deleted")
    assert isinstance(stays, Fetched)


def test_a_version_is_remembered_where_the_bucket_keeps_them(
    s3: S3Client, bucket: str, tmp_path: Path
) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    _put(s3, bucket, a="x")

    (only,) = _fetch(s3, _listing(s3, bucket), tmp_path)

    assert isinstance(only, Fetched)
    assert only.version_id == s3.head_object(Bucket=bucket, Key="landing/a.csv")["VersionId"]


def test_an_object_that_may_not_be_read_does_not_stop_the_others(
    s3: S3Client, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _put(s3, bucket, a="secret", b="open")
    s3.meta.events.register("after-call.s3.GetObject", _refuse)
    s3.meta.events.register("provide-client-params.s3.GetObject", _mark)

    first, second = _fetch(s3, _listing(s3, bucket), tmp_path)

    assert isinstance(first, Unread)
    assert isinstance(first.error, AccessDenied)
    assert isinstance(second, Fetched)


def _mark(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    context["denied"] = params["Key"] == "landing/a.csv"


def _refuse(http_response: Any, parsed: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    if context["denied"]:
        http_response.status_code = 403
        parsed["Error"] = {"Code": "AccessDenied", "Message": "no"}


def test_a_body_that_breaks_off_is_asked_for_again(tmp_path: Path) -> None:
    body = b"x" * 100_000
    cut = f'HTTP/1.1 200 OK\r\nETag: "e"\r\nContent-Length: {len(body)}\r\n\r\n'.encode() + body[:5000]
    whole = cut[:-5000] + body
    landed = LandedObject("b", "landing/a.csv", "e", len(body), datetime.now(UTC))

    with _serving([cut, whole]) as url:
        (only,) = _fetch(_client_of(url), [landed], tmp_path)

    assert isinstance(only, Fetched)
    assert only.staged.read_bytes() == body


def test_a_failure_to_write_stops_the_download(s3: S3Client, bucket: str, tmp_path: Path) -> None:
    _put(s3, bucket, **{f"n{number}": "x" for number in range(20)})

    with pytest.raises(FileNotFoundError):
        _fetch(s3, _listing(s3, bucket), tmp_path / "absent")


def test_the_usual_sensor_helper_loses_what_lands_in_the_cursors_second_and_ours_does_not(
    s3: S3Client, bucket: str, tmp_path: Path
) -> None:
    """The control is dagster-aws's own helper, used as its documentation says."""
    from dagster_aws.s3.sensor import get_objects

    s3.meta.events.register("after-call.s3.ListObjectsV2", _whole_seconds)
    _at_the_start_of_a_second()
    _put(s3, bucket, seen="1", overwritten="1")
    first = get_objects(bucket, "landing/", client=s3)
    cursor = max(each["LastModified"] for each in first)
    discovery = _discovery(s3, bucket, tmp_path)
    discovery.reconcile()
    _put(s3, bucket, late="2", overwritten="2")

    listed = _listing(s3, bucket)
    theirs = get_objects(bucket, "landing/", since_last_modified=cursor, client=s3)
    ours = discovery.reconcile()

    assert {each.last_modified.replace(microsecond=0) for each in listed} == {cursor}, (
        "this machine is too slow for this test"
    )
    assert theirs == []
    assert (ours.listed, ours.new) == (3, 2)


def _whole_seconds(parsed: dict[str, Any], **_: Any) -> None:
    """What Amazon lists; the embedded server lists thousandths."""
    for each in parsed.get("Contents", ()):
        each["LastModified"] = each["LastModified"].replace(microsecond=0)


def test_the_usual_sensor_helper_fails_for_ever_once_its_cursor_is_deleted_and_ours_does_not(
    s3: S3Client, bucket: str, tmp_path: Path
) -> None:
    from dagster_aws.s3.sensor import get_objects

    _put(s3, bucket, a="1")
    discovery = _discovery(s3, bucket, tmp_path)
    discovery.reconcile()
    s3.delete_object(Bucket=bucket, Key="landing/a.csv")
    _put(s3, bucket, b="1")

    with pytest.raises(Exception, match="`since_key` is not present"):
        get_objects(bucket, "landing/", since_key="landing/a.csv", client=s3)
    ours = discovery.reconcile()
    assert (ours.new, ours.missing) == (1, 1)


def _discovery(s3: S3Client, bucket: str, folder: Path) -> Discovery:
    settings = LandingSettings(bucket=bucket)
    return Discovery(client=s3, settings=settings, journal=open_journal(settings, folder))


def _at_the_start_of_a_second() -> None:
    time.sleep(1.02 - time.time() % 1)


def _answering(status: str, body: str) -> Any:
    answer = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"
    return _serving([answer.encode()])


class _serving:  # noqa: N801 - used as a function
    """A server that gives these bytes to one connection after the other, and hangs up."""

    def __init__(self, answers: list[bytes]) -> None:
        self._answers = answers

    def __enter__(self) -> str:
        import socket
        import threading

        self._socket = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _serve(self) -> None:
        for answer in self._answers:
            connection, _ = self._socket.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)
