"""What a run of stages tells while it goes on, and how it may be told to behave."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ml_assets.dvc.errors import DvcBridgeError


class Outcome(Enum):
    """How a stage's outputs came to be what dvc.lock now says."""

    RAN = "ran"
    RESTORED = "restored"
    UNCHANGED = "unchanged"


class Redo(Enum):
    """Whether stages that did not change are run all the same (`dvc repro -f`)."""

    CHANGED = "changed"
    ALL = "all"


class OnFailure(Enum):
    """What a failed stage means for those that do not depend on it (`dvc repro --keep-going`)."""

    STOP = "stop"
    KEEP_GOING = "keep going"


class Accepted(Enum):
    """Whether what a stage made is good enough for the stages below it to begin."""

    YES = "yes"
    NO = "no"


class Start(Enum):
    """Whether stages that ask for it start with their libraries loaded."""

    WARM = "warm"
    COLD = "cold"


@dataclass(frozen=True)
class StageStarted:
    """DVC has taken up a stage."""

    stage: str


@dataclass(frozen=True)
class StageLine:
    """One line that a stage's command printed."""

    stage: str
    text: str


@dataclass(frozen=True)
class StageFinished:
    """A stage is done and dvc.lock holds its result; `seconds` is wall time."""

    stage: str
    outcome: Outcome
    seconds: float


@dataclass(frozen=True)
class StageBroke:
    """A stage failed; its old result, if any, is no longer there."""

    stage: str
    error: DvcBridgeError


@dataclass(frozen=True)
class StageSkipped:
    """A stage was not taken up, since `because` failed, on which it depends or which stopped the run."""

    stage: str
    because: str


Event = StageStarted | StageLine | StageFinished | StageBroke | StageSkipped
