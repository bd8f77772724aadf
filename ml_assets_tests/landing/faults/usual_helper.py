"""What people use today, as its documentation says: dagster-aws's helper with a cursor of times."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dagster_aws.s3.sensor import get_objects

from ml_assets_tests.landing.faults.virtual_s3 import BUCKET, PREFIX, VirtualS3


@dataclass
class UsualHelper:
    """`taken` are the numbers of the generations that it came upon."""

    s3: VirtualS3
    cursor: datetime | None = None
    taken: Counter[int] = field(default_factory=Counter)

    def look(self) -> None:
        found: Any = get_objects(BUCKET, PREFIX, since_last_modified=self.cursor, client=self.s3)
        self.taken.update(self.s3.live[each["Key"]].number for each in found)
        self.cursor = max((each["LastModified"] for each in found), default=self.cursor)

    def lost(self) -> list[int]:
        """Generations that are there, and that it never came upon."""
        return [each.number for each in self.s3.live.values() if each.number not in self.taken]
