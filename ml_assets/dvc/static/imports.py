"""What a Python source imports, read from its text: nothing is run, nothing is loaded."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ml_assets.dvc.python_params import holds_params_alone
from ml_assets.dvc.static.path_edits import PathEdit, path_edits

# Functions that take a module's name as their first argument.
IMPORTING = {"import_module", "__import__", "run_module"}


@dataclass(frozen=True)
class Import:
    """`from ..module import names`, with `level` dots; `import a.b` has no names."""

    module: str
    level: int = 0
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Imports:
    """All imports of one source, wherever in it they stand.

    `exports` are the names in a literal `__all__`, `path_edits` the folders that it puts on `sys.path`;
    `params_alone` is whether the source says nothing but params. `unknown` says what cannot be told from the
    text: each entry is a phrase that starts with the line.
    """

    imports: tuple[Import, ...] = ()
    exports: tuple[str, ...] = ()
    path_edits: tuple[PathEdit, ...] = ()
    params_alone: bool = False
    unknown: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON; empty fields are left out."""
        return {name: value for name, value in asdict(self).items() if value}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Imports:
        imports = data.get("imports", ())
        return cls(
            imports=tuple(Import(each["module"], each["level"], tuple(each["names"])) for each in imports),
            exports=tuple(data.get("exports", ())),
            path_edits=tuple(PathEdit(**each) for each in data.get("path_edits", ())),
            params_alone=data.get("params_alone", False),
            unknown=tuple(data.get("unknown", ())),
        )


def read_imports(source: bytes) -> Imports:
    """The imports in a Python source of any declared encoding; those for type checkers alone are left out.

    Of a source that does not parse, nothing but that is known.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of other people's escapes in strings
            tree = ast.parse(source)
    except SyntaxError as error:
        return Imports(unknown=(f"line {error.lineno or 1}: it does not parse ({error.msg})",))
    except (ValueError, RecursionError) as error:
        return Imports(unknown=(f"line 1: it does not parse ({error})",))
    return _Reader().read(tree)


@dataclass
class _Reader:
    imports: dict[Import, None] = field(default_factory=dict)
    exports: dict[str, None] = field(default_factory=dict)
    unknown: dict[str, None] = field(default_factory=dict)

    def read(self, tree: ast.Module) -> Imports:
        nodes = list(executed(tree))
        importing = IMPORTING | {name for node in nodes for name in _renamed(node)}
        for node in nodes:
            if isinstance(node, ast.Import):
                self.imports.update(dict.fromkeys(Import(alias.name) for alias in node.names))
            elif isinstance(node, ast.ImportFrom):
                names = tuple(alias.name for alias in node.names)
                self.imports[Import(node.module or "", node.level, names)] = None
            elif isinstance(node, ast.Call) and _called(node) in importing:
                self._read_call(node)
            elif isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
                self.exports.update(dict.fromkeys(_exported(node)))
        return Imports(
            imports=tuple(self.imports),
            exports=tuple(self.exports),
            path_edits=path_edits(tree),
            params_alone=holds_params_alone(tree),
            unknown=tuple(self.unknown),
        )

    def _read_call(self, node: ast.Call) -> None:
        name, package = _argument(node, 0, "name", "mod_name"), _argument(node, 1, "package")
        if isinstance(name, str):
            self.imports[_named(name, package)] = None
        elif name is not None:
            self.unknown[f"line {node.lineno}: it imports a module whose name is computed"] = None


def _argument(node: ast.Call, place: int, *keywords: str) -> object:
    """A call's argument: its text where it is a literal, its node where it is not, None without one."""
    by_name = [each.value for each in node.keywords if each.arg in keywords]
    given = [*node.args[place : place + 1], *by_name]
    return (given[0].value if isinstance(given[0], ast.Constant) else given[0]) if given else None


def _named(name: str, package: object) -> Import:
    """What `import_module(name, package)` imports; a package that is not literal is the source's own."""
    module = name.lstrip(".")
    level = len(name) - len(module)
    if not level or not isinstance(package, str):
        return Import(module, level)
    around = package.split(".")
    return Import(".".join([*around[: len(around) - level + 1], module]).strip("."))


def executed(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those below `if TYPE_CHECKING`."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If) and _is_for_type_checkers(node.test):
            waiting += node.orelse
        elif isinstance(node, ast.If) and _is_for_all_others(node.test):
            waiting += node.body
        else:
            waiting += ast.iter_child_nodes(node)


def _is_for_type_checkers(test: ast.expr) -> bool:
    name = test.id if isinstance(test, ast.Name) else test.attr if isinstance(test, ast.Attribute) else None
    return name == "TYPE_CHECKING"


def _is_for_all_others(test: ast.expr) -> bool:
    if not isinstance(test, ast.UnaryOp) or not isinstance(test.op, ast.Not):
        return False
    return _is_for_type_checkers(test.operand)


def _renamed(node: ast.AST) -> Iterator[str]:
    """The names that `from importlib import import_module as name` gives to an importing function."""
    for alias in node.names if isinstance(node, ast.ImportFrom) else ():
        if alias.name in IMPORTING and alias.asname:
            yield alias.asname


def _called(node: ast.Call) -> str | None:
    if isinstance(node.func, ast.Name):
        return node.func.id
    return node.func.attr if isinstance(node.func, ast.Attribute) else None


def _exported(node: ast.Assign | ast.AugAssign | ast.AnnAssign) -> Iterator[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
        for item in node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else ():
            if isinstance(item, ast.Constant) and isinstance(item.value, str):
                yield item.value
