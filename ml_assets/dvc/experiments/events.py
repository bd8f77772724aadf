"""What a batch of experiments tells while it goes on, and how that crosses from one process to another."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import Any, cast, get_args, get_type_hints

from ml_assets.dvc.errors import DvcBridgeError
from ml_assets.dvc.events import Event

# RFC 7464: what does not begin with it was printed by somebody else.
RECORD_SEPARATOR = "\x1e"


@dataclass(frozen=True)
class ExperimentStarted:
    """An experiment has its clone, and its stages are about to run."""

    name: str


@dataclass(frozen=True)
class ExperimentProgress:
    """Something happened to a stage of an experiment."""

    name: str
    event: Event


@dataclass(frozen=True)
class ExperimentSaid:
    """A line that belongs to no stage: a warning of DVC, for example."""

    name: str
    text: str


@dataclass(frozen=True)
class ExperimentSaved:
    """An experiment is kept as commit `rev`; `seconds` is wall time, its clone's making included."""

    name: str
    rev: str
    seconds: float


@dataclass(frozen=True)
class ExperimentBroke:
    """An experiment failed, and nothing of it is kept but what DVC's cache has."""

    name: str
    reason: str


ExperimentEvent = ExperimentStarted | ExperimentProgress | ExperimentSaid | ExperimentSaved | ExperimentBroke

_KINDS: Mapping[str, type[Any]] = {
    kind.__name__: kind for kind in (*get_args(ExperimentEvent), *get_args(Event))
}


def encode(event: ExperimentEvent) -> str:
    """One line of text, its end included; of an error, what it says."""
    return f"{RECORD_SEPARATOR}{json.dumps(_plain(event))}\n"


def decode(line: str) -> ExperimentEvent | None:
    """The event in a line; None for a line that is none."""
    if not line.startswith(RECORD_SEPARATOR):
        return None
    return cast("ExperimentEvent", _event(json.loads(line[len(RECORD_SEPARATOR) :])))


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        values = {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
        return {"kind": type(value).__name__, **values}
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, BaseException) else value


def _event(found: dict[str, Any]) -> Any:
    kind = _KINDS[found.pop("kind")]
    hints = get_type_hints(kind)
    return kind(**{name: _value(hints[name], value) for name, value in found.items()})


def _value(hint: Any, value: Any) -> Any:
    if isinstance(value, dict) and value.get("kind") in _KINDS:
        return _event(value)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(value)
    return DvcBridgeError(value) if isinstance(hint, type) and issubclass(hint, BaseException) else value
