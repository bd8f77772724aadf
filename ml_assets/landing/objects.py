"""What a channel may say of a key in the landing zone: that an object is there, or that it is gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, order=True)
class LandedObject:
    """One *generation* of its key; `etag` is without quotes, `last_modified` aware. Ordered by its key.

    `version_id` is known where the bucket is versioned and the channel says it; `sequencer` orders the events
    of one key.
    """

    bucket: str
    key: str
    etag: str
    size: int
    last_modified: datetime
    version_id: str | None = None
    sequencer: str | None = None

    @property
    def url(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    @property
    def identity(self) -> tuple[str, str, str, int]:
        """What tells this content of this key from another; a time of S3 never does."""
        return self.bucket, self.key, self.etag, self.size


@dataclass(frozen=True, slots=True, order=True)
class DeletedObject:
    """The key is gone, or was when its event was sent."""

    bucket: str
    key: str
    deleted_at: datetime
    version_id: str | None = None
    sequencer: str | None = None


Sighting = LandedObject | DeletedObject
