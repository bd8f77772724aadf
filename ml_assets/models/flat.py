"""Nested params and metrics as the flat names that MLflow takes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

DEFAULT_PARAMS = "params.yaml"
NAME_LIMIT = 250
VALUE_LIMIT = 6000
_NOT_IN_NAMES = re.compile(r"[^\w.\- :/]|\t")
_NON_FINITE = frozenset({"NaN", "Infinity", "-Infinity"})


def flat_params(params: Mapping[str, Any]) -> dict[str, str]:
    """Params by dotted name; those of another file than params.yaml begin with `file:`, as DVC writes them.

    Lists are their JSON. Values longer than MLflow keeps are cut.
    """
    named: dict[str, str] = {}
    for file, content in params.items():
        prefix = "" if file == DEFAULT_PARAMS else f"{file}:"
        for path, value in _leaves(content):
            named[mlflow_name(prefix + ".".join(path))] = _text(value)[:VALUE_LIMIT]
    return named


def flat_metrics(metrics: Mapping[str, Any]) -> dict[str, float]:
    """The numbers of metrics files by `a/b` names; with several files each name begins with the file's."""
    named: dict[str, float] = {}
    for file, content in metrics.items():
        prefix = () if len(metrics) == 1 else (PurePosixPath(file).with_suffix("").as_posix(),)
        for path, value in _leaves(content):
            number = _number(value)
            if number is not None:
                named[mlflow_name("/".join((*prefix, *path)))] = number
    return named


def mlflow_name(name: str) -> str:
    """The name with what MLflow refuses (the @ of a foreach stage, for one) by its code: `a@b`, `a_x40_b`."""
    return _NOT_IN_NAMES.sub(lambda found: f"_x{ord(found.group()):x}_", name)[:NAME_LIMIT]


def _leaves(content: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(content, Mapping) and content:
        for name, value in content.items():
            yield from _leaves(value, (*path, str(name)))
    else:
        yield path or ("value",), content


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    # How a record writes what JSON has no word for.
    return float(value) if isinstance(value, str) and value in _NON_FINITE else None
