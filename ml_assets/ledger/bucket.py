"""Records in a bucket (S3 and what speaks like it, GCS, Azure), with the usual variables of each."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ml_assets.dvc.remotes import without_credentials
from ml_assets.ledger.errors import LedgerLocationUnknown, LedgerUnreachable, PlainHttpRefused

if TYPE_CHECKING:
    from obstore.store import ObjectStore

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
REGION = "us-east-1"


@dataclass(frozen=True)
class Bucket:
    """A prefix of a bucket; `create` is a conditional put (If-None-Match: *)."""

    url: str
    store: ObjectStore

    @property
    def readers(self) -> int:
        return 16

    def folders(self, folder: str) -> list[str]:
        import obstore

        with self._reached("listing its records"):
            found = obstore.list_with_delimiter(self.store, prefix=folder)
            return [path.rstrip("/").rpartition("/")[2] for path in found["common_prefixes"]]

    def names(self, folder: str, *, after: str) -> list[str]:
        import obstore

        offset = f"{folder}/{after}" if after else None
        with self._reached("listing its records"):
            chunks = obstore.list(self.store, prefix=folder, offset=offset)
            return [found["path"].rpartition("/")[2] for chunk in chunks for found in chunk]

    def read(self, path: str) -> bytes | None:
        import obstore

        with self._reached("reading a record"):
            try:
                return bytes(obstore.get(self.store, path).bytes())
            except FileNotFoundError:
                return None

    def create(self, path: str, data: bytes) -> bool:
        import obstore
        from obstore.exceptions import AlreadyExistsError

        with self._reached("appending a record"):
            try:
                # Multipart uploads do not know the condition.
                obstore.put(self.store, path, data, mode="create", use_multipart=False)
            except AlreadyExistsError:
                return False
            return True

    @contextmanager
    def _reached(self, doing: str) -> Iterator[None]:
        from obstore.exceptions import BaseError

        try:
            yield
        except (BaseError, FileNotFoundError) as error:
            # The rest of obstore's text is a dump of its own structures.
            cause = str(error).partition("\n")[0]
            raise LedgerUnreachable(url=self.url, doing=doing, cause=cause) from error


def open_bucket(url: str) -> Bucket:
    """The place at `url` (s3://bucket/path, gs://…, az://…); nothing is sent yet.

    Raises PlainHttpRefused for an http:// endpoint on another machine, LedgerLocationUnknown for an address
    that obstore does not know.
    """
    from obstore.exceptions import BaseError
    from obstore.store import from_url

    options: dict[str, Any] = _s3_options(os.environ) if url.startswith("s3://") else {}
    retries: Any = {"max_retries": 4, "retry_timeout": timedelta(seconds=30)}
    try:
        store = from_url(url, retry_config=retries, **options)
    except (BaseError, ValueError) as error:
        raise LedgerLocationUnknown(url=url, cause=str(error).partition("\n")[0]) from error
    return Bucket(url=without_credentials(url).rstrip("/"), store=store)


def _s3_options(env: Mapping[str, str]) -> dict[str, Any]:
    """What boto3 would do with the same environment, where obstore does something else."""
    endpoint = env.get("AWS_ENDPOINT_URL_S3") or env.get("AWS_ENDPOINT_URL")
    region = env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION")
    options: dict[str, Any] = {}
    if _has_profile(env):
        options["credential_provider"] = _boto_credentials()
    if region or not _has_profile(env):
        options["region"] = region or REGION
    if endpoint:
        options["endpoint"] = endpoint
        options["client_options"] = {"allow_http": _may_be_plain(endpoint, env)}
    return options


def _may_be_plain(endpoint: str, env: Mapping[str, str]) -> bool:
    parts = urlsplit(endpoint)
    if parts.scheme != "http":
        return False
    if parts.hostname in LOOPBACK or env.get("AWS_ALLOW_HTTP", "").lower() in {"1", "true"}:
        return True
    raise PlainHttpRefused(endpoint=endpoint)


def _has_profile(env: Mapping[str, str]) -> bool:
    """Whether credentials come from ~/.aws, which obstore does not read."""
    if env.get("AWS_ACCESS_KEY_ID"):
        return False
    home = Path(env.get("HOME", "~")).expanduser() / ".aws"
    shared = Path(env.get("AWS_SHARED_CREDENTIALS_FILE") or home / "credentials")
    config = Path(env.get("AWS_CONFIG_FILE") or home / "config")
    return bool(env.get("AWS_PROFILE")) or shared.exists() or config.exists()


def _boto_credentials() -> object:
    from obstore.auth.boto3 import Boto3CredentialProvider

    return Boto3CredentialProvider()
