"""What DVC writes is read as DVC reads it, by a parser in C."""

from __future__ import annotations

import pytest
import yaml
from ruamel.yaml import YAML

from ml_assets.dvc.yaml12 import Loader

VALUES = [
    "on",
    "yes",
    "True",
    "false",
    "12:30",
    "1e-05",
    "-3.5E+2",
    "010",
    "0",
    "-7",
    ".5",
    "1.",
    ".inf",
    "null",
    "~",
]


def read(text: str) -> object:
    return yaml.load(text, Loader=Loader)  # noqa: S506 - a safe loader


@pytest.mark.parametrize("text", [*VALUES, "'1'", '"on"', "1.2.3", "v1e5", "1e", "2020-01-01", "text"])
def test_a_scalar_is_what_dvcs_own_parser_makes_of_it(text: str) -> None:
    document = f"key: {text}\n"
    assert repr(read(document)) == repr(dict(YAML(typ="safe").load(document)))


def test_keys_are_read_so_as_well() -> None:
    assert read("on: 1\n010: 2\n") == {"on": 1, 10: 2}


def test_plain_pyyaml_reads_another_version() -> None:
    """The control."""
    assert yaml.safe_load("a: on\nb: 12:30\nc: 1e-05\n") == {"a": True, "b": 750, "c": "1e-05"}
