"""What is asked of a batch of experiments, and what it comes to: plain values that go between processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ml_assets.dvc.snapshot import Snapshot


@dataclass(frozen=True, kw_only=True)
class ExperimentRequest:
    """What a person asks for.

    Attributes:
        overrides: `[file:]key=value` texts in Hydra's syntax; several values make a sweep, several sweeps
            the product. Files are relative to the project's root; without one it is params.yaml.
        targets: stages to bring up to date, with what they need; all without.
        name: of the experiment; those of a sweep get `-1`, `-2`, … after it. Without one, names are made up.
        message: of the experiments' commits; DVC's own without.
        jobs: experiments at once.
    """

    overrides: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    name: str | None = None
    message: str | None = None
    jobs: int = 1


@dataclass(frozen=True, kw_only=True)
class PlannedExperiment:
    """One experiment; `overrides` are by params file."""

    name: str
    overrides: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def texts(self) -> tuple[str, ...]:
        """The overrides as `-S` takes them."""
        return tuple(
            text if path == "params.yaml" else f"{path}:{text}"
            for path, texts in self.overrides.items()
            for text in texts
        )


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Experiments that start from one snapshot, and how they are run.

    `stage_jobs` is how many stages of one experiment run at once.
    """

    snapshot: Snapshot
    experiments: tuple[PlannedExperiment, ...]
    targets: tuple[str, ...] = ()
    message: str | None = None
    jobs: int = 1
    stage_jobs: int = 1
