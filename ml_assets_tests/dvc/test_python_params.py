"""Params in Python files have the values that DVC gives them."""

from __future__ import annotations

import pytest
from dvc.utils.serialize import parse_py

from ml_assets.dvc.python_params import read_python_params

SOURCE = '''
"""Text."""
import os
DEPTH = 3
RATE: float = 1e-3
NAMES = ["a", "b"]
TABLE = {"x": 1, 2: (3, 4)}
ODD = {1, 2}
NEGATIVE = -1
COMPUTED = DEPTH + 1
HOME = os.environ
A = B = 1
left, right = 1, 2
DECLARED: int

class Net:
    width = 8
    def __init__(self):
        self.bias = True
        local = 1
    def fit(self):
        self.done = True
    class Inner:
        deep = None

def function():
    inside = 1
'''


def test_they_are_those_that_dvc_reads() -> None:
    assert read_python_params(SOURCE) == parse_py(SOURCE, "params.py")


def test_a_file_that_is_no_python_is_refused() -> None:
    with pytest.raises(SyntaxError):
        read_python_params("A = \n")
