"""The folders that a source puts on `sys.path`, where literals, `__file__`, os.path and pathlib say them."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass

DEPTH = 12
ADDING = {"append", "insert", "extend", "addsitedir"}
# Calls that leave a path where it is, as far as finding files goes.
SAME = {"str", "abspath", "realpath", "normpath", "expanduser", "fspath", "Path", "PurePath", "PosixPath"}
SAME_METHODS = {"resolve", "absolute", "as_posix", "expanduser", "__str__", "__fspath__"}


@dataclass(frozen=True)
class PathEdit:
    """A folder on `sys.path`: relative to the source's own folder, in which `__file__` is the source itself,
    or to the working directory."""

    folder: str
    of_file: bool


def path_edits(tree: ast.Module) -> tuple[PathEdit, ...]:
    """What `sys.path.append(…)`, `.insert(…)`, `.extend([…])` and `site.addsitedir(…)` add, in any order."""
    added = [argument for node in ast.walk(tree) if isinstance(node, ast.Call) for argument in _added(node)]
    evaluator = _Evaluator(_assignments(tree) if added else {})
    found = [evaluator.evaluate(argument) for argument in added]
    return tuple(dict.fromkeys(edit for edit in found if edit))


def _assignments(tree: ast.Module) -> dict[str, ast.expr]:
    """Name → the expression of its last plain assignment, in whatever scope."""
    return {
        node.targets[0].id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }


def _added(node: ast.Call) -> list[ast.expr]:
    if not isinstance(node.func, ast.Attribute) or node.func.attr not in ADDING:
        return []
    function = ast.unparse(node.func)
    if function in ("sys.path.append", "site.addsitedir"):
        return node.args[:1]
    if function == "sys.path.insert":
        return node.args[1:2]
    if function == "sys.path.extend" and node.args and isinstance(node.args[0], ast.List | ast.Tuple):
        return node.args[0].elts
    return []


@dataclass(frozen=True)
class _Evaluator:
    """Finds the folder that an expression says; None when it takes more than text to know."""

    known: Mapping[str, ast.expr]
    depth: int = 0

    def evaluate(self, node: ast.expr) -> PathEdit | None:
        rules: dict[type[ast.expr], Callable[..., PathEdit | None]] = {
            ast.Constant: self._constant,
            ast.Name: self._name,
            ast.Attribute: self._attribute,
            ast.Subscript: self._subscript,
            ast.BinOp: self._joined,
            ast.Call: self._call,
        }
        rule = rules.get(type(node))
        return rule(node) if rule and self.depth < DEPTH else None

    def _below(self, node: ast.expr) -> PathEdit | None:
        return _Evaluator(self.known, self.depth + 1).evaluate(node)

    def _constant(self, node: ast.Constant) -> PathEdit | None:
        return PathEdit(node.value or ".", of_file=False) if isinstance(node.value, str) else None

    def _name(self, node: ast.Name) -> PathEdit | None:
        if node.id == "__file__":
            return PathEdit("__file__", of_file=True)
        return self._below(self.known[node.id]) if node.id in self.known else None

    def _attribute(self, node: ast.Attribute) -> PathEdit | None:
        if node.attr in ("pardir", "curdir"):
            return PathEdit(".." if node.attr == "pardir" else ".", of_file=False)
        return self._up(node.value, 1) if node.attr == "parent" else None

    def _subscript(self, node: ast.Subscript) -> PathEdit | None:
        parents, index = node.value, node.slice
        if not (isinstance(parents, ast.Attribute) and parents.attr == "parents"):
            return None
        if not (isinstance(index, ast.Constant) and isinstance(index.value, int)):
            return None
        return self._up(parents.value, index.value + 1)

    def _joined(self, node: ast.BinOp) -> PathEdit | None:
        return self._join([node.left, node.right])

    def _call(self, node: ast.Call) -> PathEdit | None:
        function = node.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        if name in SAME_METHODS and isinstance(function, ast.Attribute) and not node.args:
            return self._below(function.value)
        if name in ("getcwd", "cwd"):
            return PathEdit(".", of_file=False)
        if name == "joinpath" and isinstance(function, ast.Attribute):
            return self._join([function.value, *node.args])
        if name == "dirname" and node.args:
            return self._up(node.args[0], 1)
        if name == "join" or name in SAME:
            return self._join(node.args)
        return None

    def _up(self, node: ast.expr, levels: int) -> PathEdit | None:
        base = self._below(node)
        return base and PathEdit(_normal(base.folder, *[".."] * levels), of_file=base.of_file)

    def _join(self, nodes: list[ast.expr]) -> PathEdit | None:
        parts = [self._below(node) for node in nodes]
        if not parts or parts[0] is None or any(part is None or part.of_file for part in parts[1:]):
            return None
        rest = [part.folder.lstrip("/") for part in parts[1:] if part]
        return PathEdit(_normal(parts[0].folder, *rest), of_file=parts[0].of_file)


def _normal(*parts: str) -> str:
    return posixpath.normpath(posixpath.join(*parts))
