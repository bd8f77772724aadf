"""Params in a Python file, as DVC reads them: names that are given literals, at the top and in classes."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Any


def read_python_params(text: str) -> dict[str, Any]:
    """Name → value; a class is a mapping of its own names and of those that its `__init__` gives to `self`.

    Raises:
        SyntaxError, ValueError: it is not Python.
    """
    return _params(ast.parse(text).body)


def holds_params_alone(tree: ast.Module) -> bool:
    """Whether a file says nothing but params, so that to know those is to know the file."""
    return all(_is_param(statement) for statement in tree.body)


def _params(body: Sequence[ast.stmt]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for statement in body:
        if isinstance(statement, ast.ClassDef):
            found[statement.name] = _params(statement.body)
        elif isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
            of_self = [each for each in statement.body if _is_of_self(each)]
            found |= _params(of_self)
        else:
            found |= dict(_assigned(statement))
    return found


def _assigned(statement: ast.stmt) -> Iterator[tuple[str, Any]]:
    target = _target(statement)
    if target is None or not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
        return
    try:
        yield target, ast.literal_eval(statement.value)
    except ValueError:
        return  # computed: no param


def _target(statement: ast.stmt) -> str | None:
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
    elif isinstance(statement, ast.AnnAssign):
        target = statement.target
    else:
        return None
    if isinstance(target, ast.Attribute):
        return target.attr if isinstance(target.value, ast.Name) and target.value.id == "self" else None
    return target.id if isinstance(target, ast.Name) else None


def _is_of_self(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Attribute)


def _is_param(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.ClassDef):
        return all(_is_param(each) for each in statement.body)
    if isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
        return all(_is_param(each) for each in statement.body)
    is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return is_text or isinstance(statement, ast.Pass) or bool(dict(_assigned(statement)))
