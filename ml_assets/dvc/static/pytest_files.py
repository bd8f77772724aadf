"""The files that pytest loads to run some tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from ml_assets.dvc.static.modules import INIT

PATTERNS = ("test_*.py", "*_test.py")
CONFTEST = "conftest.py"


@dataclass(frozen=True)
class TestFiles:
    """Absolute paths: tests and conftests, and the folders that pytest puts before the standard library."""

    __test__ = False

    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()


def is_test(name: str) -> bool:
    """Whether pytest by its default patterns takes a file of that name in a folder for tests."""
    return any(fnmatchcase(name, pattern) for pattern in PATTERNS)


def pytest_files(tests: Iterable[Path], *, root: Path) -> TestFiles:
    """What pytest loads for some files of tests in the project at `root`."""
    tests = sorted(tests)
    conftests = {each for test in tests for each in _conftests(test, root)}
    files = [*sorted(conftests), *tests]
    folders = dict.fromkeys(str(_outside_of_packages(each)) for each in files)
    return TestFiles(tuple(str(each) for each in files), tuple(folders))


def _conftests(test: Path, root: Path) -> Iterator[Path]:
    for folder in test.parents:
        if (folder / CONFTEST).is_file():
            yield folder / CONFTEST
        if folder == root:
            return


def _outside_of_packages(file: Path) -> Path:
    """The first folder above a file that is no package: from there pytest imports it."""
    return next(folder for folder in file.parents if not (folder / INIT).is_file())
