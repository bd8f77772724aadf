"""Whether the buckets that the project names answer, and agree with this machine's clock."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import urlsplit

from ml_assets.doctor.finding import Finding, error, warning
from ml_assets.doctor.site import Site

TIMEOUT_SECONDS = 2.0
# S3 refuses signatures that are a quarter of an hour off.
REFUSED_SECONDS = 15 * 60
SUSPICIOUS_SECONDS = 60


@dataclass(frozen=True)
class Bucket:
    """A bucket and the server that has it; `what` names its use."""

    what: str
    name: str
    endpoint: str


def buckets_answer(site: Site) -> Iterator[Finding]:
    """Each bucket of remote, landing and ledger, asked once, without signing anything."""
    asked: set[tuple[str, str]] = set()
    for bucket in _buckets(site):
        if (bucket.endpoint, bucket.name) not in asked:
            asked.add((bucket.endpoint, bucket.name))
            yield from _ask(bucket)


def _ask(bucket: Bucket) -> Iterator[Finding]:
    where, url = f"{bucket.what} s3://{bucket.name}", f"{bucket.endpoint.rstrip('/')}/{bucket.name}"
    try:
        status, headers = _head(url)
    except OSError as unreachable:
        reason = getattr(unreachable, "reason", unreachable)
        yield error(
            where,
            f"{bucket.endpoint} does not answer ({reason})",
            f"start or mend it, or correct AWS_ENDPOINT_URL; by hand: `curl -I '{bucket.endpoint}'`",
        )
        return
    if status == HTTPStatus.NOT_FOUND:
        yield error(
            where, "there is no such bucket", f"`aws s3 mb 's3://{bucket.name}'`, or correct the name"
        )
    yield from _compare_clocks(bucket, headers.get("Date"))


def _head(url: str) -> tuple[int, Mapping[str, str]]:
    """Status and headers; refusals are answers too. Raises OSError when nobody answers."""
    try:
        # The scheme is that of an S3 endpoint, chosen by whoever runs this.
        request = urllib.request.Request(url, method="HEAD")  # noqa: S310
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            return answer.status, dict(answer.headers)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, dict(refusal.headers)


def _compare_clocks(bucket: Bucket, date: str | None) -> Iterator[Finding]:
    if not date:
        return
    off = abs((datetime.now(UTC) - parsedate_to_datetime(date)).total_seconds())
    if off < SUSPICIOUS_SECONDS:
        return
    tell = error if off > REFUSED_SECONDS else warning
    consequence = "S3 refuses each request" if off > REFUSED_SECONDS else "S3 will soon refuse requests"
    yield tell(
        bucket.endpoint,
        f"its clock and this machine's are {off:.0f} s apart: {consequence}",
        "`timedatectl set-ntp true`, or mend the clock of whichever is wrong (`date -u`)",
    )


def _buckets(site: Site) -> Iterator[Bucket]:
    landing = site.settings.landing
    remote = str(site.remote_config.get("url", ""))
    if remote.startswith("s3://"):
        endpoint = site.remote_config.get("endpointurl") or _endpoint(site, site.remote_config.get("region"))
        yield Bucket("DVC remote", urlsplit(remote).netloc, endpoint)
    if landing is not None:
        yield Bucket("landing", landing.bucket, landing.endpoint_url or _endpoint(site, landing.region))
    if site.settings.ledger.startswith("s3://"):
        yield Bucket("ledger", urlsplit(site.settings.ledger).netloc, _endpoint(site, None))


def _endpoint(site: Site, region: str | None) -> str:
    environ = site.environ
    own = environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL")
    region = region or environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    return own or f"https://s3.{region}.amazonaws.com"
