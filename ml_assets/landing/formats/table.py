"""What the check of a contract needs of a file, whatever its format."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

# dataframely ignores names that begin with "__", and no format of ours is likely to have this one.
ROW = "row of file"
"""The column that numbers a file's rows from 0."""

Types = Mapping[str, "pl.DataType"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row as the file has it, and where that is, such as "line 4"."""

    row: int
    place: str
    values: dict[str, Any]


class Table(ABC):
    """A whole file: making one reads all of it, and raises Rejected where it is torn."""

    columns: Sequence[str]
    rows: int

    @abstractmethod
    def values(self) -> pl.LazyFrame:
        """The declared columns as the file has them, and ROW."""

    @abstractmethod
    def typed(self) -> pl.LazyFrame:
        """The declared columns with the declared types, and ROW; null where a value is of no such type."""

    @abstractmethod
    def retyped(self) -> Mapping[str, str]:
        """Declared columns that are of another type as a whole, and that type."""

    @abstractmethod
    def types_of(self, columns: Collection[str]) -> dict[str, str]:
        """The types of columns that nobody declared."""

    @abstractmethod
    def place(self, row: int) -> str:
        """Where row `row` (from 0) is, for people: by its line, or its number from 1."""

    @abstractmethod
    def entries(self) -> Iterator[Entry]:
        """All rows with all columns, one after the other."""

    @abstractmethod
    def write_good(self, into: Path, *, bad: Collection[int], columns: Sequence[str]) -> None:
        """The rows that are not `bad`, with these columns only, in the format of the file, uncompressed."""

    def other_kinds(self) -> pl.LazyFrame | None:
        """ROW, column and value where a value's kind is another, and `typed` cannot tell."""
        return None


def ordered(columns: Sequence[str], kept: Collection[str]) -> list[str]:
    return [column for column in columns if column in kept]
