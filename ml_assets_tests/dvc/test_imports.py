"""What a Python source imports, whatever way it says so."""

from __future__ import annotations

import json

import pytest

from ml_assets.dvc.static.imports import Import, Imports, read_imports
from ml_assets.dvc.static.path_edits import PathEdit


def imports(source: str) -> set[Import]:
    found = read_imports(source.encode())
    assert found.unknown == ()
    return set(found.imports)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import a", {Import("a")}),
        ("import a.b.c as d, e", {Import("a.b.c"), Import("e")}),
        ("from a.b import c as d, e", {Import("a.b", 0, ("c", "e"))}),
        ("from a import *", {Import("a", 0, ("*",))}),
        ("from . import x", {Import("", 1, ("x",))}),
        ("from ..a import b", {Import("a", 2, ("b",))}),
        ("def f():\n    import a", {Import("a")}),
        ("class C:\n    import a", {Import("a")}),
        ("try:\n    import a\nexcept ImportError:\n    import b", {Import("a"), Import("b")}),
        ("if x:\n    import a\nelse:\n    import b", {Import("a"), Import("b")}),
        ("import importlib\nimportlib.import_module('a.b')", {Import("importlib"), Import("a.b")}),
        ("import_module(name='a')", {Import("a")}),
        ("from i import import_module as f\nf('a')", {Import("i", 0, ("import_module",)), Import("a")}),
        ("import_module('.x', package=__package__)", {Import("x", 1)}),
        ("import_module('..x', 'a.b')", {Import("a.x")}),
        ("import_module('.x', 'a.b')", {Import("a.b.x")}),
        ("__import__('a.b')", {Import("a.b")}),
        ("runpy.run_module('a')", {Import("a")}),
    ],
)
def test_every_form_of_import_is_seen(source: str, expected: set[Import]) -> None:
    assert imports(source) == expected


@pytest.mark.parametrize("test", ["TYPE_CHECKING", "typing.TYPE_CHECKING", "t.TYPE_CHECKING"])
def test_what_only_type_checkers_import_is_left_out(test: str) -> None:
    assert imports(f"if {test}:\n    import a\nelse:\n    import b") == {Import("b")}
    assert imports(f"if not {test}:\n    import a\nelse:\n    import b") == {Import("a")}
    assert imports(f"if x:\n    import a\nelif {test}:\n    import b") == {Import("a")}


@pytest.mark.parametrize(
    "source",
    [
        b"import a\nimport ?",
        b"print 'python 2'",
        "name = 'é'\n".encode("latin-1"),
        b"a = 1\0",
        b"(" * 5000 + b")" * 5000,
    ],
)
def test_a_source_that_does_not_parse_is_said_to(source: bytes) -> None:
    found = read_imports(source)
    assert found.imports == ()
    assert "does not parse" in found.unknown[0]


def test_a_source_may_say_its_encoding() -> None:
    source = "# -*- coding: latin-1 -*-\nname = 'é'\nimport a\n".encode("latin-1")
    assert read_imports(source).imports == (Import("a"),)
    assert read_imports(b"\xef\xbb\xbfimport a\n").imports == (Import("a"),)


def test_a_computed_name_is_said_with_its_line() -> None:
    found = read_imports(b"import importlib\n\nimportlib.import_module(f'models.{name}')\n")
    assert found.unknown == ("line 3: it imports a module whose name is computed",)


def test_names_in_all_are_exports() -> None:
    found = read_imports(b"__all__ = ['a', 'b']\n__all__ += ['c']\nother = ['d']\n")
    assert set(found.exports) == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("source", "folder", "of_file"),
    [
        ("sys.path.append('src')", "src", False),
        ("sys.path.insert(0, '../common')", "../common", False),
        ("sys.path.append(os.getcwd())", ".", False),
        ("sys.path.insert(0, os.path.dirname(__file__))", ".", True),
        ("sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))", "..", True),
        ("sys.path.append(os.path.dirname(os.path.realpath(__file__)) + '/../lib')", "../lib", True),
        ("sys.path.append(str(Path(__file__).resolve().parent.parent))", "..", True),
        ("sys.path.append(str(Path(__file__).parents[1] / 'lib'))", "../lib", True),
        ("ROOT = Path(__file__).parent\nsys.path.extend([str(ROOT / 'lib')])", "lib", True),
        ("sys.path.append(os.path.join(Path.cwd(), os.pardir))", "..", False),
        ("site.addsitedir(pathlib.Path(__file__).parent.joinpath('lib'))", "lib", True),
    ],
)  # fmt: skip
def test_folders_put_on_the_path_are_told_from_the_text(source: str, folder: str, *, of_file: bool) -> None:
    (found,) = read_imports(source.encode()).path_edits
    assert found == PathEdit(folder, of_file=of_file)


@pytest.mark.parametrize(
    "source",
    [
        "sys.path.append(os.environ['LIB'])",
        "sys.path.append(args.path)",
        "a = a + 'x'\nsys.path.append(a)",
        "names.append('src')",
    ],
)
def test_folders_that_the_text_does_not_tell_are_none(source: str) -> None:
    assert read_imports(source.encode()).path_edits == ()


def test_imports_come_back_from_json() -> None:
    source = b"from .a import b\n__all__ = ['b']\nsys.path.append('x')\nimport_module(y)\n"
    found = read_imports(source)
    assert all((found.imports, found.exports, found.path_edits, found.unknown))
    assert Imports.from_dict(json.loads(json.dumps(found.to_dict()))) == found
