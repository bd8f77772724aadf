"""Where a benchmark works: a temporary folder with clones in it and an embedded S3 beside them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.clone import Clone
from ml_assets.demo.s3 import EmbeddedS3

HISTORY_DAYS = 90


@dataclass(frozen=True)
class Workshop:
    """A folder that goes with the benchmark, and a server whose default bucket is the project's."""

    folder: Path
    s3: EmbeddedS3

    def clone(self, name: str) -> Clone:
        """A new clone that reaches the embedded S3. Raises NoCheckout."""
        return Clone.make(self.folder / name, **self.s3.env())

    def clone_with_history(self, name: str) -> Clone:
        """A new clone with 90 days in data/raw, tracked. Raises NoCheckout and RunFailed."""
        clone = self.clone(name)
        days = str(HISTORY_DAYS)
        clone.run("python", "-m", "ml_assets.demo.feed", "data/raw", "--days", days)
        clone.run("dvc", "add", "--quiet", "data/raw")
        return clone


@contextmanager
def workshop() -> Iterator[Workshop]:
    """Raises EmbeddedS3Failed."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        root = Path(folder)
        with EmbeddedS3(data=root / "s3", port=0) as s3:
            yield Workshop(root, s3)
