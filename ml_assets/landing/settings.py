"""What a project may say about its landing: where objects arrive, and how they are taken in."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator


class LandingSettings(BaseModel):
    """The table `[tool.ml_assets.landing]`; every default works offline except `bucket`.

    Credentials are no settings: they come from the environment by the AWS conventions.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    bucket: str
    prefix: str = "landing/"
    into: str = "data/raw"
    contracts: str | None = Field(default=None, pattern=r"^[\w.]+:\w+$")
    csv_last_line_end: Literal["required", "optional"] = "required"
    max_unpacked_bytes: int = Field(default=16 << 30, ge=1)
    quarantine_ratio: float = Field(default=0.1, ge=0, le=1)
    freshness_hours: float | None = Field(default=None, gt=0)
    together: tuple[str, ...] = ()
    together_wait_seconds: float = Field(default=60, ge=0)
    marker: str | None = None
    settle_seconds: float = Field(default=0, ge=0)
    ignore: tuple[str, ...] = ()
    deletions: Literal["keep", "mirror"] = "keep"
    queue: str | None = None
    reconcile_seconds: float = Field(default=900, ge=0)
    journal: str = ".ml_assets/landing.sqlite"
    region: str | None = None
    endpoint_url: str | None = None
    interval_seconds: int = Field(default=10, ge=1)
    max_attempts: int = Field(default=5, ge=1)
    backoff_seconds: float = Field(default=30, ge=0)
    daily_schedule: bool = False
    schedule_cron: str = "0 6 * * *"
    run_retries: int = Field(default=0, ge=0)
    parallel_downloads: int = Field(default=8, ge=1, le=64)
    max_batch_files: int = Field(default=1000, ge=1)
    max_batch_bytes: int = Field(default=1 << 30, ge=1)
    batch_wait_seconds: float = Field(default=30, ge=0)
    batches_in_flight: int = Field(default=2, ge=1)
    max_files_per_dvc: int = Field(default=20_000, ge=1)
    parallel_listings: int = Field(default=4, ge=1, le=64)
    tick_seconds: float = Field(default=20, gt=0, le=50)
    sensor: Literal["stopped", "running"] = "stopped"

    @field_validator("prefix")
    @classmethod
    def _ends_with_a_slash(cls, prefix: str) -> str:
        # Without it "landing" would also take in "landing-old/…".
        return prefix if not prefix or prefix.endswith("/") else prefix + "/"

    @field_validator("into")
    @classmethod
    def _is_inside_the_project(cls, into: str) -> str:
        path = PurePosixPath(into)
        if path.is_absolute() or ".." in path.parts or path == PurePosixPath():
            raise ValueError("must be a folder inside the project, such as data/raw")
        return str(path)
