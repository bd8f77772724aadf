"""One object as a listing shows it; with its content's fingerprint it is a *generation* of its key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, order=True)
class LandedObject:
    """`etag` is without quotes; `last_modified` is aware. Ordered by bucket and key."""

    bucket: str
    key: str
    etag: str
    size: int
    last_modified: datetime

    @property
    def url(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    @property
    def identity(self) -> tuple[str, str, str, int]:
        """What tells this content of this key from another; a time of S3 never does."""
        return self.bucket, self.key, self.etag, self.size
